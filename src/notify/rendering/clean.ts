import { stripVTControlCharacters } from 'node:util';

/** C0 and C1 controls but tab and newline, and what turns the direction of text or cannot be seen: none of it has business in a message. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** A text of one or more lines that can be shown anywhere: no escape sequences, no control characters but newlines, well-formed. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n'))
    .replaceAll('\t', '  ')
    .replaceAll(UNSEEN, '')
    .toWellFormed();
}

/** The same in one line. Its indentation stays. */
export function cleanRow(text: string): string {
  return cleanText(text.replaceAll(/[\r\n]+/g, ' ')).trimEnd();
}

/** The same without spaces around it. */
export function cleanLine(text: string): string {
  return cleanRow(text).trim();
}

/** Cuts to at most `most` UTF-16 units, the mark of the cut included; never within a character. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  if (most < 1) return '';
  let end = most - 1;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end--;
  return `${text.slice(0, end)}…`;
}

/** Cuts to at most `most` bytes of UTF-8, the mark of the cut included; never within a character. */
export function clipBytes(text: string, most: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= most) return text;
  let end = most - 3;
  if (end < 0) return '';
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString('utf8')}…`;
}
