import { momentsOf } from '../../core/zoned-time.ts';
import { parseStructuredData, type StructuredData } from './structured-data.ts';

/** A message of syslog: RFC 5424, or RFC 3164 as it is really sent. */
export interface SyslogMessage {
  readonly form: 'rfc5424' | 'rfc3164';
  /** 0 to 23, see FACILITIES. */
  readonly facility: number;
  /** 0 (emergency) to 7 (debug). */
  readonly severity: number;
  /** Microseconds since 1970, UTC; 0 where there is none; what was written where that is no time. */
  readonly time: number | string;
  /** These are empty where there is none. */
  readonly host: string;
  readonly app: string;
  readonly process: string;
  readonly id: string;
  readonly data: StructuredData;
  readonly text: string;
}

export interface SyslogReading {
  /** Milliseconds: which year a time of RFC 3164 is of. */
  readonly now: number;
  /** The zone of times that name none. */
  readonly zone: string;
}

/** RFC 3164 (4.3.3): what has no priority is user.notice. */
const NO_PRIORITY = { facility: 1, severity: 5 };
const BOM = '\ufeff';

/** Reads whatever came, without failing: what has no form of its own is the text of a message. What is no UTF-8 is replaced. */
export function parseSyslog(bytes: Uint8Array, reading: SyslogReading): SyslogMessage {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const [head = '', digits] = /^<(\d{1,3})>/.exec(line) ?? [];
  const number = digits === undefined ? undefined : Number(digits);
  if (number === undefined || number > 191) return { ...EMPTY, ...NO_PRIORITY, text: withoutBom(line) };
  const priority = { facility: number >> 3, severity: number & 7 };
  const rest = line.slice(head.length);
  const modern = /^[1-9]\d{0,2} /.test(rest) ? parse5424(rest, priority) : undefined;
  return modern ?? parse3164(rest, priority, reading);
}

const EMPTY = {
  form: 'rfc3164',
  time: 0,
  host: '',
  app: '',
  process: '',
  id: '',
  data: {},
} as const;

type Priority = Pick<SyslogMessage, 'facility' | 'severity'>;

/** VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID; behind it structured data, and perhaps a message. */
const HEADER = /^\d+ (\S{1,64}) (\S{1,255}) (\S{1,255}) (\S{1,255}) (\S{1,255}) /;

function parse5424(rest: string, priority: Priority): SyslogMessage | undefined {
  const match = HEADER.exec(rest);
  if (match === null) return undefined;
  const [head, time = '', host = '', app = '', process = '', id = ''] = match;
  const read = parseStructuredData(rest, head.length);
  if (read === undefined) return undefined;
  return {
    form: 'rfc5424',
    ...priority,
    time: time === '-' ? 0 : (timestamp(time) ?? time),
    host: given(host),
    app: given(app),
    process: given(process),
    id: given(id),
    data: read.data,
    text: withoutBom(rest.slice(read.next + 1)),
  };
}

function given(value: string): string {
  return value === '-' ? '' : value;
}

function withoutBom(text: string): string {
  return text.startsWith(BOM) ? text.slice(1) : text;
}

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)$/i;

/** Microseconds of a time as RFC 3339 writes it; undefined where it is none. */
function timestamp(text: string): number | undefined {
  const [, moment, fraction = '', zone = ''] = ISO.exec(text) ?? [];
  if (moment === undefined) return undefined;
  const offset = /^z$/i.test(zone) ? 'Z' : zone.replace(/^(...):?(..)$/, '$1:$2');
  const ms = Date.parse(`${moment}${offset}`);
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** `Nov  2 15:04:05`, with a year before or behind the time, or fractions, as routers send it. */
const OLD_TIME =
  /^\*?([A-Z][a-z]{2}) {1,2}(\d{1,2})(?: (\d{4}))? (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?: (\d{4}))?:? /;
const NEW_TIME = /^(\d{4}-\d\d-\d\dT\S{1,40}) /;
/** The program and its process: `sshd[123]:`. */
const TAG = /^([^\s:[\]]{1,255})(?:\[([^\s\]]{0,128})\])?:(?: |$)/;

function parse3164(rest: string, priority: Priority, reading: SyslogReading): SyslogMessage {
  const time = timeAt(rest, reading);
  if (time === undefined) return { ...EMPTY, ...priority, ...tagAt(rest) };
  const behind = rest.slice(time.length);
  // A host is a word that is not already the tag: local programs leave it out.
  const [word = '', host] = /^([^\s:[\]]{1,255}|[0-9a-fA-F:.]{3,45}) /.exec(behind) ?? [];
  const isTag = host === undefined || TAG.test(behind);
  const found = tagAt(isTag ? behind : behind.slice(word.length));
  return { ...EMPTY, ...priority, time: time.micros, host: isTag ? '' : host, ...found };
}

function tagAt(text: string): Pick<SyslogMessage, 'app' | 'process' | 'text'> {
  const [all = '', app = '', process = ''] = TAG.exec(text) ?? [];
  return { app, process, text: withoutBom(text.slice(all.length)) };
}

function timeAt(
  text: string,
  reading: SyslogReading,
): { readonly micros: number | string; readonly length: number } | undefined {
  const [iso, stamp = ''] = NEW_TIME.exec(text) ?? [];
  if (iso !== undefined) return { micros: timestamp(stamp) ?? stamp, length: iso.length };
  const match = OLD_TIME.exec(text);
  if (match === null) return undefined;
  const [all, name = '', day, before, hour, minute, second, fraction = '', after] = match;
  const month = MONTHS.indexOf(name) + 1;
  if (month === 0) return undefined;
  const local = {
    month,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  if (local.day < 1 || local.day > 31 || local.hour > 23 || local.minute > 59 || local.second > 60)
    return { micros: all.trim(), length: all.length };
  const year = before ?? after;
  const ms =
    year === undefined ? nearest(local, reading) : at({ ...local, year: Number(year) }, reading.zone);
  return { micros: ms * 1000 + Number(fraction.padEnd(6, '0')), length: all.length };
}

type Moment = Parameters<typeof momentsOf>[0];

function at(local: Moment, zone: string): number {
  return momentsOf(local, zone)[0];
}

/** The year in which the time is nearest to now: on New Year's Eve it may be the last, or the next. */
function nearest(local: Omit<Moment, 'year'>, { now, zone }: SyslogReading): number {
  const year = new Date(now).getUTCFullYear();
  const all = [year - 1, year, year + 1].map((each) => at({ ...local, year: each }, zone));
  return all.reduce((best, each) => (Math.abs(each - now) < Math.abs(best - now) ? each : best));
}
