import type { QueryRows, Row } from '../collect/query/query.ts';
import { fit, printable, say, table, write } from './output.ts';

/** As much as a person reads; the other forms have everything. */
const MOST_ROWS = 1_000;
const MOST_COLUMNS = 80;
/** JSON has no word for these. */
const NO_NUMBER: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

/** One object a line. */
export async function writeJson({ columns, batches }: QueryRows): Promise<void> {
  const keys = columns.map((column) => JSON.stringify(column));
  const object = (row: Row): string =>
    `{${row.map((value, index) => `${keys[index]}:${value === null || NO_NUMBER.has(value) ? 'null' : value}`).join(',')}}\n`;
  for await (const rows of batches) await write(rows.map(object).join(''));
}

/** As RFC 4180 has it, with plain line ends; null is nothing, an empty text is quoted. */
export async function writeCsv({ columns, batches }: QueryRows): Promise<void> {
  const line = (row: Row): string => `${row.map(csvField).join(',')}\n`;
  let text = line(columns);
  for await (const rows of batches) {
    await write(text + rows.map(line).join(''));
    text = '';
  }
  if (text !== '') await write(text);
}

function csvField(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** A table of so many rows as a person reads, long values cut; a plan as it is drawn. */
export async function writeTable({ columns, batches }: QueryRows): Promise<void> {
  const rows: Row[] = [];
  for await (const batch of batches) {
    rows.push(...batch.slice(0, MOST_ROWS + 1 - rows.length));
    if (rows.length > MOST_ROWS) break;
  }
  const more = rows.splice(MOST_ROWS).length > 0;
  if (columns.includes('explain_value')) {
    await write(`${rows.map((row) => row.at(-1) ?? '').join('\n')}\n`);
    return;
  }
  const shown = rows.map((row) => row.map((value) => (value === null ? '-' : short(printable(value)))));
  await write(table([columns.map(printable), ...shown]));
  if (more) say(`the first ${MOST_ROWS} rows; --json and --csv print all of them`);
}

function short(text: string): string {
  return fit(text, MOST_COLUMNS).trimEnd();
}
