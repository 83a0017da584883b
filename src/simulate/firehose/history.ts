/**
 * The frames a server still has, in order. Each has a position, counted from 0 since the start and never reused: a
 * subscriber is nothing but a position, so replay and live are one thing and nothing can be lost or doubled between them.
 */
export interface History {
  append(seq: number, frame: Uint8Array): void;
  /** The frame at a position from `first` up to and without `end`. */
  frameAt(position: number): Uint8Array;
  /** The position of the first frame kept with a seq above `seq` (or from it on, where `inclusive`). */
  positionOf(seq: number, inclusive: boolean): number;
  /** Whether frames after this cursor are not here: dropped, or from before this server's time. */
  isOutdated(cursor: number, inclusive: boolean): boolean;
  /** Position of the oldest frame kept. */
  readonly first: number;
  /** Position behind the newest frame. */
  readonly end: number;
  /** The newest seq; before any frame, the one before the first. */
  readonly tip: number;
  readonly bytes: number;
}

export interface HistoryLimits {
  readonly frames: number;
  readonly bytes: number;
}

/** Dead entries at the front before the arrays are cut. */
const CUT_AT = 4096;

/** @param before the seq before the first frame: a cursor older than it is from another server's life. */
export function createHistory(limits: HistoryLimits, before: number): History {
  let frames: (Uint8Array | undefined)[] = [];
  let seqs: number[] = [];
  /** Position of `frames[0]`, and of the oldest frame kept. */
  let base = 0;
  let first = 0;
  let tip = before;
  let dropped = 0;
  let bytes = 0;

  const end = (): number => base + frames.length;

  const drop = (): void => {
    const index = first - base;
    bytes -= frames[index]?.length ?? 0;
    dropped = seqs[index] ?? dropped;
    frames[index] = undefined;
    first++;
    if (index + 1 < CUT_AT || (index + 1) * 2 < frames.length) return;
    frames = frames.slice(index + 1);
    seqs = seqs.slice(index + 1);
    base = first;
  };

  return {
    append(seq, frame) {
      frames.push(frame);
      // A recording may hold frames without a number, or step back: they keep their place in the order.
      tip = Math.max(tip, seq);
      seqs.push(tip);
      bytes += frame.length;
      while (end() - first > limits.frames || (bytes > limits.bytes && end() - first > 1)) drop();
    },
    frameAt(position) {
      const frame = frames[position - base];
      if (frame === undefined) throw new Error(`cannot happen: no frame at position ${position}`);
      return frame;
    },
    positionOf(seq, inclusive) {
      let low = first;
      let high = end();
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        const other = seqs[middle - base] as number;
        if (other > seq || (inclusive && other === seq)) high = middle;
        else low = middle + 1;
      }
      return low;
    },
    isOutdated: (cursor, inclusive) => cursor < before || (inclusive ? cursor : cursor + 1) <= dropped,
    get first() {
      return first;
    },
    get end() {
      return end();
    },
    get tip() {
      return tip;
    },
    get bytes() {
      return bytes;
    },
  };
}
