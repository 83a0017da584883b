import type { Scope } from '../../core/scope.ts';
import type { Spool, StreamSink } from '../../core/source.ts';

/** A server drops a reader that takes nothing for much longer: a relay's buffer holds 16,384 events, half a minute. */
const MOST_PAUSED_MS = 10_000;

export interface OverflowOptions {
  readonly sink: StreamSink;
  readonly scope: Scope;
  readonly socket: { pause(): void; resume(): void };
  /** Reads a message and hands over what is in it. `received`: wall milliseconds, where that is not now. */
  readonly read: (data: Buffer, binary: boolean, received?: number) => void;
  /** While the socket is paused, silence is no sign of trouble. */
  readonly held: (held: boolean) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * What stands between a socket and a sink that may be full: the socket is paused, and when that lasts, its messages are
 * spooled as they came, and handed over, in order, when there is room again.
 */
export interface Overflow {
  message(data: Buffer, binary: boolean): void;
  /** The sink said that it is full. */
  full(): void;
  /** The connection is over. Resolves when all that had arrived is handed over, or nobody waits for it any more. */
  over(): Promise<void>;
}

export function createOverflow(options: OverflowOptions): Overflow {
  const { sink, scope, socket, read, held, failed } = options;
  const { clock, log } = scope;
  let state: 'direct' | 'paused' | 'spooling' = 'direct';
  let replayed = Promise.resolve();
  let timer: { cancel(): void } | undefined;

  const pause = (until: Promise<void>, goOn: () => void): void => {
    socket.pause();
    held(true);
    until.then(goOn, failed);
  };
  const resume = (): void => {
    held(false);
    socket.resume();
  };

  const replay = async (spool: Spool): Promise<void> => {
    while (!scope.drain.aborted && !scope.stop.aborted) {
      await drainedOrEnded(sink, scope);
      if (scope.drain.aborted || scope.stop.aborted) return;
      const messages = await spool.next();
      for (const { data, binary, received } of messages) read(data, binary, received);
      if (messages.length === 0 && spool.size() === 0) break;
    }
    state = 'direct';
    log.info('the disk keeps up again: the spool is empty');
    resume();
  };

  const spoolFrom = (spool: Spool): void => {
    state = 'spooling';
    log.warn(`the disk does not keep up for ${MOST_PAUSED_MS / 1000} s: what arrives is spooled`);
    resume();
    replayed = replay(spool);
    replayed.catch(failed);
  };

  return {
    message(data, binary) {
      if (state !== 'spooling' || sink.spool === undefined) return read(data, binary);
      const goesOn = sink.spool.put({ data, binary, received: clock.now() });
      if (!goesOn) pause(sink.spool.room(), () => state === 'spooling' && resume());
    },
    full() {
      if (state !== 'direct') return;
      state = 'paused';
      const { spool } = sink;
      timer = spool === undefined ? undefined : clock.timer(MOST_PAUSED_MS, () => spoolFrom(spool));
      pause(sink.drained(), () => {
        timer?.cancel();
        if (state !== 'paused') return;
        state = 'direct';
        resume();
      });
    },
    over() {
      if (state === 'paused') timer?.cancel();
      return replayed;
    },
  };
}

/** Waits until the sink has room, or everything is to end. */
function drainedOrEnded(sink: StreamSink, { drain, stop }: Scope): Promise<void> {
  return new Promise((resolve, reject) => {
    const signals = [drain, stop];
    const done = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    for (const signal of signals) signal.addEventListener('abort', done, { once: true });
    sink.drained().then(done, reject);
  });
}
