/** Texts within what the hub takes (src/wire/page/values.ts), in UTF-16 units. */

const MOST_TEXT = 4000;
const MOST_NAME = 300;

export function cut(text: string): string {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT - 1)}…`;
}

export function cutOr(text: string | null): string | null {
  return text === null ? null : cut(text);
}

export function cutName(name: string): string {
  return name.slice(0, MOST_NAME);
}
