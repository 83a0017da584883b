/** Records as text that a page can show. */

/** CSI, OSC and other escape sequences of terminals (ECMA-48 §5.4, 5.6), and what is left of control characters but tabs and lines. */
const ESCAPES =
  /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[PX^_][^\u001B]*(?:\u001B\\)?|[ -/]*[0-~])|\u009B[0-?]*[ -/]*[@-~]/g;
const CONTROLS = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g;

/** Without colours and other commands to terminals. */
export function plainText(text: string): string {
  return text.replace(ESCAPES, '').replace(CONTROLS, '');
}

/** A row of a list shows no more; what is cut is not searched for escapes either. */
const MOST_SHOWN = 400;
const MOST_LOOKED_AT = 2000;

/** The first line that says something, cut. */
export function firstLine(message: string): string {
  const text = plainText(message.slice(0, MOST_LOOKED_AT)).replace(/^(?:[^\S\n]*\n)+/, '');
  const end = text.search(/[\r\n]/);
  const line = (end === -1 ? text : text.slice(0, end)).replaceAll('\t', ' ');
  const isCut = line.length > MOST_SHOWN || end !== -1 || message.length > MOST_LOOKED_AT;
  return isCut ? `${line.slice(0, MOST_SHOWN).trimEnd()} …` : line;
}

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');

/** `14:05:09.123`, or `11-22 14:05:09.123`; the reader's own zone. @param micros since 1970. */
export function rowTime(micros: number, withDay: boolean): string {
  const date = new Date(Math.floor(micros / 1000));
  const clock = `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}.${pad(date.getMilliseconds(), 3)}`;
  return withDay ? `${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)} ${clock}` : clock;
}

export interface FieldRow {
  readonly path: string;
  readonly value: string;
  /** `path=value`, as the hub is asked for it; undefined where it cannot be. */
  readonly asked: string | undefined;
}

const MOST_FIELDS = 300;
const LONGEST_ASKED = 1000;
const MOST_PARTS = 10;

/** Fields with the paths by which they can be asked for; objects are gone into, lists are not. */
export function fieldRows(fields: Readonly<Record<string, unknown>>): readonly FieldRow[] {
  const rows: FieldRow[] = [];
  const walk = (path: string, value: unknown): void => {
    if (rows.length >= MOST_FIELDS) return;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const entries = isObject ? Object.entries(value as Record<string, unknown>) : [];
    if (entries.length > 0)
      for (const [key, each] of entries) walk(path === '' ? key : `${path}.${key}`, each);
    else if (path !== '') rows.push(fieldRow(path, value));
  };
  walk('', fields);
  return rows;
}

function fieldRow(path: string, value: unknown): FieldRow {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const asked = `${path}=${text}`;
  const canAsk = asked.length <= LONGEST_ASKED && path.split('.').length <= MOST_PARTS && !path.includes('=');
  return { path, value: text, asked: canAsk ? asked : undefined };
}
