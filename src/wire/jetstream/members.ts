/** A member of a JSON object, its value as a place in the text. */
export interface Member {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;
const SPACE = 0x20;

/**
 * The members of the object at `at`, in their order and with doubles, of a text that JSON.parse has accepted. Values
 * can be taken over as they stand: no digit of a number is lost, no key moves.
 */
export function membersOf(text: string, at: number): Member[] {
  const members: Member[] = [];
  let next = skipSpace(text, skipSpace(text, at) + 1);
  while (text.charCodeAt(next) !== CLOSE_MAP) {
    const keyEnd = endOfString(text, next);
    const key = keyOf(text, next, keyEnd);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    members.push({ key, start, end });
    next = skipSpace(text, end);
    if (text.charCodeAt(next) === COMMA) next = skipSpace(text, next + 1);
  }
  return members;
}

function keyOf(text: string, start: number, end: number): string {
  const key = text.slice(start + 1, end - 1);
  return key.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : key;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at++;
  return at;
}

/** Behind the closing quote of the string at `at`. */
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end > 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  throw new Error('cannot happen: JSON.parse took a string without an end');
}

function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return endOfString(text, at);
  return first === OPEN_MAP || first === OPEN_LIST ? endOfNested(text, at) : endOfScalar(text, at);
}

function endOfNested(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === OPEN_MAP || code === OPEN_LIST) depth++;
    else if ((code === CLOSE_MAP || code === CLOSE_LIST) && --depth === 0) return at + 1;
  }
  throw new Error('cannot happen: JSON.parse took brackets without an end');
}

/** Behind a number or a word. */
function endOfScalar(text: string, start: number): number {
  let at = start;
  for (let code = text.charCodeAt(at); ; code = text.charCodeAt(++at)) {
    if (!(code > SPACE) || code === COMMA || code === CLOSE_MAP || code === CLOSE_LIST) return at;
  }
}
