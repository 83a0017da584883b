import { isDeeperThan } from '../../../core/json-depth.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';
import { fromOldLevel, isInt4, oldLevelFields } from './levels.ts';

export type UploadKind = 'log' | 'notification';

/** An entry as the old watchdogs send it. */
export interface OldEntry {
  readonly level: number;
  /** Seconds since 1970, by the watchdog's clock. */
  readonly time: number;
  readonly sender: string;
  readonly message: string;
}

export const MOST_ENTRIES = 10_000;
const LONGEST_MESSAGE = 65_536;
const LONGEST_NAME = 512;
const LONGEST_FIELDS = 65_536;
/** Of fields and configs, levels. */
export const DEEPEST = 64;
/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;
const MICROS = 1_000_000;

/** Whom records of watchdogs belong to that name no service. */
const SERVICE = 'watchdog';

/** The error names the first entry that is wrong: `3: level is no whole number of 32 bits`. */
export function readEntries<T>(
  given: readonly unknown[],
  read: (entry: Readonly<Record<string, unknown>>) => Result<T, string>,
): Result<readonly T[], string> {
  if (given.length > MOST_ENTRIES)
    return err(`${given.length} entries are too many, ${MOST_ENTRIES} at most`);
  const entries: T[] = [];
  for (const [index, value] of given.entries()) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return err(`${index + 1}: it is no object`);
    const entry = read(value as Record<string, unknown>);
    if (!entry.ok) return err(`${index + 1}: ${entry.error}`);
    entries.push(entry.value);
  }
  return ok(entries);
}

/** What is not known is left out; what is null was never to be found again, and is refused. */
export function readOldEntry(entry: Readonly<Record<string, unknown>>): Result<OldEntry, string> {
  const { level, time, sender, message } = entry;
  if (!isInt4(level)) return err('level is no whole number of 32 bits');
  if (typeof time !== 'number' || !(time >= 0 && time <= LAST_SECOND))
    return err('time is no number of seconds since 1970');
  const problem =
    textProblem('sender', sender, LONGEST_NAME) ?? textProblem('message', message, LONGEST_MESSAGE);
  if (problem !== undefined) return err(problem);
  return ok({ level, time, sender: sender as string, message: message as string });
}

/** Text that can be kept as it is: no half of a surrogate pair, which UTF-8 has no form for. */
function textProblem(name: string, value: unknown, longest: number): string | undefined {
  if (typeof value !== 'string') return `${name} is no text`;
  if (value.length > longest) return `${name} has ${value.length} characters, ${longest} at most`;
  return value.isWellFormed() ? undefined : `${name} is no whole Unicode text`;
}

export function oldToRecord(agent: string, kind: UploadKind, entry: OldEntry): IncomingRecord {
  const fields = oldLevelFields(entry.level);
  const record = {
    time: Math.round(entry.time * MICROS),
    host: agent,
    service: SERVICE,
    life: '',
    kind,
    level: fromOldLevel(entry.level),
    sender: entry.sender,
    message: entry.message,
  };
  return fields === undefined ? record : { ...record, fields };
}

const KEYS = new Set(['time', 'level', 'sender', 'message', 'service', 'host', 'life', 'fields']);

/** An entry of version 2: `message` must be there, the rest has a default. @param now microseconds. */
export function readEntry(
  agent: string,
  kind: UploadKind,
  now: number,
): (entry: Readonly<Record<string, unknown>>) => Result<IncomingRecord, string> {
  return (entry) => {
    const stranger = Object.keys(entry).find((key) => !KEYS.has(key));
    if (stranger !== undefined) return err(`${stranger.slice(0, 60)} is no key of it`);
    const { time = now, level = 9, sender = '', message, service = SERVICE, host = agent, life = '' } = entry;
    if (!Number.isSafeInteger(time) || (time as number) < 0)
      return err('time is no whole number of microseconds');
    if (!isLevel(level)) return err('level is no whole number from 1 to 24');
    const names = Object.entries({ sender, service, host, life });
    const problem =
      textProblem('message', message, LONGEST_MESSAGE) ??
      names
        .map(([name, value]) => textProblem(name, value, LONGEST_NAME))
        .find((each) => each !== undefined) ??
      fieldsProblem(entry['fields']);
    if (problem !== undefined) return err(problem);
    const record = { time, level, sender, message, service, host, life, kind } as IncomingRecord;
    const fields = entry['fields'] as IncomingRecord['fields'];
    return ok(fields === undefined ? record : { ...record, fields });
  };
}

function isLevel(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 24;
}

function fieldsProblem(fields: unknown): string | undefined {
  if (fields === undefined) return undefined;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return 'fields is no object';
  if (isDeeperThan(fields, DEEPEST)) return 'its fields are nested too deeply';
  return JSON.stringify(fields).length > LONGEST_FIELDS
    ? `its fields are longer than ${LONGEST_FIELDS} characters`
    : undefined;
}
