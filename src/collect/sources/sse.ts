import type { IncomingMessage } from 'node:http';
import { backoffDelay } from '../../core/backoff.ts';
import { asError } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSink, StreamSource } from '../../core/source.ts';
import { HEALTHY_MS, type Interruptions, trackInterruptions } from './interruptions.ts';
import { silenceReason } from './line-inflow.ts';
import type { LineOptions } from './line-reader.ts';
import { pour } from './pour.ts';
import { watchSilence } from './silence.ts';
import { parseMark } from './sse-mark.ts';
import { createSseReader } from './sse-reader.ts';
import { requestEvents } from './sse-request.ts';

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** No server's `retry` makes us wait longer. */
const LONGEST_ASKED_MS = 3_600_000;
/** How long a server that says that its stream is over (204) is left alone: we never stop to look. */
const OVER_MS = 900_000;
/** Each delay is up to this share shorter or longer, so that many collectors do not come back at once. */
const JITTER = 0.5;

export interface SseOptions extends LineOptions {
  readonly url: URL;
}

/** How a connection ended. */
interface Ending {
  readonly reason: string;
  /** Before so long nobody should ask again, milliseconds. */
  readonly notBeforeMs: number;
  /** As it should: with an end after events. The next one may come soon. */
  readonly good: boolean;
}

/**
 * A stream of server-sent events (HTML standard, 9.2), received for ever: reconnects with back-off and jitter, behind the id of the last
 * event that was taken; does not read on while the sink is full. What a server without ids sends meanwhile is declared as a gap.
 */
export function createSseSource(options: SseOptions): StreamSource {
  return {
    numbers: 'dense',
    async run(scope, sink) {
      const { clock, drain } = scope;
      const canResume = (): boolean => lastIdOf(sink) !== undefined;
      const interruptions = trackInterruptions(
        clock,
        canResume() ? { ...sink, position: () => 'live' } : sink,
      );
      let retryMs = RETRY_MIN_MS;
      const onRetry = (ms: number): void => {
        retryMs = Math.min(Math.max(ms, RETRY_MIN_MS), LONGEST_ASKED_MS);
      };
      try {
        for (let attempt = 0; !drain.aborted; attempt++) {
          const began = clock.monotonic();
          // oxlint-disable-next-line no-await-in-loop -- one connection after the other
          const { reason, notBeforeMs, good } = await receive(options, scope, sink, interruptions, onRetry);
          if (drain.aborted) return;
          // A server that gives ids goes on where it was.
          if (!canResume()) interruptions.disconnected(reason);
          if (good || clock.monotonic() - began >= HEALTHY_MS) attempt = 0;
          const maxMs = Math.max(retryMs, RETRY_MAX_MS);
          const { random } = options;
          const delay = backoffDelay({ minMs: retryMs, maxMs, attempt, random, jitter: JITTER });
          const wait = Math.max(delay, notBeforeMs);
          sink.take({ kind: 'disconnected', reason, retryMs: wait });
          // oxlint-disable-next-line no-await-in-loop -- one connection after the other
          await clock.sleep(wait, drain);
        }
      } finally {
        interruptions.end();
      }
    },
  };
}

function lastIdOf(sink: StreamSink): string | undefined {
  return parseMark(sink.marks()['']).id;
}

/** One connection, from its beginning to its end. Rejects only for a bug. */
async function receive(
  options: SseOptions,
  scope: Scope,
  sink: StreamSink,
  interruptions: Interruptions,
  onRetry: (ms: number) => void,
): Promise<Ending> {
  const { clock } = scope;
  const signal = AbortSignal.any([scope.drain, scope.stop]);
  const answer = await requestEvents({ url: options.url, lastId: lastIdOf(sink), clock, signal });
  if (!answer.ok) {
    const { reason, notBeforeMs, over } = answer.error;
    return { reason, notBeforeMs: over ? Math.max(OVER_MS, notBeforeMs) : notBeforeMs, good: false };
  }
  sink.take({ kind: 'connected', cursor: undefined });
  interruptions.connected();
  return readBody(answer.value, { options, clock, sink, interruptions, onRetry, signal });
}

interface Reading {
  readonly options: SseOptions;
  readonly clock: Scope['clock'];
  readonly sink: StreamSink;
  readonly interruptions: Interruptions;
  readonly onRetry: (ms: number) => void;
  readonly signal: AbortSignal;
}

function readBody(response: IncomingMessage, reading: Reading): Promise<Ending> {
  const { options, clock, sink, interruptions, onRetry, signal } = reading;
  return new Promise((resolve, reject) => {
    let reason: string | undefined;
    let events = 0;
    const end = (why: string): void => {
      reason ??= why;
      response.destroy();
    };
    const fail = (error: unknown): void => {
      response.destroy();
      reject(asError(error));
    };
    const silence = watchSilence(clock, options.silenceMs, () => end(silenceReason(options)));
    const reader = createSseReader(options, clock, sink, onRetry, (message) => {
      if (message.kind === 'event') events++;
      if (!sink.take(message)) flow.full();
    });
    const push = (chunk: Buffer): void => {
      interruptions.received();
      reader.push(chunk);
    };
    const flow = pour(response, { sink, silence, push, fail });
    const leave = (): void => end('the collector ends');
    signal.addEventListener('abort', leave, { once: true });
    response.on('error', () => {
      reason ??= 'the connection broke';
    });
    response.on('close', () => {
      silence.stop();
      signal.removeEventListener('abort', leave);
      const complete = reason === undefined;
      const good = complete && events > 0;
      resolve({ reason: reason ?? 'the server ended the stream', notBeforeMs: 0, good });
    });
    silence.start();
    if (signal.aborted) leave();
  });
}
