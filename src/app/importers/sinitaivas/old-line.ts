import { crc32 } from 'node:zlib';

/** What an import needs of a line that sinitaivas-live wrote: one operation of a commit. */
export interface OldLine {
  /** What stands in the line as the commit's number; NaN where that is none. A record's own field may have replaced it. */
  readonly seq: number;
  /** The commit's time as it stands there, empty where there is none. Replaceable as well. */
  readonly time: string;
  /** Tells operations of one commit apart, and recognises one that was written twice. */
  readonly key: number;
}

export interface ReadLine {
  /** Undefined where nothing in it can be read. */
  readonly line: OldLine | undefined;
  /** Half a line lies in it: before the whole one, or alone. */
  readonly torn: boolean;
  /** The number in the half line, as far as it can be read: that commit was begun, so all before it are done. */
  readonly tornSeq: number;
}

/** How every line begins, in the order and with the separators of Python's json.dumps. */
const BEGINNING = '{"author": "';
const HEAD =
  /^\{"author": "[^"\\]*", "rev": "[^"\\]*", "seq": (\d{1,16}), "since": (?:null|"[^"\\]*"), "commit_time": "([^"\\]{0,64})", /;
const HEAD_BYTES = 512;
const BEGUN = /^\{"author": "[^"\\]*", "rev": "[^"\\]*", "seq": (\d{1,16}),/;
const OPERATION = '"action": "';
const CLOSING_BRACE = 0x7d;

/**
 * Reads a line, without its newline. The usual form is recognised by its head and its end, at ten times the speed of
 * parsing it; whatever looks different is parsed whole. The old program never repaired a torn line: the next one follows it
 * directly, and is found again here.
 * @param strict parses in any case: what no newline ends may be half a line that happens to end like a whole one.
 */
export function readOldLine(bytes: Buffer, strict = false): ReadLine {
  if (!strict && bytes.at(-1) === CLOSING_BRACE && bytes.indexOf(BEGINNING, 1, 'latin1') === -1) {
    const head = HEAD.exec(bytes.toString('latin1', 0, HEAD_BYTES));
    if (head !== null && !bytes.includes(0))
      return whole(numberOf(Number(head[1])), head[2] as string, keyOf(bytes));
  }
  const parsed = parse(bytes);
  if (parsed !== undefined)
    return whole(numberOf(parsed['seq']), timeOf(parsed['commit_time']), keyOf(bytes));
  return readTorn(bytes);
}

function whole(seq: number, time: string, key: number): ReadLine {
  return { line: { seq, time, key }, torn: false, tornSeq: Number.NaN };
}

function readTorn(bytes: Buffer): ReadLine {
  const begun = BEGUN.exec(bytes.toString('latin1', 0, HEAD_BYTES));
  const tornSeq = begun === null ? Number.NaN : numberOf(Number(begun[1]));
  for (
    let at = bytes.indexOf(BEGINNING, 1, 'latin1');
    at !== -1;
    at = bytes.indexOf(BEGINNING, at + 1, 'latin1')
  ) {
    const rest = bytes.subarray(at);
    const parsed = parse(rest);
    if (parsed === undefined) continue;
    const line = {
      seq: numberOf(parsed['seq']),
      time: timeOf(parsed['commit_time']),
      key: keyOf(rest),
    };
    return { line, torn: true, tornSeq };
  }
  return { line: undefined, torn: true, tornSeq };
}

function parse(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && 'author' in value ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** A number as the protocol has them: whole, above 0, below 2^53. */
function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : Number.NaN;
}

function timeOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Milliseconds since 1970 UTC of a line's time; NaN where it is none: without a zone it would be read as local. */
export function parseOldTime(text: string): number {
  return /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}

/** From `action` on: before it stands `collected_at`, which differs where a repetition came in another hour. */
function keyOf(bytes: Buffer): number {
  const at = bytes.indexOf(OPERATION, 0, 'latin1');
  const operation = at === -1 ? bytes : bytes.subarray(at);
  return crc32(operation) * 0x10_0000 + (operation.length & 0xf_ffff);
}
