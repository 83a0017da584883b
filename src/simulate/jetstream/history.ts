/** An event as readers get it. */
export interface Served {
  readonly timeUs: number;
  /** Its number, counted from 1; servers of version 2 tell it. */
  readonly number: number;
  readonly did: string;
  /** Of a commit alone: nothing else is filtered by it. */
  readonly collection: string | undefined;
  readonly json: Buffer;
  /** Packed, once a reader wanted it so. */
  packed?: Buffer;
}

export interface HistoryLimits {
  readonly events: number;
  readonly bytes: number;
}

/** The events that a server still has, in order, each at a position that is never used again: a reader is a position. */
export interface History {
  append(event: Served): void;
  /** Drops what is before a position; all of it where that is behind the newest. */
  dropBefore(position: number): void;
  at(position: number): Served;
  /** The position of the first event from a time on, microseconds. */
  fromTime(timeUs: number): number;
  /** The position of the first event from a number on. */
  fromNumber(number: number): number;
  /** The number of the event before a position; 0 where it is not here. */
  numberBefore(position: number): number;
  /** Position of the oldest event kept. */
  readonly first: number;
  /** Position behind the newest event. */
  readonly end: number;
  /** The newest event. */
  readonly tip: Served | undefined;
}

/** Dead entries at the front before the array is cut. */
const CUT_AT = 4_096;

export function createHistory(limits: HistoryLimits): History {
  let events: (Served | undefined)[] = [];
  /** Position of `events[0]`, and of the oldest one kept. */
  let base = 0;
  let first = 0;
  let bytes = 0;

  const end = (): number => base + events.length;

  const at = (position: number): Served => {
    const event = events[position - base];
    if (event === undefined) throw new Error(`cannot happen: no event at position ${position}`);
    return event;
  };

  const drop = (): void => {
    bytes -= at(first).json.length;
    events[first - base] = undefined;
    first++;
    const dead = first - base;
    if (dead < CUT_AT || dead * 2 < events.length) return;
    events = events.slice(dead);
    base = first;
  };

  /** The first position whose event is as asked; those before it are not. */
  const search = (isReached: (event: Served) => boolean): number => {
    let low = first;
    let high = end();
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (isReached(at(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  return {
    append(event) {
      events.push(event);
      bytes += event.json.length;
      while (end() - first > limits.events || (bytes > limits.bytes && end() - first > 1)) drop();
    },
    at,
    dropBefore(position) {
      while (first < Math.min(position, end())) drop();
    },
    fromTime: (timeUs) => search((event) => event.timeUs >= timeUs),
    fromNumber: (number) => search((event) => event.number >= number),
    numberBefore: (position) => (position > first && position <= end() ? at(position - 1).number : 0),
    get first() {
      return first;
    },
    get end() {
      return end();
    },
    get tip() {
      return end() > first ? events.at(-1) : undefined;
    },
  };
}
