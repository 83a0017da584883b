import { WebSocket } from 'ws';
import type { Clock } from '../../core/clock.ts';
import type { Scope } from '../../core/scope.ts';
import type { SourceMessage, StreamPosition, StreamSink, StreamSource } from '../../core/source.ts';

/** No message for this long means that the connection is dead, whatever TCP says. */
const SILENT_MS = 60_000;
/** Where quiet is usual, the server is asked after this long whether it is there. */
const PROBE_MS = 30_000;
const HANDSHAKE_MS = 15_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
const LONGEST_ASKED_MS = 3_600_000;
/** A connection that lasted this long makes the next wait short again. */
const HEALTHY_MS = 30_000;
/** How long a closing handshake may take before the socket is cut. */
const CLOSE_MS = 2_000;

/** A decoded message: something to take, nothing of interest, or the server's word that it will not go on. */
export type Decoded =
  | SourceMessage
  | { readonly kind: 'skip' }
  | { readonly kind: 'fatal'; readonly reason: string };

/** What a connection asks for, and how what comes is read. */
export interface Exchange {
  readonly url: string;
  /** The cursor in it; undefined: the live end. */
  readonly cursor: number | undefined;
  /** Said as soon as the connection is open. */
  readonly hello?: string | undefined;
  /** A quiet stream may be a healthy one: the server's answer to a ping is as good as a message. */
  readonly mayBeQuiet: boolean;
  /** Reads a message, and gives what is in it, in order. */
  readonly read: (data: Buffer, binary: boolean, give: (decoded: Decoded) => void) => void;
}

export interface WebSocketSourceOptions {
  readonly numbers: StreamSource['numbers'];
  /** Longer messages end the connection. */
  readonly mostMessageBytes: number;
  readonly random: () => number;
  /** Called for each connection. */
  readonly ask: (position: StreamPosition) => Exchange;
}

/**
 * A stream over a WebSocket, received for ever: reconnects with back-off and jitter, where the sink says; pauses the socket
 * while the sink is full.
 */
export function createWebSocketSource(options: WebSocketSourceOptions): StreamSource {
  return {
    numbers: options.numbers,
    async run(scope, sink) {
      let attempt = 0;
      while (!scope.drain.aborted) {
        const began = scope.clock.monotonic();
        const { reason, notBeforeMs } = await receive(
          options.ask(sink.position()),
          options.mostMessageBytes,
          scope,
          sink,
        );
        if (scope.drain.aborted) return;
        attempt = scope.clock.monotonic() - began >= HEALTHY_MS ? 0 : attempt + 1;
        const retryMs = Math.max(retryDelay(attempt, options.random()), notBeforeMs);
        sink.take({ kind: 'disconnected', reason, retryMs });
        await scope.clock.sleep(retryMs, scope.drain);
      }
    },
  };
}

/** What `Retry-After` asks for, seconds or a date (RFC 9110), in milliseconds; an hour at most, whoever asks. */
function retryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_ASKED_MS);
}

/** Half of the doubled delay is fixed, half is chance, so that many collectors do not come back at once. */
function retryDelay(attempt: number, random: number): number {
  const whole = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt, 16));
  return whole / 2 + (whole / 2) * random;
}

/** Why a connection ended, and how long the server wants to be left alone (milliseconds). */
interface Ending {
  readonly reason: string;
  readonly notBeforeMs: number;
}

/** One connection, from its beginning to its end. Rejects only for a bug. */
function receive(exchange: Exchange, maxPayload: number, scope: Scope, sink: StreamSink): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(exchange.url, {
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload,
      skipUTF8Validation: true,
      followRedirects: false,
    });
    let reason: string | undefined;
    let notBeforeMs = 0;
    const end = (why: string): void => {
      reason ??= why;
      socket.terminate();
    };
    const silence = watchSilence(scope.clock, {
      probe: exchange.mayBeQuiet ? () => socket.readyState === socket.OPEN && socket.ping() : undefined,
      dead: () => end(`nothing received for ${SILENT_MS / 1000} s`),
    });
    const leave = leaveOnDrain(socket, scope);
    const give = (decoded: Decoded): void => {
      if (decoded.kind === 'fatal') end(decoded.reason);
      else if (decoded.kind !== 'skip' && !sink.take(decoded))
        pauseUntilDrained(socket, sink, silence, reject);
    };

    socket.on('open', () => {
      sink.take({ kind: 'connected', cursor: exchange.cursor });
      if (exchange.hello !== undefined) socket.send(exchange.hello);
    });
    socket.on('message', (data: Buffer, binary) => {
      // What had arrived before the end that we made still comes.
      if (reason !== undefined) return;
      silence.seen();
      try {
        exchange.read(data, binary, give);
      } catch (error) {
        socket.terminate();
        reject(error);
      }
    });
    if (exchange.mayBeQuiet) socket.on('ping', silence.seen).on('pong', silence.seen);
    socket.on('unexpected-response', (_request, response) => {
      notBeforeMs = retryAfter(response.headers['retry-after'], scope.clock.now());
      end(`the server answered ${response.statusCode} ${response.statusMessage ?? ''}`.trim());
      response.destroy();
    });
    socket.on('error', (error) => {
      reason ??= error.message;
    });
    socket.on('close', (code, text) => {
      silence.stop();
      leave();
      resolve({ reason: reason ?? closeReason(code, text.toString('utf8').slice(0, 200)), notBeforeMs });
    });
  });
}

interface SilenceWatch {
  seen(): void;
  /** While we pause the socket ourselves, silence is no sign of trouble. */
  hold(held: boolean): void;
  stop(): void;
}

/** Calls `dead` once when nothing was seen for SILENT_MS, and `probe` in between. One timer, not one a message. */
function watchSilence(
  clock: Clock,
  { probe, dead }: { readonly probe: (() => unknown) | undefined; readonly dead: () => void },
): SilenceWatch {
  let last = clock.monotonic();
  let held = false;
  const check = (): void => {
    const quietMs = held ? 0 : clock.monotonic() - last;
    if (quietMs >= SILENT_MS) return dead();
    if (quietMs >= PROBE_MS) probe?.();
    const until = probe === undefined || quietMs >= PROBE_MS ? SILENT_MS : PROBE_MS;
    timer = clock.timer(until - quietMs, check);
  };
  let timer = clock.timer(probe === undefined ? SILENT_MS : PROBE_MS, check);
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
    // ws throws where a socket that never opened is resumed while it closes (8.23.0).
    if (socket.isPaused) socket.resume();
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
