import type { Row } from '../../wire/hub/row.ts';

const COLUMNS = [
  'id',
  'position',
  'time',
  'received',
  'agent',
  'host',
  'service',
  'life',
  'kind',
  'level',
  'sender',
  'message',
  'fields',
] as const;

/** RFC 4180. */
export function csvHeader(): string {
  return `${COLUMNS.join(',')}\r\n`;
}

export function csvLine(row: Row): string {
  return `${COLUMNS.map((column) => cell(valueOf(row, column))).join(',')}\r\n`;
}

function valueOf(row: Row, column: (typeof COLUMNS)[number]): string {
  switch (column) {
    case 'time':
    case 'received':
      return isoMicros(row[column]);
    case 'fields':
      return row.fields === undefined ? '' : JSON.stringify(row.fields);
    default:
      return String(row[column]);
  }
}

/** `2026-11-22T01:00:00.123456Z`; a time that no calendar has stays a number. */
function isoMicros(micros: number): string {
  const ms = Math.floor(micros / 1000);
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return String(micros);
  return `${date.toISOString().slice(0, -1)}${String(micros - ms * 1000).padStart(3, '0')}Z`;
}

/** What a spreadsheet would take for a formula begins with an apostrophe (owasp.org/www-community/attacks/CSV_Injection). */
function cell(value: string): string {
  const plain = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(?:\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
