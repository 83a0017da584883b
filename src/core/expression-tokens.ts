import { parseDuration } from './durations.ts';
import { type Span, type Operand, isLevelName } from './expression-conditions.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import { parseSize } from './sizes.ts';

export interface Token extends Span {
  readonly kind: 'path' | 'keyword' | 'string' | 'number' | 'sign' | 'end';
  readonly text: string;
  readonly operand?: Operand;
}

/** A mistake in the text; thrown while reading, caught by parseExpression. */
export class Mistake extends Error {
  readonly offset: number;
  readonly length: number;

  constructor(message: string, offset: number, length: number) {
    super(message);
    this.offset = offset;
    this.length = Math.max(1, length);
  }
}

export const KEYWORDS: ReadonlySet<string> = new Set([
  'or',
  'and',
  'not',
  'in',
  'contains',
  'matches',
  'exists',
  'true',
  'false',
  'null',
]);
const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);
export const HABITS: ReadonlyMap<string, string> = new Map([
  ['&&', 'and'],
  ['||', 'or'],
  ['!', 'not'],
  ['=', '=='],
  ['===', '=='],
  ['!==', '!='],
  ['<>', '!='],
  ['=~', 'matches /…/'],
]);
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
  ['/', '/'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);

const SPACE = /\s+/y;
const NAME = /[\p{L}_@$][\p{L}\p{N}_@$-]*/uy;
const NUMBER = /-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const TAIL = /[\p{L}\p{N}._]+/uy;
const INDEX = /\[(\d{1,9})\]/y;
const SIGN = /[=!<>~&|]+|[()[\],]/y;
const PATTERN = /\/((?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])*)\/([a-z]*)/y;

function isName(text: string): boolean {
  NAME.lastIndex = 0;
  return NAME.exec(text)?.[0].length === text.length;
}

/** Where reading stands in the text. */
export interface Cursor {
  readonly text: string;
  at: number;
}

function spanFrom(start: number, cursor: Cursor): Span {
  return { offset: start, length: cursor.at - start };
}

function take(cursor: Cursor, form: RegExp): RegExpExecArray | undefined {
  form.lastIndex = cursor.at;
  const found = form.exec(cursor.text) ?? undefined;
  cursor.at += found?.[0].length ?? 0;
  return found;
}

function takeEscape(cursor: Cursor): string {
  const start = cursor.at;
  const char = cursor.text.charAt(start + 1);
  const digits =
    char === 'u' ? /^[0-9a-fA-F]{4}/.exec(cursor.text.slice(start + 2, start + 6))?.[0] : undefined;
  cursor.at += digits === undefined ? 2 : 6;
  if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
  const meant = ESCAPES.get(char);
  if (meant === undefined)
    throw new Mistake(`cannot read the escape \\${char}: write \\\\ for a backslash`, start, 2);
  return meant;
}

function takeString(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.at++;
  const quote = text.charAt(start);
  let value = '';
  while (text.charAt(cursor.at) !== quote) {
    if (cursor.at >= text.length) {
      throw new Mistake(
        `cannot find the end of the string that starts with ${quote}`,
        start,
        text.length - start,
      );
    }
    value += text.charAt(cursor.at) === '\\' ? takeEscape(cursor) : text.charAt(cursor.at++);
  }
  cursor.at++;
  return value;
}

