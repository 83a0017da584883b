import { err, ok, type Result } from '../../core/result.ts';

/** Labels as Prometheus and Loki write them: `{job="web", path="a\\b"}`, the values quoted as Go's strconv.Quote does. */

const NAME = /[A-Za-z_][A-Za-z0-9_.:]*/y;
const MOST_LABELS = 256;

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** The error is a clause: what is wrong with them. */
export function parseLabels(text: string): Result<Readonly<Record<string, string>>, string> {
  const labels: [string, string][] = [];
  let at = skipSpace(text, 0);
  if (text[at] !== '{') return err('its labels do not begin with {');
  at = skipSpace(text, at + 1);
  while (text[at] !== '}') {
    if (labels.length >= MOST_LABELS) return err(`it has more than ${MOST_LABELS} labels`);
    NAME.lastIndex = at;
    const name = NAME.exec(text)?.[0];
    if (name === undefined) return err(`its labels cannot be read from character ${at + 1} on`);
    at = skipSpace(text, at + name.length);
    if (text[at] !== '=') return err(`its label ${name} has no =`);
    at = skipSpace(text, at + 1);
    const quoted = text[at] === '`' ? readRaw(text, at) : readQuoted(text, at);
    if (quoted === undefined) return err(`the value of its label ${name} is not quoted`);
    labels.push([name, quoted.value]);
    at = skipSpace(text, quoted.next);
    if (text[at] === ',') at = skipSpace(text, at + 1);
    else if (text[at] !== '}') return err(`its labels have no comma behind ${name}`);
  }
  if (skipSpace(text, at + 1) < text.length) return err('it has something behind its labels');
  return ok(Object.fromEntries(labels));
}

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${quote(value)}`);
  return `{${pairs.join(', ')}}`;
}

interface Quoted {
  readonly value: string;
  readonly next: number;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at++;
  return at;
}

function readRaw(text: string, start: number): Quoted | undefined {
  const end = text.indexOf('`', start + 1);
  return end < 0 ? undefined : { value: text.slice(start + 1, end), next: end + 1 };
}

function readQuoted(text: string, start: number): Quoted | undefined {
  if (text[start] !== '"') return undefined;
  let value = '';
  let from = start + 1;
  for (;;) {
    // What has no escapes is taken as a piece.
    let at = from;
    while (at < text.length && text[at] !== '"' && text[at] !== '\\') at++;
    value += text.slice(from, at);
    if (at >= text.length) return undefined;
    if (text[at] === '"') return { value, next: at + 1 };
    const escape = readEscape(text, at + 1);
    if (escape === undefined) return undefined;
    value += escape.value;
    from = escape.next;
  }
}

/** `\x41`, `\101`, `\u0041` and `\U00000041` beside the short ones. */
const CODED = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})/y;

function readEscape(text: string, at: number): Quoted | undefined {
  const short = ESCAPES[text[at] ?? ''];
  if (short !== undefined) return { value: short, next: at + 1 };
  CODED.lastIndex = at;
  const match = CODED.exec(text);
  if (match === null) return undefined;
  const [all, byte, four, eight, octal] = match;
  const code =
    octal === undefined ? Number.parseInt(byte ?? four ?? eight ?? '', 16) : Number.parseInt(octal, 8);
  return code > 0x10ffff ? undefined : { value: String.fromCodePoint(code), next: at + all.length };
}

function quote(value: string): string {
  const escaped = value.replaceAll(/["\\\p{Cc}\p{Cs}]/gu, (char) => {
    if (char === '"' || char === '\\') return `\\${char}`;
    if (char === '\n') return '\\n';
    if (char === '\r') return '\\r';
    if (char === '\t') return '\\t';
    return `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
