export interface LineSplitter {
  /** Takes the next bytes, in any cut. The chunk is not kept: what is left of it is copied. */
  push(chunk: Buffer): void;
  /** The stream is over: hands over a last line that has no newline. The splitter can then take another stream. */
  flush(): void;
}

export interface LineSplitterOptions {
  /** The longest line in bytes, 1 or more, its line end not counted. */
  readonly maxBytes: number;
  /**
   * Takes each line without its `\n` or `\r\n`. A line over `maxBytes` comes in pieces that follow each other, every one of
   * them, the last too, with `cut` true. The buffer may share memory with the chunk: copy what must outlive the call.
   */
  readonly onLine: (line: Buffer, cut: boolean) => void;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/** Where to cut: at `most` bytes, or up to 3 before, so that a UTF-8 character stays whole. Needs `bytes.length > most`. */
function cutAt(bytes: Buffer, most: number): number {
  for (let at = most; at > 0 && at > most - 4; at--) {
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  }
  return most;
}

/** Bytes that wait for the rest of their line, at most `most`. */
interface Held {
  length: number;
  add(bytes: Buffer): void;
  /** What waits, given away: what is added later gets a buffer of its own. */
  release(): Buffer;
}

function createHeld(most: number): Held {
  let buffer = NOTHING;
  return {
    length: 0,
    add(bytes) {
      const needed = this.length + bytes.length;
      if (needed > buffer.length) {
        const grown = Buffer.allocUnsafe(Math.min(most, Math.max(256, 2 * buffer.length, needed)));
        buffer.copy(grown, 0, 0, this.length);
        buffer = grown;
      }
      bytes.copy(buffer, this.length);
      this.length = needed;
    },
    release() {
      const bytes = buffer.subarray(0, this.length);
      buffer = NOTHING;
      this.length = 0;
      return bytes;
    },
  };
}

/**
 * Splits a stream of bytes into lines. How the bytes are cut into chunks never changes the lines.
 * Holds at most `maxBytes` + 2 bytes between two chunks (and what its buffer grew by to hold them).
 * @throws RangeError when `maxBytes` is no whole number of 1 or more.
 */
export function createLineSplitter({ maxBytes, onLine }: LineSplitterOptions): LineSplitter {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
    throw new RangeError(`cannot split lines at ${maxBytes} bytes`);
  // With two bytes more than fit, the line is too long even if the last one is the \r of its end.
  const tooLong = maxBytes + 2;
  const held = createHeld(tooLong);
  let cut = false;

  const cutPiece = (bytes: Buffer): Buffer => {
    const at = cutAt(bytes, maxBytes);
    cut = true;
    onLine(bytes.subarray(0, at), true);
    return bytes.subarray(at);
  };

  /** Takes more of the current line; hands over whatever makes it too long. */
  const extend = (bytes: Buffer): void => {
    let rest = bytes;
    while (held.length + rest.length >= tooLong) {
      if (held.length === 0) {
        rest = cutPiece(rest);
        continue;
      }
      const missing = tooLong - held.length;
      held.add(rest.subarray(0, missing));
      rest = rest.subarray(missing);
      held.add(cutPiece(held.release()));
    }
    if (rest.length > 0) held.add(rest);
  };

  const finish = (bytes: Buffer, ended: boolean): void => {
    let line = ended && bytes[bytes.length - 1] === RETURN ? bytes.subarray(0, -1) : bytes;
    while (line.length > maxBytes) line = cutPiece(line);
    const wasCut = cut;
    cut = false;
    onLine(line, wasCut);
  };

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        const bytes = chunk.subarray(start, end);
        start = end + 1;
        if (held.length === 0) {
          finish(bytes, true);
        } else {
          extend(bytes);
          finish(held.release(), true);
        }
      }
      if (start < chunk.length) extend(chunk.subarray(start));
    },
    flush() {
      if (held.length > 0) finish(held.release(), false);
    },
  };
}