/** `["key"]` */
function takeKey(cursor: Cursor): string {
  const start = cursor.at++;
  const isQuoted = /['"]/.test(cursor.text.charAt(cursor.at));
  const key = isQuoted ? takeString(cursor) : '';
  if (!isQuoted || cursor.text.charAt(cursor.at) !== ']') {
    throw new Mistake('cannot read what [ starts: write [0] or ["key"]', start, cursor.at - start);
  }
  cursor.at++;
  return key;
}

/** `.name`, `[0]`, `["key"]`, or nothing. */
function takeStep(cursor: Cursor, start: number): string | number | undefined {
  const index = take(cursor, INDEX)?.[1];
  if (index !== undefined) return Number(index);
  const char = cursor.text.charAt(cursor.at);
  if (char === '[') return takeKey(cursor);
  if (char !== '.') return undefined;
  cursor.at++;
  const name = take(cursor, NAME)?.[0];
  if (name !== undefined) return name;
  const path = cursor.text.slice(start, cursor.at);
  throw new Mistake(`cannot read the path ${path}: a name follows the dot`, start, path.length);
}

/** The rest of a path after its first name. */
function takePath(cursor: Cursor, start: number, first: string, wasQuoted: boolean): Token {
  const isReserved = !isName(first) || KEYWORDS.has(first) || isLevelName(first);
  const steps: (string | number)[] = [first];
  let written = wasQuoted && isReserved ? `[${JSON.stringify(first)}]` : first;
  for (let step = takeStep(cursor, start); step !== undefined; step = takeStep(cursor, start)) {
    steps.push(step);
    written += typeof step === 'string' && isName(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  const token = {
    kind: 'path' as const,
    text: cursor.text.slice(start, cursor.at),
    ...spanFrom(start, cursor),
  };
  return { ...token, operand: { kind: 'path', steps, text: written, span: token } };
}

/** The rest of a number after its digits: it may be a duration or a size. */
function takeNumber(cursor: Cursor, start: number, digits: string): Token {
  const tail = take(cursor, TAIL)?.[0] ?? '';
  const text = digits + tail;
  const token = { kind: 'number' as const, text, ...spanFrom(start, cursor) };
  if (tail === '') {
    const value = Number(digits) + 0; // -0 is 0
    if (!Number.isFinite(value))
      throw new Mistake(`cannot read ${text}: it is too large`, start, text.length);
    return { ...token, operand: { kind: 'literal', value, text: String(value) } };
  }
  const amount = text.replace(/^-/, '');
  const duration = parseDuration(amount);
  const quantity = duration.ok ? duration : parseSize(amount);
  if (!quantity.ok) {
    throw new Mistake(
      `cannot read ${text}: it is no number, duration or size; write text in quotes`,
      start,
      text.length,
    );
  }
  const value = amount === text ? quantity.value : 0 - quantity.value;
  return { ...token, operand: { kind: 'literal', value, text, unit: duration.ok ? 'duration' : 'size' } };
}

export function nextToken(cursor: Cursor): Token {
  take(cursor, SPACE);
  const { text, at: start } = cursor;
  const char = text.charAt(start);
  if (char === '') return { kind: 'end', text: 'the end', offset: start, length: 1 };
  if (char === '"' || char === "'") {
    const value = takeString(cursor);
    const operand = { kind: 'literal' as const, value, text: JSON.stringify(value) };
    return { kind: 'string', text: text.slice(start, cursor.at), ...spanFrom(start, cursor), operand };
  }
  if (char === '[' && /['"]/.test(text.charAt(start + 1)))
    return takePath(cursor, start, takeKey(cursor), true);
  const name = take(cursor, NAME)?.[0];
  if (name !== undefined) {
    if (!KEYWORDS.has(name) || text.charAt(cursor.at) === '.') return takePath(cursor, start, name, false);
    const token = { kind: 'keyword' as const, text: name, ...spanFrom(start, cursor) };
    const value = CONSTANTS.get(name);
    return value === undefined ? token : { ...token, operand: { kind: 'literal', value, text: name } };
  }
  const digits = take(cursor, NUMBER)?.[0];
  if (digits !== undefined) return takeNumber(cursor, start, digits);
  const sign = take(cursor, SIGN)?.[0];
  if (sign !== undefined) return { kind: 'sign', text: sign, ...spanFrom(start, cursor) };
  const found = String.fromCodePoint(text.codePointAt(start) ?? 0);
  throw new Mistake(`cannot read ${JSON.stringify(found)} here`, start, found.length);
}

/** Whether a `[` comes instead of a token, which it then takes: as a token it could start a path. */
export function takeBracket(cursor: Cursor): boolean {
  take(cursor, SPACE);
  const isThere = cursor.text.charAt(cursor.at) === '[';
  if (isThere) cursor.at++;
  return isThere;
}

/** A regular expression instead of a token. */
export function takePattern(cursor: Cursor): { readonly pattern: Pattern; readonly text: string } {
  take(cursor, SPACE);
  const start = cursor.at;
  const [text, source, flags] = take(cursor, PATTERN) ?? [];
  if (text === undefined || source === undefined || flags === undefined) {
    throw new Mistake('cannot read a regular expression here: write matches /…/', start, 1);
  }
  const pattern = compilePattern(source, flags);
  if (!pattern.ok)
    throw new Mistake(`cannot use this regular expression: ${pattern.error}`, start, text.length);
  return { pattern: pattern.value, text };
}
