/** The bytes of UTF-8 that one unit of a string takes at most. */
const UTF8_BYTES = 3;
/** What is kept between calls: one enormous batch must not hold its memory for ever. */
const KEPT_BYTES = 16 * 1024 * 1024;

/**
 * Encodes pieces of text as UTF-8, one behind another, in a buffer that is used again: the bytes are good until the next call.
 * Piece by piece, because a whole batch as one string takes two bytes a unit as soon as a single emoji is in it, and is slow
 * to encode (a tenth of all CPU, measured: docs/bench-collector.md).
 */
export function createPieceEncoder(): (pieces: readonly string[]) => Buffer {
  let kept = Buffer.alloc(0);
  return (pieces) => {
    let most = 0;
    for (const piece of pieces) most += piece.length * UTF8_BYTES;
    const target = kept.length >= most ? kept : Buffer.allocUnsafeSlow(most);
    if (target.length <= KEPT_BYTES) kept = target;
    let length = 0;
    for (const piece of pieces) length += target.write(piece, length);
    return target.subarray(0, length);
  };
}
