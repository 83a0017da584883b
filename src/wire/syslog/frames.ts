/**
 * Messages of syslog in a stream (RFC 6587): counted (`11 <13>1 - - …`), or ended by a newline. A message ended by a newline begins
 * with `<`, so a digit begins a count; it is decided for each message anew.
 */
export interface SyslogFrame {
  /** The message, or its beginning where it is longer than is kept; its last newlines are cut off. A view into what came, or a copy. */
  readonly bytes: Buffer;
  /** So many bytes of it were not kept. */
  readonly lost: number;
}

export interface FrameSplitter {
  /** The messages that end in this piece. Never more is held than one message's longest. */
  push(piece: Buffer): readonly SyslogFrame[];
  /** What was begun and not ended when the stream is over; `lost` is at least 1 where a count promised more. */
  end(): readonly SyslogFrame[];
}

const LF = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
/** A count of more digits is none: what begins so is a line. */
const MOST_DIGITS = 9;
const MOST_PIECES = 64;

/** @param most how many bytes of a message are kept */
export function createFrameSplitter(most: number): FrameSplitter {
  return new Splitter(most);
}

class Splitter implements FrameSplitter {
  readonly #most: number;
  /** The beginning of the message, which came in pieces before. */
  #kept: Buffer[] = [];
  #size = 0;
  /** Bytes of this message that were not kept. */
  #lost = 0;
  /** How many bytes of a counted message are yet to come; undefined: a line; null: not known yet. */
  #left: number | undefined | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  push(piece: Buffer): readonly SyslogFrame[] {
    const frames: SyslogFrame[] = [];
    for (let at = 0; at < piece.length; ) {
      if (this.#left === null) at = this.#begin(piece, at);
      else if (this.#left === undefined) at = this.#line(piece, at, frames);
      else at = this.#counted(piece, at, this.#left, frames);
    }
    return frames;
  }

  end(): readonly SyslogFrame[] {
    const frames: SyslogFrame[] = [];
    this.#take(frames, Buffer.alloc(0), this.#left ?? 0);
    return frames;
  }

  /** Finds out of what kind the message is. The answers of these are where to go on in the piece. */
  #begin(piece: Buffer, at: number): number {
    const rest = piece.subarray(at);
    const head = readCount(this.#kept.length === 0 ? rest : Buffer.concat([...this.#kept, rest]));
    if (head === 'unfinished') {
      this.#keep(rest);
      return piece.length;
    }
    this.#left = head?.count;
    if (head === undefined) return at;
    // What was kept before were digits of the count.
    const next = at + head.digits + 1 - this.#size;
    this.#kept = [];
    this.#size = 0;
    return next;
  }

  #line(piece: Buffer, at: number, frames: SyslogFrame[]): number {
    const end = piece.indexOf(LF, at);
    if (end < 0) {
      this.#keep(piece.subarray(at));
      return piece.length;
    }
    this.#take(frames, piece.subarray(at, end), 0);
    return end + 1;
  }

  #counted(piece: Buffer, at: number, left: number, frames: SyslogFrame[]): number {
    const end = at + left;
    if (end > piece.length) {
      this.#keep(piece.subarray(at));
      this.#left = end - piece.length;
      return piece.length;
    }
    this.#take(frames, piece.subarray(at, end), 0);
    return end;
  }

  #keep(bytes: Buffer): void {
    const part = bytes.subarray(0, this.#most - this.#size);
    // A copy: a view would hold the whole piece, however little of it is wanted.
    if (part.length > 0) this.#kept.push(Buffer.from(part));
    // Pieces of a byte each would cost more than what is in them.
    if (this.#kept.length >= MOST_PIECES) this.#kept = [Buffer.concat(this.#kept)];
    this.#size += part.length;
    this.#lost += bytes.length - part.length;
  }

  #take(frames: SyslogFrame[], bytes: Buffer, missing: number): void {
    this.#keep(bytes);
    const whole = trim(Buffer.concat(this.#kept));
    if (whole.length > 0) frames.push({ bytes: whole, lost: this.#lost + missing });
    this.#kept = [];
    [this.#size, this.#lost, this.#left] = [0, 0, null];
  }
}

/** The count that a message begins with; undefined: it is a line. */
function readCount(
  bytes: Buffer,
): { readonly count: number; readonly digits: number } | 'unfinished' | undefined {
  let digits = 0;
  while (digits <= MOST_DIGITS) {
    const byte = bytes[digits];
    if (byte === undefined) return 'unfinished';
    if (byte < ZERO || byte > NINE) break;
    digits++;
  }
  if (digits === 0 || digits > MOST_DIGITS || bytes[0] === ZERO || bytes[digits] !== SPACE) return undefined;
  return { count: Number(bytes.toString('latin1', 0, digits)), digits };
}

/** rsyslog puts a newline within the count, others a NUL or CR LF at the end. */
export function trim(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === LF || bytes[end - 1] === 0x0d || bytes[end - 1] === 0)) end--;
  return bytes.subarray(0, end);
}

/** A message with its count, as RFC 5425 and RFC 6587 (3.4.1) say. */
export function countedFrame(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `, 'latin1'), message]);
}
