import type { EventLine } from '../core/source.ts';

/** The bytes of UTF-8 that one unit of a string takes at most. */
const UTF8_BYTES = 3;
const CHUNK_BYTES = 262_144;
/** Chunks that are kept for the next batches: two usual ones. */
const KEPT_CHUNKS = 8;
/** More pieces than this are copied together: each is a write of its own. */
const MOST_PIECES = 16;

/**
 * The lines that wait, as bytes outside of the heap, in chunks that are used again. Kept as strings they would live until their
 * commit, long enough to be moved to the old generation, at two bytes a unit where a single emoji is in them: 100 MB and more
 * at a high rate (measured: docs/bench-collector.md).
 */
export interface LineBytes {
  /** Puts the lines of an event, `received` (ISO text) spliced in, one behind another, and notes where they lie. */
  encode(lines: readonly EventLine[], received: string, place: Place): void;
  /** A batch is taken: its bytes stay good until the next one is taken. */
  swap(): void;
}

/** Where bytes lie. Not a view, because a view of its own for each event is as long-lived as a string would be. */
export interface Stretch {
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
}

type Place = { -readonly [Key in keyof Stretch]: Stretch[Key] };

export function createLineBytes(): LineBytes {
  const free: Buffer[] = [];
  let filling: Buffer[] = [];
  let taken: Buffer[] = [];
  let chunk: Buffer = Buffer.alloc(0);
  let at = 0;

  const nextChunk = (least: number): void => {
    const kept = least <= CHUNK_BYTES ? free.pop() : undefined;
    chunk = kept ?? Buffer.allocUnsafeSlow(Math.max(least, CHUNK_BYTES));
    at = 0;
    filling.push(chunk);
  };

  return {
    encode(lines, received, place) {
      let most = 0;
      for (const { head, tail } of lines) most += (head.length + tail.length) * UTF8_BYTES + received.length;
      if (chunk.length - at < most) nextChunk(most);
      place.chunk = chunk;
      place.start = at;
      for (const { head, tail } of lines) {
        at += chunk.write(head, at);
        at += chunk.write(received, at, 'latin1');
        at += chunk.write(tail, at);
      }
      place.end = at;
    },
    swap() {
      // One enormous event must not hold its memory for ever.
      for (const done of taken) if (done.length === CHUNK_BYTES && free.length < KEPT_CHUNKS) free.push(done);
      taken = filling;
      filling = [];
      chunk = Buffer.alloc(0);
      at = 0;
    },
  };
}

/** The bytes of stretches, in order, in few pieces: what lies side by side is one, as most of a batch does. */
export function piecesOf(stretches: readonly Stretch[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let [open] = stretches;
  for (const stretch of stretches.slice(1)) {
    if (open === undefined || stretch.chunk !== open.chunk || stretch.start !== open.end) {
      if (open !== undefined) pieces.push(viewOf(open));
      open = stretch;
    } else {
      open = { chunk: open.chunk, start: open.start, end: stretch.end };
    }
  }
  if (open !== undefined) pieces.push(viewOf(open));
  return pieces.length > MOST_PIECES ? [Buffer.concat(pieces)] : pieces;
}

function viewOf({ chunk, start, end }: Stretch): Buffer {
  return chunk.subarray(start, end);
}
