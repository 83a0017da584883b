import type { Clock, Timer } from '../../core/clock.ts';
import type { StreamSink } from '../../core/source.ts';

/** A connection that lasted this long is a good one, whatever came. */
export const HEALTHY_MS = 30_000;

/**
 * Declares what a stream without replay loses: what was sent while nobody listened.
 *
 * An interruption is over when a connection brings something, or has lasted as long as a healthy one. So a server that takes
 * connections and drops them at once, or a command that fails at every start, makes one gap and not one an attempt.
 * Its gap goes from the last receipt before it to the beginning of the connection that ended it, and is declared before
 * that one's first event.
 */
export interface Interruptions {
  connected(): void;
  received(): void;
  disconnected(reason: string): void;
  /** Nothing more will be received. What is still to be declared is, if the connection stands; else the next start declares it. */
  end(): void;
}

interface Interruption {
  /** The last receipt before it, wall milliseconds; undefined where it was in an earlier life. */
  readonly since?: number;
  readonly detail: string;
}

const NOT_RUNNING: Interruption = {
  detail: 'the collector was not running; this stream cannot be asked for what it sent meanwhile',
};

export function trackInterruptions(clock: Clock, sink: StreamSink): Interruptions {
  let current = typeof sink.position() === 'number' ? NOT_RUNNING : undefined;
  let openedAt: number | undefined;
  let seenAt = 0;
  let timer: Timer | undefined;

  const declare = (): void => {
    timer?.cancel();
    if (current === undefined || openedAt === undefined) return;
    const { since, detail } = current;
    current = undefined;
    // The wall clock may have stepped back.
    const from = since === undefined ? {} : { since: Math.min(since, openedAt) };
    sink.take({ kind: 'gap', reason: 'disconnected', detail, ...from, until: openedAt });
  };

  return {
    connected() {
      openedAt = clock.now();
      seenAt = openedAt;
      if (current !== undefined) timer = clock.timer(HEALTHY_MS, declare);
    },
    received() {
      seenAt = clock.now();
      if (current !== undefined) declare();
    },
    disconnected(reason) {
      timer?.cancel();
      if (openedAt === undefined) return;
      openedAt = undefined;
      current ??= {
        since: seenAt,
        detail: `${reason}; this stream cannot be asked for what it sent meanwhile`,
      };
    },
    end: declare,
  };
}
