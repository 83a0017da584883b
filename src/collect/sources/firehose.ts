import { WebSocket } from 'ws';
import type { Clock } from '../../core/clock.ts';
import type { Scope } from '../../core/scope.ts';
import type { SourceMessage, StreamPosition, StreamSink, StreamSource } from '../../core/source.ts';

/** How far to go back at a reconnect: servers differ in whether a cursor includes its event, some skip at file borders. */
const REWIND = 1_000;
/** No frame for this long means that the connection is dead, whatever TCP says. */
const SILENT_MS = 60_000;
const HANDSHAKE_MS = 15_000;
/** The specification allows frames of 5 MB (atproto.com/specs/sync). */
const MOST_FRAME_BYTES = 6_291_456;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** A connection that lasted this long makes the next wait short again. */
const HEALTHY_MS = 30_000;
/** How long a closing handshake may take before the socket is cut. */
const CLOSE_MS = 2_000;

export interface FirehoseOptions {
  /** Without a cursor: that is the collector's business. */
  readonly url: string;
  /** Turns a frame into what the collector takes. */
  readonly decode: (frame: Uint8Array) => Decoded;
  readonly random: () => number;
}

/** A decoded frame: something to take, nothing of interest, or the server's word that it will not go on. */
export type Decoded =
  | SourceMessage
  | { readonly kind: 'skip' }
  | { readonly kind: 'fatal'; readonly reason: string };

/**
 * The atproto event stream `com.atproto.sync.subscribeRepos` (atproto.com/specs/event-stream), received for ever:
 * reconnects with back-off and jitter, asks again from a little before what was taken, pauses the socket while the sink is full.
 */
export function createFirehoseSource(options: FirehoseOptions): StreamSource {
  return {
    async run(scope, sink) {
      let attempt = 0;
      while (!scope.drain.aborted) {
        const began = scope.clock.monotonic();
        const reason = await receive(options, scope, sink);
        if (scope.drain.aborted) return;
        attempt = scope.clock.monotonic() - began >= HEALTHY_MS ? 0 : attempt + 1;
        const retryMs = retryDelay(attempt, options.random());
        sink.take({ kind: 'disconnected', reason, retryMs });
        await scope.clock.sleep(retryMs, scope.drain);
      }
    },
  };
}

/** Half of the doubled delay is fixed, half is chance, so that many collectors do not come back at once. */
function retryDelay(attempt: number, random: number): number {
  const whole = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt, 16));
  return whole / 2 + (whole / 2) * random;
}

/** No cursor means the live end, 0 the oldest that the server has. */
const CURSORS = { live: undefined, oldest: 0 } as const;

/** The address to connect to, and the cursor in it (undefined: the live end). */
function addressOf(address: string, position: StreamPosition): { url: string; cursor: number | undefined } {
  const url = new URL(address);
  const cursor = typeof position === 'number' ? Math.max(0, position - REWIND) : CURSORS[position];
  url.searchParams.delete('cursor');
  if (cursor !== undefined) url.searchParams.set('cursor', String(cursor));
  return { url: url.href, cursor };
}

/** One connection, from its beginning to its end. Resolves with the reason why it ended; rejects only for a bug. */
function receive(options: FirehoseOptions, scope: Scope, sink: StreamSink): Promise<string> {
  const { url, cursor } = addressOf(options.url, sink.position());
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MOST_FRAME_BYTES,
      skipUTF8Validation: true,
      followRedirects: false,
    });
    let reason: string | undefined;
    const end = (why: string): void => {
      reason ??= why;
      socket.terminate();
    };
    const silence = watchSilence(scope.clock, () => end(`nothing received for ${SILENT_MS / 1000} s`));
    const leave = leaveOnDrain(socket, scope);

    socket.on('open', () => sink.take({ kind: 'connected', cursor }));
    socket.on('message', (data: Buffer, binary) => {
      silence.seen();
      try {
        const decoded = binary ? options.decode(data) : textFrame(data);
        if (decoded.kind === 'fatal') end(decoded.reason);
        else if (decoded.kind !== 'skip' && !sink.take(decoded))
          pauseUntilDrained(socket, sink, silence, reject);
      } catch (error) {
        socket.terminate();
        reject(error);
      }
    });
    socket.on('unexpected-response', (_request, response) => {
      end(`the server answered ${response.statusCode} ${response.statusMessage ?? ''}`.trim());
      response.destroy();
    });
    socket.on('error', (error) => {
      reason ??= error.message;
    });
    socket.on('close', (code, text) => {
      silence.stop();
      leave();
      resolve(reason ?? closeReason(code, text.toString('utf8').slice(0, 200)));
    });
  });
}

/** The protocol has no text frames (atproto.com/specs/event-stream): kept like any frame that cannot be read. */
function textFrame(data: Buffer): SourceMessage {
  return { kind: 'bad', raw: data, reason: 'a text frame, where the protocol has binary ones alone' };
}

interface SilenceWatch {
  seen(): void;
  /** While we pause the socket ourselves, silence is no sign of trouble. */
  hold(held: boolean): void;
  stop(): void;
}

/** Calls `dead` once when nothing was seen for SILENT_MS. One timer, not one a frame. */
function watchSilence(clock: Clock, dead: () => void): SilenceWatch {
  let last = clock.monotonic();
  let held = false;
  let timer = clock.timer(SILENT_MS, () => check());
  const check = (): void => {
    const left = held ? SILENT_MS : last + SILENT_MS - clock.monotonic();
    if (left <= 0) dead();
    else timer = clock.timer(left, check);
  };
  const seen = (): void => {
    last = clock.monotonic();
  };
  return {
    seen,
    hold(now) {
      held = now;
      seen();
    },
    stop: () => timer.cancel(),
  };
}

function pauseUntilDrained(
  socket: WebSocket,
  sink: StreamSink,
  silence: SilenceWatch,
  failed: (error: Error) => void,
): void {
  if (socket.isPaused) return;
  socket.pause();
  silence.hold(true);
  sink.drained().then(() => {
    silence.hold(false);
    socket.resume();
  }, failed);
}

/** On drain says goodbye and hangs up soon after, on stop at once. Returns what takes the listeners off again. */
function leaveOnDrain(socket: WebSocket, scope: Scope): () => void {
  let cut: { cancel(): void } | undefined;
  const drain = (): void => {
    cut = scope.clock.timer(CLOSE_MS, () => socket.terminate());
    socket.resume();
    socket.close(1000);
  };
  const stop = (): void => socket.terminate();
  scope.drain.addEventListener('abort', drain, { once: true });
  scope.stop.addEventListener('abort', stop, { once: true });
  return () => {
    cut?.cancel();
    scope.drain.removeEventListener('abort', drain);
    scope.stop.removeEventListener('abort', stop);
  };
}

function closeReason(code: number, text: string): string {
  if (code === 1006) return 'the connection broke';
  return `the server closed (${code}${text === '' ? '' : ` ${text}`})`;
}
