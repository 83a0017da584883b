import type { Values } from '../../core/expression.ts';
import type { Pattern } from '../../core/pattern.ts';

/** Reads single lines of logs: structured ones, and the file that a service's output is captured in. */

/** A line of text that may hold a record. */
export interface LogLine {
  readonly text: string;
  /** When it was written, wall milliseconds, where that is certain. */
  readonly at: number | undefined;
}

/** How the daemon writes a captured line: `2026-11-22T06:00:00.000Z stdout TEXT`. */
const CAPTURED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?:stdout|stderr) (.*)$/s;

/** A line of the captured log; undefined for one that has another form. */
export function capturedLine(text: string): LogLine | undefined {
  const [, time, said] = CAPTURED.exec(text) ?? [];
  if (time === undefined || said === undefined) return undefined;
  return { at: Date.parse(time), text: said };
}

/** The values of a JSON object; undefined for all else. */
export function jsonValues(text: string): Values | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Values)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Of a line no more is given to a pattern: there may be many, and the groups of the worst pattern take 50 µs a character. */
const LONGEST_FOR_PATTERN = 2000;

/** The named groups of a pattern; undefined where it does not match. */
export function patternValues(text: string, pattern: Pattern): Values | undefined {
  return pattern.groups(text.slice(0, LONGEST_FOR_PATTERN));
}

const TIME_KEYS = ['time', 'ts', 'timestamp', '@timestamp', 'datetime'] as const;
const ZONED = /(?:[zZ]|[+-]\d\d:?\d\d)$/;

/** When a record says that it was written, wall milliseconds; only a time that is certain, with a zone or as a number. */
export function ownTime(values: Values): number | undefined {
  for (const key of TIME_KEYS) {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (typeof value === 'number' || (typeof value === 'string' && ZONED.test(value.trim()))) {
      const time = timeOf(value);
      if (time !== undefined) return time;
    }
  }
  return undefined;
}

const NUMERIC = /^\s*\d+(?:\.\d+)?\s*$/;

/** A time as data give it, as wall milliseconds: RFC 3339 (UTC where it has no zone), or seconds, ms, µs or ns since 1970. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string') {
    if (NUMERIC.test(value)) return timeOf(Number(value));
    const trimmed = value
      .trim()
      .replace(/^(\d{4}-\d\d-\d\d) (\d)/, '$1T$2')
      .replace(/(:\d\d),(\d)/, '$1.$2');
    if (!/^\d{4}-\d\d-\d\d/.test(trimmed)) return undefined;
    const ms = Date.parse(
      /T/.test(trimmed) && !ZONED.test(trimmed) ? `${trimmed}Z` : trimmed.replaceAll(' ', ''),
    );
    return Number.isNaN(ms) ? undefined : ms;
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return undefined;
  // 1e11 s would be the year 5138; 1e11 ms is 1973, and so on.
  return value < 1e11 ? value * 1e3 : value < 1e14 ? value : value < 1e17 ? value / 1e3 : value / 1e6;
}
