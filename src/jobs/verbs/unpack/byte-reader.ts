/** Reads so many bytes at a time from pieces that come as they come. */
export interface ByteReader {
  /** Exactly so many; fewer where the pieces end before. */
  take(bytes: number): Promise<Buffer>;
  /** The same, piece by piece; the pieces are to be read to their end before anything else is. */
  stream(bytes: number): AsyncGenerator<Buffer, void>;
}

export function createByteReader(pieces: AsyncIterable<Buffer>): ByteReader {
  const source = pieces[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function* stream(bytes: number): AsyncGenerator<Buffer, void> {
    for (let left = bytes; left > 0; ) {
      if (rest.length === 0) {
        const next = await source.next();
        if (next.done === true) return;
        rest = next.value;
        continue;
      }
      const piece = rest.subarray(0, left);
      rest = rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  return {
    stream,
    async take(bytes) {
      const found: Buffer[] = [];
      for await (const piece of stream(bytes)) found.push(piece);
      return Buffer.concat(found);
    },
  };
}
