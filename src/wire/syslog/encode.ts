import { formatStructuredData } from './structured-data.ts';
import type { SyslogMessage } from './message.ts';

/** How long the parts of a header may be (RFC 5424, 6). */
const LONGEST = { host: 255, app: 48, process: 128, id: 32 };
const LONGEST_NAME = 32;

/**
 * A message of RFC 5424. Parts of the header are ASCII without spaces there: what is not is written as `_`. Names of parameters too, and
 * a number is put behind those that would be the same.
 * @param message its time is a number; 0: none
 */
export function formatSyslog(message: Omit<SyslogMessage, 'form'>): Buffer {
  const { facility, severity, time, host, app, process, id, data, text } = message;
  const head = [
    `<${facility * 8 + severity}>1`,
    timestamp(time),
    word(host, LONGEST.host),
    word(app, LONGEST.app),
    word(process, LONGEST.process),
    word(id, LONGEST.id),
    formatStructuredData(named(data)),
  ].join(' ');
  if (text === '') return Buffer.from(head, 'utf8');
  // The mark says that the text is UTF-8; what is ASCII needs none.
  const mark = /^[\x01-\x7f]*$/.test(text) ? '' : '\ufeff';
  return Buffer.from(`${head} ${mark}${text}`, 'utf8');
}

const EARLIEST = -62_135_596_800_000;
const LATEST = 253_402_300_799_999;

function timestamp(time: number | string): string {
  const ms = Math.floor(Number(time) / 1000);
  if (time === 0 || !(ms >= EARLIEST && ms <= LATEST)) return '-';
  const micros = String(Number(time) - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().replace('Z', `${micros}Z`);
}

function word(value: string, longest: number): string {
  const ascii = value.replaceAll(/[^!-~]/g, '_').slice(0, longest);
  return ascii === '' ? '-' : ascii;
}

function named(data: SyslogMessage['data']): SyslogMessage['data'] {
  return Object.fromEntries(Object.entries(data).map(([id, pairs]) => [name(id), unique(pairs)]));
}

function unique(pairs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const taken = new Map<string, string>();
  for (const [key, value] of Object.entries(pairs)) {
    const base = name(key);
    let free = base;
    for (let number = 2; taken.has(free); number++)
      free = `${base.slice(0, LONGEST_NAME - String(number).length)}${number}`;
    taken.set(free, value);
  }
  return Object.fromEntries(taken);
}

function name(value: string): string {
  return value.replaceAll(/[^!-~]|[="\]]/g, '_').slice(0, LONGEST_NAME) || '_';
}
