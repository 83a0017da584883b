import { isDeeperThan } from '../../../core/json-depth.ts';
import { LEVELS } from '../../../core/record.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import { fitRecord } from '../../ingest/fit-record.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';
import { levelOfWord } from '../../ingest/level-words.ts';
import { DEEPEST, type UploadKind } from '../watchdog/entries.ts';
import { readTime } from './times.ts';

/** Which keys of an entry mean what: of each list the first one that is there. */
export interface Names {
  readonly message: readonly string[];
  readonly time: readonly string[];
}

const MESSAGE = ['message', 'msg', '_msg'];
const TIME = ['timestamp', 'time', '@timestamp', '_time'];
const HOST = ['host', 'hostname'];
const LEVEL = ['level', 'severity'];
const SERVICE = ['service', 'logger', 'app'];

/** Names that a request gives, as VictoriaLogs takes them: `?_msg_field=log,message&_time_field=when`. */
export function readNames(query: unknown): Names {
  const { _msg_field: message, _time_field: time } = (query ?? {}) as Record<string, unknown>;
  return { message: listOf(message) ?? MESSAGE, time: listOf(time) ?? TIME };
}

function listOf(given: unknown): readonly string[] | undefined {
  const names = typeof given === 'string' ? given.split(',').filter((name) => name !== '') : [];
  return names.length === 0 ? undefined : names;
}

/**
 * An entry as loggers and shippers write it. What is not understood is kept in its fields; what is too long is cut, and a field says so.
 * The error says what is wrong with it.
 * @param received microseconds
 */
export function readEntry(
  agent: string,
  kind: UploadKind,
  names: Names,
  received: number,
): (entry: Readonly<Record<string, unknown>>) => Result<IncomingRecord, string> {
  return (entry) => {
    if (isDeeperThan(entry, DEEPEST)) return err('it is nested too deeply');
    const rest: Record<string, unknown> = { ...entry };
    const message = take(rest, names.message, textOf);
    if (message === undefined) return err(`it has no text as ${names.message.join(', ')}`);
    const time = readMoment(rest, names.time);
    if (!time.ok) return time;
    const record = fitRecord(
      {
        message,
        time: time.value,
        host: take(rest, HOST, nameOf) ?? agent,
        service: take(rest, SERVICE, nameOf) ?? '',
        sender: take(rest, ['sender'], nameOf) ?? '',
        level: take(rest, LEVEL, levelOf) ?? LEVELS.info,
        fields: rest,
      },
      received,
    );
    return ok({ ...record, kind });
  };
}

/** The first of some keys whose value is of use; it is taken out. */
function take<T>(
  entry: Record<string, unknown>,
  names: readonly string[],
  read: (value: unknown) => T | undefined,
): T | undefined {
  for (const name of names) {
    const value = Object.hasOwn(entry, name) ? read(entry[name]) : undefined;
    if (value === undefined) continue;
    delete entry[name];
    return value;
  }
  return undefined;
}

/** What is there and is no time is an error: it would be found where nobody looks for it. 0 stands for now. */
function readMoment(entry: Record<string, unknown>, names: readonly string[]): Result<number, string> {
  const name = names.find((each) => entry[each] !== undefined && entry[each] !== null && entry[each] !== '');
  if (name === undefined) return ok(0);
  const time = readTime(entry[name]);
  if (time === undefined) return err(`${name} is no time: ${shown(entry[name])}`);
  delete entry[name];
  return ok(time);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A word, one of pino's tens, or 1 to 24 as OpenTelemetry. */
function levelOf(value: unknown): number | undefined {
  const known = levelOfWord(
    typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '',
  );
  if (known !== undefined) return known;
  const number = typeof value === 'string' && /^\d{1,2}$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) && (number as number) >= 1 && (number as number) <= 24
    ? (number as number)
    : undefined;
}
