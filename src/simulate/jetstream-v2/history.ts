import type { EventKind } from '../../wire/jetstream-v2/options.ts';

/** An event as readers get it. */
export interface Served {
  readonly seq: number;
  readonly timeUs: number;
  readonly did: string;
  readonly kind: EventKind;
  readonly collection: string | undefined;
  readonly json: Buffer;
  /** Packed, once a reader wanted it so. */
  packed?: Buffer;
}

/** The events that a server still has, in order. Numbers rise, and some may be missing: what was deleted later is taken out. */
export interface History {
  append(event: Served): void;
  /** The first event with this number or a higher one. */
  from(seq: number): Served | undefined;
  /** The number of the first event of this time or a later one; the next number where there is none. */
  numberAt(timeUs: number): number;
  /** Forgets what is before a number. */
  forget(before: number): void;
  /** Takes one event out. */
  remove(seq: number): void;
  /** The lowest number that can be asked for. */
  readonly floor: number;
  /** The number that the next event gets. */
  readonly next: number;
  readonly tipUs: number;
}

/** @param most events that it keeps; of more the oldest are forgotten. */
export function createHistory(most: number): History {
  let events: Served[] = [];
  let floor = 1;
  let next = 1;
  let tipUs = 0;

  const search = (isReached: (event: Served) => boolean): number => {
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isReached(events[middle] as Served)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const indexOf = (seq: number): number => search((event) => event.seq >= seq);
  const forget = (before: number): void => {
    floor = Math.max(floor, Math.min(before, next));
    events = events.slice(indexOf(floor));
  };

  return {
    append(event) {
      events.push(event);
      next = event.seq + 1;
      tipUs = event.timeUs;
      // Not one by one: each time the rest is copied.
      if (events.length > 2 * most) forget((events[events.length - most] as Served).seq);
    },
    from: (seq) => events[indexOf(seq)],
    numberAt: (timeUs) => events[search((event) => event.timeUs >= timeUs)]?.seq ?? next,
    forget,
    remove(seq) {
      const index = indexOf(seq);
      if (events[index]?.seq === seq) events.splice(index, 1);
    },
    get floor() {
      return floor;
    },
    get next() {
      return next;
    },
    get tipUs() {
      return tipUs;
    },
  };
}
