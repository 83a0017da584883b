import { microsText } from '../../wire/jetstream/lines.ts';

/** A time as a JSON line has it. */
export interface LineTime {
  /** Milliseconds since 1970 UTC, rounded down. */
  readonly ms: number;
  /** RFC 3339, with what was sent below the millisecond. */
  readonly text: string;
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2}(?:\.\d+)?) ?([Zz]|[+-]\d{2}:?\d{2})?$/;
const NUMBER = /^\d{9,19}(?:\.\d+)?$/;
/** The end of the year 9999, and of RFC 3339. */
const END_MICROS = 253_402_300_800_000_000;

/**
 * The time that lies at a path in a JSON object: RFC 3339 text (UTC where it names no zone, a space for the T is all right), or a
 * number since 1970, also as text, whose size tells its unit: seconds below 10^11, then milliseconds below 10^14,
 * microseconds below 10^17, nanoseconds. Undefined where there is none, or one that cannot be read.
 */
export function timeAt(data: object, path: readonly string[]): LineTime | undefined {
  let at: unknown = data;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  if (typeof at === 'number') return fromNumber(at);
  if (typeof at !== 'string') return undefined;
  return NUMBER.test(at) ? fromNumber(Number(at)) : fromText(at);
}

function fromText(text: string): LineTime | undefined {
  const [, day, time, zone = 'Z'] = RFC3339.exec(text) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const colon = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const whole = `${day}T${time}${colon}`;
  const ms = Date.parse(whole);
  return Number.isNaN(ms) ? undefined : { ms: Math.floor(ms), text: whole };
}

function fromNumber(value: number): LineTime | undefined {
  const micros = Math.round(value * microsIn(value));
  if (!(micros > 0 && micros < END_MICROS)) return undefined;
  const ms = Math.floor(micros / 1000);
  return { ms, text: micros % 1000 === 0 ? new Date(ms).toISOString() : microsText(micros) };
}

/** Microseconds in the unit of a time of this size. */
function microsIn(value: number): number {
  if (value < 1e11) return 1e6;
  if (value < 1e14) return 1e3;
  return value < 1e17 ? 1 : 1e-3;
}
