import { once } from 'node:events';
import type { WriteStream } from 'node:tty';

/** Whether colour is wanted there: a terminal, and nobody said NO_COLOR (no-color.org). */
export function colours(stream: Pick<WriteStream, 'isTTY'>): boolean {
  return stream.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
const CODES: Readonly<Record<Paint, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

export function paint(on: boolean, style: Paint, text: string): string {
  return on ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** One line for a person, on standard error, so that standard output stays data. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Writes to standard output and waits while its reader is slow. */
export async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

const COLOUR_CODE = /\u001b\[[0-9;]*m/g;

// Control characters in foreign text could rewrite the terminal (C0, C1, and the Unicode direction overrides).
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Foreign text, safe to show in a terminal. */
export function printable(text: string): string {
  return text.replace(CONTROL, '\ufffd').replaceAll('\n', '⏎');
}

/** Text cut or filled to a width in columns. Wide characters count two, as terminals draw them. Painted text is only filled. */
export function fit(text: string, width: number): string {
  const whole = columnsOf(text);
  if (whole <= width) return text + ' '.repeat(width - whole);
  let kept = '';
  let columns = 0;
  for (const character of text) {
    if (columns + columnsOf(character) > width - 1) break;
    columns += columnsOf(character);
    kept += character;
  }
  return `${kept}…${' '.repeat(Math.max(0, width - 1 - columns))}`;
}

/** How many columns a text takes in a terminal; colour codes take none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text.replace(COLOUR_CODE, ''))
    columns += isWide(character.codePointAt(0) as number) ? 2 : 1;
  return columns;
}

/** East Asian wide and emoji ranges (Unicode UAX #11), coarsely. */
function isWide(point: number): boolean {
  return (
    (point >= 0x1100 && point <= 0x115f) ||
    (point >= 0x2e80 && point <= 0xa4cf) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xfe30 && point <= 0xfe6f) ||
    (point >= 0xff00 && point <= 0xff60) ||
    (point >= 0x1f300 && point <= 0x1faff)
  );
}

/** Rows as aligned columns; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : fit(cell, widths[column] as number)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
