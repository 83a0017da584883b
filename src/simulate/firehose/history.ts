import { createFrameQueue } from './frame-queue.ts';

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
  /** The seq at a position from `first` up to and without `end`. */
  seqAt(position: number): number;
  /** The seq before a position; before the first, the newest that is not here any more. */
  seqBefore(position: number): number;
  /** Drops what is before a position. */
  dropBefore(position: number): void;
  /**
   * Drops what is above `seq`, which is the newest from now on. What is left gets new positions: a subscriber goes on
   * at the end, or begins anew.
   */
  goBack(seq: number): void;
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

/** @param start the seq before the first frame: a cursor older than it is from another server's life. */
export function createHistory(limits: HistoryLimits, start: number): History {
  const queue = createFrameQueue();
  let before = start;
  let first = 0;
  let tip = start;
  let dropped = 0;

  const end = (): number => first + queue.length;

  const drop = (): void => {
    dropped = queue.seqAt(0) ?? dropped;
    queue.shift();
    first++;
  };

  return {
    append(seq, frame) {
      // A recording may hold frames without a number, or step back: they keep their place in the order.
      tip = Math.max(tip, seq);
      queue.push(tip, frame);
      while (queue.length > limits.frames || (queue.bytes > limits.bytes && queue.length > 1)) drop();
    },
    frameAt(position) {
      const frame = queue.frameAt(position - first);
      if (frame === undefined) throw new Error(`cannot happen: no frame at position ${position}`);
      return frame;
    },
    seqAt: (position) => queue.seqAt(position - first) ?? tip,
    seqBefore: (position) => queue.seqAt(position - 1 - first) ?? Math.max(before, dropped),
    positionOf: (seq, inclusive) => first + queue.find(seq, inclusive),
    isOutdated: (cursor, inclusive) => cursor < before || (inclusive ? cursor : cursor + 1) <= dropped,
    dropBefore(position) {
      while (first < Math.min(position, end())) drop();
    },
    goBack(seq) {
      const renewed = end();
      queue.keep(queue.find(seq, false));
      first = renewed;
      tip = seq;
      if (queue.length > 0) return;
      before = seq;
      dropped = Math.min(dropped, seq);
    },
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
      return queue.bytes;
    },
  };
}
