import { isDeeperThan } from '../../core/json-depth.ts';
import { LEVELS } from '../../core/record.ts';
import type { IncomingRecord } from './intake.ts';

/** A log line as a foreign protocol gives it: nothing of it is limited yet. */
export interface ForeignLine {
  /** Microseconds since 1970, UTC; 0 or empty where it is not known; what was written where that is no time. */
  readonly time: number | string;
  readonly host: string;
  readonly service: string;
  readonly sender: string;
  readonly level: number;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** What of it did not come whole, for `vahti.cut`. */
  readonly cut?: string;
}

/** As the hub takes them: see sent-records.ts. Units of UTF-16. */
const LONGEST_MESSAGE = 65_536;
const LONGEST_NAME = 512;
/** Of JSON; what is said of a record itself has room beside. */
const LONGEST_FIELDS = 60_000;
const MOST_FIELDS = 1000;
/** Levels of one field. */
const DEEPEST = 60;
/** Fields that say what was done to a record. */
const CUT = 'vahti.cut';
const TIME = 'vahti.time';
const SHOWN_TIME = 64;

/**
 * A record that the hub takes, whatever the line was: what is too long is cut, and a field `vahti.cut` says so; a time that cannot be read
 * is that of its receipt, and a field `vahti.time` has what was written.
 * @param received microseconds
 */
export function fitRecord(line: ForeignLine, received: number): IncomingRecord {
  const cuts: string[] = line.cut === undefined ? [] : [line.cut];
  const cut = (name: string, text: string, longest: number): string => {
    if (text.length <= longest) return text;
    cuts.push(`${name} (${text.length} characters)`);
    return text.slice(0, longest).toWellFormed();
  };
  const time = Number.isSafeInteger(line.time) ? Number(line.time) : undefined;
  const record = {
    time: time || received,
    host: cut('host', line.host, LONGEST_NAME),
    service: cut('service', line.service, LONGEST_NAME),
    life: '',
    kind: 'log' as const,
    level: Math.min(Math.max(Math.trunc(line.level) || LEVELS.info, LEVELS.trace), LEVELS.fatal + 3),
    sender: cut('sender', line.sender, LONGEST_NAME),
    message: cut('message', line.message, LONGEST_MESSAGE),
  };
  const fields = surelyFit(line.fields) ? line.fields : Object.fromEntries(fitFields(line.fields, cuts));
  const unread = time === undefined && line.time !== '' ? String(line.time).slice(0, SHOWN_TIME) : undefined;
  if (cuts.length === 0 && unread === undefined)
    return Object.keys(fields).length === 0 ? record : { ...record, fields };
  const said = {
    ...(unread === undefined ? {} : { [TIME]: unread }),
    ...(cuts.length === 0 ? {} : { [CUT]: cuts.join(', ') }),
  };
  return { ...record, fields: { ...fields, ...said } };
}

/** Whether fields are far below their limits: asked of every line, so it does not write them as JSON. */
function surelyFit(fields: Readonly<Record<string, unknown>>): boolean {
  let [size, count] = [0, 0];
  for (const name in fields) {
    const value = fields[name];
    if (name.length > LONGEST_NAME || typeof value === 'object') return false;
    // Each character may be six in JSON.
    size += 6 * (name.length + (typeof value === 'string' ? value.length : 0)) + 32;
    count += 1;
  }
  return size <= LONGEST_FIELDS && count <= MOST_FIELDS;
}

/** The fields that fit, in their order; the first text that does not is cut. */
function fitFields(given: Readonly<Record<string, unknown>>, cuts: string[]): [string, unknown][] {
  const kept: [string, unknown][] = [];
  let room = LONGEST_FIELDS;
  let left = 0;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (isDeeperThan(value, DEEPEST)) {
      left++;
      continue;
    }
    const key = JSON.stringify(name).length + 2;
    const size = key + (JSON.stringify(value)?.length ?? 0);
    if (size <= room && kept.length < MOST_FIELDS && name.length <= LONGEST_NAME) {
      kept.push([name, value]);
      room -= size;
    } else if (typeof value === 'string' && room > key + LONGEST_NAME && kept.length < MOST_FIELDS) {
      // Each character may be six in JSON.
      const part = value.slice(0, Math.floor((room - key) / 6)).toWellFormed();
      kept.push([name.slice(0, LONGEST_NAME), part]);
      cuts.push(`${name.slice(0, 64)} (${value.length} characters)`);
      room = 0;
    } else left++;
  }
  if (left > 0) cuts.push(left === 1 ? '1 field left out' : `${left} fields left out`);
  return kept;
}
