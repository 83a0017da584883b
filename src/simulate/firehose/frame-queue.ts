/** Frames with their numbers, which never fall; in at the back, out at the front. Indexes count from the front, from 0. */
export interface FrameQueue {
  push(seq: number, frame: Uint8Array): void;
  /** Takes the first one out. */
  shift(): void;
  /** Keeps the first so many. */
  keep(count: number): void;
  /** Undefined beyond its ends. */
  frameAt(index: number): Uint8Array | undefined;
  seqAt(index: number): number | undefined;
  /** The index of the first frame with a seq above `seq` (or from it on, where `inclusive`). */
  find(seq: number, inclusive: boolean): number;
  readonly length: number;
  readonly bytes: number;
}

/** Dead entries at the front before the arrays are cut. */
const CUT_AT = 4096;

export function createFrameQueue(): FrameQueue {
  let frames: (Uint8Array | undefined)[] = [];
  let seqs: number[] = [];
  /** Where the first one is; those before it are dead. */
  let front = 0;
  let bytes = 0;

  const cut = (end?: number): void => {
    frames = frames.slice(front, end);
    seqs = seqs.slice(front, end);
    front = 0;
  };

  return {
    push(seq, frame) {
      frames.push(frame);
      seqs.push(seq);
      bytes += frame.length;
    },
    shift() {
      bytes -= frames[front]?.length ?? 0;
      frames[front++] = undefined;
      if (front >= CUT_AT && front * 2 >= frames.length) cut();
    },
    keep(count) {
      for (const frame of frames.slice(front + count)) bytes -= frame?.length ?? 0;
      cut(front + count);
    },
    frameAt: (index) => frames[front + index],
    seqAt: (index) => (index < 0 ? undefined : seqs[front + index]),
    find(seq, inclusive) {
      let low = front;
      let high = frames.length;
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        const other = seqs[middle] as number;
        if (other > seq || (inclusive && other === seq)) high = middle;
        else low = middle + 1;
      }
      return low - front;
    },
    get length() {
      return frames.length - front;
    },
    get bytes() {
      return bytes;
    },
  };
}
