import { parseDuration } from '../../core/durations.ts';
import { compilePattern } from '../../core/pattern.ts';
import { LEVELS, type LevelName, RECORD_KINDS, type RecordKind } from '../../core/record.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import { readCursor } from './cursor.ts';

/** How a parameter is read: from text, as addresses and options have it, or from JSON. The error is a clause. */
export type ReadValue<T> = (value: unknown, now: number) => Result<T, string>;

const LONGEST_NAME = 512;
const LONGEST_TEXT = 1000;
const MOST_VALUES = 100;
const MOST_PARTS = 10;

/** 1973 in microseconds: what is below it is of another unit. */
const LEAST_MICROS = 100_000_000_000_000;

const TIME_FORM = 'write 2h (ago), 2026-11-22T01:00Z, or microseconds since 1970';
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** A moment, microseconds. Without a zone it is UTC. @param now microseconds. */
export const time: ReadValue<number> = (value, now) => {
  if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value))) {
    const micros = Number(value);
    if (!Number.isSafeInteger(micros)) return err(`${shown(value)} is no whole number of microseconds`);
    if (micros < LEAST_MICROS)
      return err(`${shown(value)} is no time of our days in microseconds: ${TIME_FORM}`);
    return ok(micros);
  }
  if (typeof value !== 'string') return err(`${shown(value)} is no time: ${TIME_FORM}`);
  const given = value.trim();
  if (given === 'now') return ok(now);
  const ago = parseDuration(given);
  if (ago.ok) return ok(now - ago.value * 1000);
  // A plus in an address is a space.
  const [iso, zone] =
    ISO.exec(given.replace(/ (?=\d{2}:?\d{2}$)/, (space) => (/T/i.test(given) ? '+' : space))) ?? [];
  const date = iso === undefined ? Number.NaN : Date.parse(zone === undefined ? `${withTime(iso)}Z` : iso);
  return Number.isNaN(date) ? err(`${shown(value)} is no time: ${TIME_FORM}`) : ok(date * 1000);
};

function withTime(iso: string): string {
  return iso.length === 10 ? `${iso}T00:00` : iso.replace(' ', 'T');
}

/** Milliseconds; a number is seconds. */
export function duration(least: number, most: number): ReadValue<number> {
  return (value) => {
    const isNumber =
      typeof value === 'number' || (typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value));
    const read = isNumber
      ? ok(Math.round(Number(value) * 1000))
      : parseDuration(typeof value === 'string' ? value : '');
    if (!read.ok) return err(`${shown(value)} is no duration: write 90s, 5m or 2h`);
    if (!(read.value >= least && read.value <= most))
      return err(`${shown(value)} is not from ${least / 1000}s to ${most / 1000}s`);
    return read;
  };
}

export function whole(least: number, most: number): ReadValue<number> {
  return (value) => {
    const isText = typeof value === 'string' && /^\d{1,16}$/.test(value);
    const count = isText ? Number(value) : value;
    return Number.isSafeInteger(count) && (count as number) >= least && (count as number) <= most
      ? ok(count as number)
      : err(`${shown(value)} is no whole number from ${least} to ${most}`);
  };
}

export const names: ReadValue<readonly string[]> = (value) => {
  const given = Array.isArray(value) ? (value as unknown[]) : [value];
  if (given.length > MOST_VALUES) return err(`it has ${given.length} values, ${MOST_VALUES} at most`);
  const wrong = given.find((each) => typeof each !== 'string' || each.length > LONGEST_NAME);
  if (wrong !== undefined) return err(`${shown(wrong)} is no name of ${LONGEST_NAME} characters at most`);
  return ok(given as string[]);
};

export const kinds: ReadValue<readonly RecordKind[]> = (value, now) => {
  const read = names(value, now);
  if (!read.ok) return read;
  const wrong = read.value.find((each) => !(RECORD_KINDS as readonly string[]).includes(each));
  if (wrong !== undefined)
    return err(
      `there is no kind ${shown(wrong)}${didYouMean(wrong, RECORD_KINDS) || `: write ${RECORD_KINDS.join(', ')}`}`,
    );
  return ok(read.value as RecordKind[]);
};

/** @param top whether a name stands for the highest of its levels. */
export function level(top: boolean): ReadValue<number> {
  return (value, now) => {
    if (typeof value === 'string' && Object.hasOwn(LEVELS, value.toLowerCase()))
      return ok(LEVELS[value.toLowerCase() as LevelName] + (top ? 3 : 0));
    const read = whole(1, 24)(value, now);
    const known = Object.keys(LEVELS);
    return read.ok
      ? read
      : err(
          `there is no level ${shown(value)}${didYouMean(String(value), known) || `: write ${known.join(', ')}, or 1 to 24`}`,
        );
  };
}

export const text: ReadValue<string> = (value) =>
  typeof value === 'string' && value.length <= LONGEST_TEXT
    ? ok(value)
    : err(`${shown(value)} is no text of ${LONGEST_TEXT} characters at most`);

export const pattern: ReadValue<string> = (value, now) => {
  const read = text(value, now);
  if (!read.ok) return read;
  const compiled = compilePattern(read.value);
  return compiled.ok ? read : err(`the expression ${shown(value)} cannot be used: ${compiled.error}`);
};

export interface FieldValue {
  readonly path: string;
  readonly value: string;
}

/** `a.b=value`, several, or an object `{"a.b": value}`. */
export const fields: ReadValue<readonly FieldValue[]> = (value) => {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const given: readonly unknown[] = isObject
    ? Object.entries(value).map(
        ([path, wanted]) => `${path}=${typeof wanted === 'string' ? wanted : JSON.stringify(wanted)}`,
      )
    : [value].flat();
  if (given.length > MOST_VALUES) return err(`it has ${given.length} values, ${MOST_VALUES} at most`);
  const found: FieldValue[] = [];
  for (const each of given) {
    const at = typeof each === 'string' ? each.indexOf('=') : -1;
    if (typeof each !== 'string' || at < 1 || each.length > LONGEST_TEXT)
      return err(`${shown(each)} is no field: write a.b=value`);
    const path = each.slice(0, at);
    if (path.split('.').length > MOST_PARTS) return err(`${shown(path)} has over ${MOST_PARTS} parts`);
    found.push({ path, value: each.slice(at + 1) });
  }
  return ok(found);
};

export function choice<T extends string>(...of: readonly T[]): ReadValue<T> {
  return (value) => {
    const found = of.find((each) => each === value);
    return found === undefined ? err(`${shown(value)} is neither of ${of.join(', ')}`) : ok(found);
  };
}

export const cursor: ReadValue<{ readonly time: number; readonly position: number }> = (value) =>
  readCursor(value) ?? err(`${shown(value)} is no cursor: give the next of an answer`);

/** A value for messages, cut. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
