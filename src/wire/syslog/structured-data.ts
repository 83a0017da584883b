/** Structured data of RFC 5424 (6.3): `[id name="value" …][…]`, or `-`. By id, then by name; of a name that is there twice, the last. */
export type StructuredData = Readonly<Record<string, Readonly<Record<string, string>>>>;

const ID = /\[([^\s="\]]{1,255})/y;
const NAME = / +([^\s="\]]{1,255})="/y;
const MOST_PARAMS = 1000;

/** @returns undefined where there is none; `next`: where it ends. */
export function parseStructuredData(
  text: string,
  start: number,
): { readonly data: StructuredData; readonly next: number } | undefined {
  if (text[start] === '-') return isEnd(text, start + 1) ? { data: {}, next: start + 1 } : undefined;
  const elements: [string, Readonly<Record<string, string>>][] = [];
  let at = start;
  let params = 0;
  while (text[at] === '[') {
    ID.lastIndex = at;
    const id = ID.exec(text)?.[1];
    if (id === undefined) return undefined;
    at += id.length + 1;
    const pairs: [string, string][] = [];
    for (;;) {
      NAME.lastIndex = at;
      const match = NAME.exec(text);
      if (match === null) break;
      const value = readValue(text, at + match[0].length);
      if (value === undefined || ++params > MOST_PARAMS) return undefined;
      pairs.push([match[1] ?? '', value.value]);
      at = value.next;
    }
    while (text[at] === ' ') at++;
    if (text[at] !== ']') return undefined;
    at++;
    elements.push([id, Object.fromEntries(pairs)]);
  }
  if (elements.length === 0 || !isEnd(text, at)) return undefined;
  return { data: Object.fromEntries(elements), next: at };
}

function isEnd(text: string, at: number): boolean {
  return at >= text.length || text[at] === ' ';
}

/** A value up to its quote; `\"`, `\\` and `\]` stand for themselves, any other backslash too. */
function readValue(
  text: string,
  start: number,
): { readonly value: string; readonly next: number } | undefined {
  let at = start;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  if (at >= text.length) return undefined;
  return { value: text.slice(start, at).replaceAll(/\\(["\\\]])/g, '$1'), next: at + 1 };
}

export function formatStructuredData(data: StructuredData): string {
  const elements = Object.entries(data).map(([id, pairs]) => {
    const params = Object.entries(pairs).map(
      ([name, value]) => ` ${name}="${value.replaceAll(/["\\\]]/g, String.raw`\$&`)}"`,
    );
    return `[${id}${params.join('')}]`;
  });
  return elements.length === 0 ? '-' : elements.join('');
}
