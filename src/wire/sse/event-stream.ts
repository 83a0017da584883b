/** An event of an event stream. */
export interface ServerSentEvent {
  /** Its `data` lines, joined by newlines: the bytes as they came, which should be UTF-8. */
  readonly data: Buffer;
  /** Its `event`; empty where it has none, which means `message`. */
  readonly type: string;
  /** Its own `id`; undefined where it has none. */
  readonly id: string | undefined;
}

export interface EventStreamOptions {
  /** The longest event, bytes of its fields as they come; of a longer one nothing is kept but its `id`. */
  readonly mostBytes: number;
  readonly onEvent: (event: ServerSentEvent) => void;
  /** An `id` that no event carries: its own had no data, or was too long. */
  readonly onId: (id: string) => void;
  /** An event grew over `mostBytes`: its beginning, 64 KiB at most. At once and not at its end, which may never come. */
  readonly onLong: (beginning: Buffer) => void;
  /** How long the server wants to be left alone after the connection, milliseconds. */
  readonly onRetry: (ms: number) => void;
}

export interface EventStreamParser {
  /** Takes the next bytes, in any cut. What is not an event yet when the stream ends is none: the standard drops it. */
  push(chunk: Buffer): void;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const NEWLINE = Buffer.from('\n');
/** How much of a too long event is told. */
const TOLD_BYTES = 65_536;
/** Of a too long event only fields of this length are still read: its `id`. */
const SHORT_BYTES = 8_192;
/** Of the fields that mean something: `event`, `retry`. */
const LONGEST_NAME = 5;

/**
 * Reads the event stream format (HTML standard, 9.2.5 and 9.2.6, `text/event-stream`): UTF-8, one byte order mark at the beginning, lines that end
 * in LF, CR or CRLF, comments, an empty line behind each event. How the bytes are cut into chunks never changes the events.
 */
export function createEventStreamParser(options: EventStreamOptions): EventStreamParser {
  let start: Buffer | undefined = Buffer.alloc(0);
  let afterCr = false;
  const lines = createLines(options);
  return {
    push(given) {
      let chunk = given;
      if (start !== undefined) {
        start = Buffer.concat([start, given]);
        if (start.length < BOM.length && BOM.subarray(0, start.length).equals(start)) return;
        chunk = start.subarray(0, BOM.length).equals(BOM) ? start.subarray(BOM.length) : start;
        start = undefined;
      }
      let at = afterCr && chunk[0] === LF ? 1 : 0;
      if (chunk.length > 0) afterCr = false;
      let lf = chunk.indexOf(LF, at);
      let cr = chunk.indexOf(CR, at);
      while (lf >= 0 || cr >= 0) {
        const end = lf < 0 || (cr >= 0 && cr < lf) ? cr : lf;
        lines.end(chunk.subarray(at, end));
        at = end + 1;
        // A line is over at its CR: whether a LF belongs to it may be known only much later.
        if (end === cr && at === chunk.length) afterCr = true;
        else if (end === cr && chunk[at] === LF) at++;
        if (lf >= 0 && lf < at) lf = chunk.indexOf(LF, at);
        if (cr >= 0 && cr < at) cr = chunk.indexOf(CR, at);
      }
      if (at < chunk.length) lines.add(chunk.subarray(at));
    },
  };
}

/** Puts lines together from their pieces. Of comments, and of what is too long, nothing is kept. */
function createLines({ mostBytes, ...handlers }: EventStreamOptions) {
  const event = createEvent(handlers);
  let pieces: Buffer[] = [];
  let bytes = 0;
  let comment = false;
  let dropped = false;

  const add = (piece: Buffer): void => {
    if (bytes === 0) comment = piece[0] === COLON;
    bytes += piece.length;
    if (comment || dropped) return;
    pieces.push(piece);
    if (!event.isLong() && event.bytes() + bytes > mostBytes) event.setLong(pieces);
    if (!event.isLong() || bytes <= SHORT_BYTES) return;
    dropped = true;
    pieces = [];
  };

  return {
    add,
    end(piece: Buffer): void {
      if (piece.length > 0) add(piece);
      if (bytes === 0) event.dispatch();
      else if (!comment && !dropped)
        event.field(pieces.length === 1 ? (pieces[0] ?? piece) : Buffer.concat(pieces));
      pieces = [];
      bytes = 0;
      comment = false;
      dropped = false;
    },
  };
}

/** The event that is being read. */
function createEvent({ onEvent, onId, onLong, onRetry }: Omit<EventStreamOptions, 'mostBytes'>) {
  let data: Buffer[] = [];
  let type = '';
  let id: string | undefined;
  let bytes = 0;
  let long = false;

  return {
    bytes: () => bytes,
    isLong: () => long,
    /** Too long: its beginning is told, with what there is of its present line, and then dropped. */
    setLong(line: readonly Buffer[]): void {
      const head = `${type === '' ? '' : `event: ${type}\n`}${id === undefined ? '' : `id: ${id}\n`}`;
      const before = data.flatMap((piece) => [Buffer.from('data: '), piece, NEWLINE]);
      onLong(Buffer.from(Buffer.concat([Buffer.from(head), ...before, ...line]).subarray(0, TOLD_BYTES)));
      long = true;
      data = [];
    },
    field(line: Buffer): void {
      const colon = line.indexOf(COLON);
      const nameEnd = colon < 0 ? line.length : colon;
      if (nameEnd > LONGEST_NAME) return;
      const name = line.toString('latin1', 0, nameEnd);
      const value = line.subarray(line[nameEnd + 1] === SPACE ? nameEnd + 2 : nameEnd + 1);
      if (name === 'data') {
        bytes += line.length + 1;
        if (!long) data.push(value);
      } else if (name === 'event') {
        bytes += line.length + 1;
        type = value.toString('utf8');
      } else if (name === 'id') {
        bytes += line.length + 1;
        if (!value.includes(0)) id = value.toString('utf8');
      } else if (name === 'retry') {
        const text = value.toString('latin1');
        if (/^[0-9]+$/.test(text)) onRetry(Number(text));
      }
    },
    /** At an empty line. */
    dispatch(): void {
      const [first, ...more] = data;
      const whole = { type, id };
      data = [];
      type = '';
      id = undefined;
      bytes = 0;
      long = false;
      if (first === undefined) {
        if (whole.id !== undefined) onId(whole.id);
        return;
      }
      const joined =
        more.length === 0 ? first : Buffer.concat([first, ...more.flatMap((line) => [NEWLINE, line])]);
      onEvent({ data: joined, ...whole });
    },
  };
}
