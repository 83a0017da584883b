import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Clock } from '../../core/clock.ts';
import { errorCode } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { SourceMessage, StreamPosition, StreamSink, StreamSource } from '../../core/source.ts';
import { createOverflow } from './overflow.ts';
import { readRefusal } from './refusal.ts';
import { retryAfter } from '../../core/retry-after.ts';

/** No message for this long means that the connection is dead, whatever TCP says. */
const SILENT_MS = 60_000;
/** Where quiet is usual, the server is asked after this long whether it is there. */
const PROBE_MS = 30_000;
const HANDSHAKE_MS = 15_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
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
  /**
   * Told what the server answered instead of changing over to WebSocket: the beginning of its text. Returns what to add to the
   * status; nothing is read without it.
   */
  readonly refused?: (status: number, text: string) => string;
}

export interface WebSocketSourceOptions {
  readonly numbers: StreamSource['numbers'];
  readonly server?: StreamSource['server'];
  /** Longer messages end the connection. */
  readonly mostMessageBytes: number;
  readonly random: () => number;
  /** Called for each connection. `skip`: how many numbers to leave out, because a message behind the position is too long to be taken. */
  readonly ask: (position: StreamPosition, marks: Readonly<Record<string, string>>, skip: number) => Exchange;
}

/**
 * A stream over a WebSocket, received for ever: reconnects with back-off and jitter, where the sink says; pauses the socket
 * while the sink is full.
 */
export function createWebSocketSource(options: WebSocketSourceOptions): StreamSource {
  return {
    numbers: options.numbers,
    server: options.server,
    async run(scope, sink) {
      const connect = await createConnect(options.mostMessageBytes);
      let attempt = 0;
      const stuck = createStuck(options.mostMessageBytes);
      while (!scope.drain.aborted) {
        const began = scope.clock.monotonic();
        const { reason, notBeforeMs, tooLong } = await receive(
          options.ask(sink.position(), sink.marks(), stuck.skip(sink)),
          connect,
          scope,
          sink,
        );
        if (scope.drain.aborted) return;
        stuck.ended(sink.position(), tooLong);
        attempt = scope.clock.monotonic() - began >= HEALTHY_MS ? 0 : attempt + 1;
        const retryMs = Math.max(retryDelay(attempt, options.random()), notBeforeMs);
        sink.take({ kind: 'disconnected', reason, retryMs });
        await scope.clock.sleep(retryMs, scope.drain);
      }
    },
  };
}

/** Whether the same message ends every connection: asked for again it would do so for ever. */
function createStuck(mostBytes: number) {
  let at: StreamPosition | undefined;
  let times = 0;
  let told = false;
  return {
    /** How many numbers are to be left out at the next connection. */
    skip(sink: StreamSink): number {
      if (times > 1 && !told) {
        told = true;
        const detail = `a message of more than ${mostBytes} bytes comes next, and is left out`;
        sink.take({ kind: 'gap', reason: 'jump', detail });
      }
      return Math.max(0, times - 1);
    },
    ended(position: StreamPosition, tooLong: boolean): void {
      times = tooLong ? (position === at ? times + 1 : 1) : position === at ? times : 0;
      at = position;
      told &&= times > 0;
    },
  };
}

/** A server's name: its address without what is asked of it, or of whom. */
export function serverOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
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
  /** A message was longer than may be. */
  readonly tooLong: boolean;
}

/** One connection, from its beginning to its end. Rejects only for a bug. */
function receive(exchange: Exchange, connect: Connect, scope: Scope, sink: StreamSink): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const socket = connect(exchange.url);
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
    const fail = (error: unknown): void => {
      socket.terminate();
      reject(error);
    };
    const read = reading(exchange, sink, end, () => overflow.full());
    const overflow = createOverflow({
      sink,
      scope,
      read,
      socket: { pause: () => socket.pause(), resume: () => resumeOpen(socket) },
      held: silence.hold,
      failed: fail,
    });

    socket.on('open', () => {
      sink.take({ kind: 'connected', cursor: exchange.cursor });
      if (exchange.hello !== undefined) socket.send(exchange.hello);
    });
    socket.on('message', (data: Buffer, binary) => {
      // What had arrived before the end that we made still comes.
      if (reason !== undefined) return;
      silence.seen();
      try {
        overflow.message(data, binary);
      } catch (error) {
        fail(error);
      }
    });
    if (exchange.mayBeQuiet) socket.on('ping', silence.seen).on('pong', silence.seen);
    socket.on('unexpected-response', (_request, response) => {
      notBeforeMs = retryAfter(response.headers['retry-after'], scope.clock.now());
      tellRefusal(exchange, response, scope.clock, end);
    });
    let tooLong = false;
    socket.on('error', (error) => {
      tooLong ||= errorCode(error) === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
      reason ??= error.message;
    });
    socket.on('close', (code, text) => {
      silence.stop();
      leave();
      const why = reason ?? closeReason(code, text.toString('utf8').slice(0, 200));
      overflow.over().then(() => resolve({ reason: why, notBeforeMs, tooLong }), reject);
    });
  });
}

type Connect = (url: string) => WebSocket;

/** The library is loaded here: whoever only checks an address, the daemon say, needs none of its 10 MB. */
async function createConnect(maxPayload: number): Promise<Connect> {
  const library = await import('ws');
  return (url) =>
    new library.WebSocket(url, {
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload,
      skipUTF8Validation: true,
      followRedirects: false,
    });
}

/** Reads a message and hands over what is in it; `received` (wall milliseconds) where that is not now. */
function reading(exchange: Exchange, sink: StreamSink, end: (why: string) => void, full: () => void) {
  return (data: Buffer, binary: boolean, received?: number): void =>
    exchange.read(data, binary, (decoded) => {
      if (decoded.kind === 'fatal') return end(decoded.reason);
      if (decoded.kind === 'skip') return;
      const timed = received === undefined || decoded.kind !== 'event' ? decoded : { ...decoded, received };
      if (!sink.take(timed)) full();
    });
}

/** Ends the connection with what the server answered instead of changing over to WebSocket. */
function tellRefusal(
  { refused }: Exchange,
  response: IncomingMessage,
  clock: Clock,
  end: (why: string) => void,
): void {
  const status = `the server answered ${response.statusCode} ${response.statusMessage ?? ''}`.trim();
  readRefusal(response, clock, refused !== undefined, (text) => {
    const more = refused?.(response.statusCode ?? 0, text) ?? '';
    end(more === '' ? status : `${status}: ${more}`);
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

/** ws throws where a socket that never opened is resumed while it closes (8.23.0). */
function resumeOpen(socket: WebSocket): void {
  if (socket.readyState === socket.OPEN || socket.readyState === socket.CLOSING) socket.resume();
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
