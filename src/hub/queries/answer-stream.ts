import type { FastifyReply } from 'fastify';
import type { Clock } from '../../core/clock.ts';

/** An answer that is written as it comes about. */
export interface AnswerStream {
  /** Aborts when nobody reads any more, or the hub closes. */
  readonly signal: AbortSignal;
  /** Aborts it from here. */
  stop(): void;
  /** @returns false where enough waits: what follows has to wait for room. */
  write(text: string): boolean;
  /** Whether there is room. */
  hasRoom(): boolean;
  /** Resolves when there is room again, or it is over. */
  room(): Promise<void>;
  end(trailers?: Readonly<Record<string, string>>): void;
}

/** Whoever takes nothing for so long has gone, whatever his connection says. */
const STALLED_MS = 600_000;

export interface StreamOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts when the hub closes. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
}

export function beginStream(reply: FastifyReply, { headers, closing, clock }: StreamOptions): AnswerStream {
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  raw.on('close', () => gone.abort());
  // It is closed as well then.
  raw.on('error', () => {});
  const signal = AbortSignal.any([gone.signal, closing]);
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...headers }))
    if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200);
  raw.flushHeaders();
  const hasRoom = (): boolean => !raw.writableNeedDrain;
  return {
    signal,
    stop: () => gone.abort(),
    write: (text) => signal.aborted || raw.write(text),
    hasRoom,
    room: () =>
      new Promise((resolve) => {
        const stalled = clock.timer(STALLED_MS, () => raw.destroy());
        const over = (): void => {
          stalled.cancel();
          raw.off('drain', over);
          signal.removeEventListener('abort', over);
          resolve();
        };
        raw.on('drain', over);
        signal.addEventListener('abort', over, { once: true });
        if (signal.aborted || hasRoom()) over();
      }),
    end(trailers) {
      if (raw.destroyed) return;
      if (trailers !== undefined) raw.addTrailers(trailers);
      raw.end();
    },
  };
}
