import type { History } from './history.ts';

/** The way of one reader through the history: position after position, but for what a fault turns round. */
export interface Route {
  /** The position of the next event; undefined where there is none yet. */
  peek(): number | undefined;
  take(): number | undefined;
  /** The last so many positions come again. */
  repeat(events: number): void;
  /** Of the next so many positions, as far as they are there, the first half comes behind the second one. */
  reorder(events: number): void;
  /** How many events are left of the replay; undefined where it is over, or there never was one. */
  left(): number | undefined;
  /** Whether what comes next is not there any more. */
  isLost(): boolean;
}

export function createRoute(history: History, from: number, replays: boolean): Route {
  let next = from;
  let replaying = replays;
  /** Positions that come before all others. */
  let first: number[] = [];

  const peek = (): number | undefined => {
    while (first.length > 0 && (first[0] as number) < history.first) first.shift();
    return first[0] ?? (next < history.end ? next : undefined);
  };

  return {
    peek,
    take() {
      const position = peek();
      if (position === undefined) replaying = false;
      else if (first.length > 0) first.shift();
      else next++;
      return position;
    },
    repeat(events) {
      next = Math.max(next - events, from, history.first);
    },
    reorder(events) {
      const count = Math.min(events, history.end - next);
      const half = Math.ceil(count / 2);
      const positions = Array.from({ length: count }, (_, i) => next + ((i + half) % count));
      first = [...first, ...positions];
      next += count;
    },
    left: () => (replaying ? history.end - next + first.length : undefined),
    isLost: () => next < history.first,
  };
}
