/** Of a number without a unit: below this it is seconds, then milliseconds, microseconds, nanoseconds. */
const STEPS = [
  { below: 1e11, micros: 1e6 },
  { below: 1e14, micros: 1e3 },
  { below: 1e17, micros: 1 },
  { below: Infinity, micros: 1e-3 },
] as const;

/** RFC 3339, also with a space, or without a zone: UTC then. */
const MOMENT = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(Z|z|[+-]\d\d:?\d\d)?$/;

/**
 * A time as shippers write it: integer microseconds since 1970, UTC. Undefined where it is none.
 * @param given a number, or text: a number, or a moment of RFC 3339
 */
export function readTime(given: unknown): number | undefined {
  if (typeof given === 'number') return readNumber(given);
  if (typeof given !== 'string' || given.length > 64) return undefined;
  const text = given.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return readNumber(Number(text));
  const [, day, time, fraction = '', zone = 'Z'] = MOMENT.exec(text) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  const micros = ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
  return Number.isSafeInteger(micros) && micros >= 0 ? micros : undefined;
}

function readNumber(given: number): number | undefined {
  if (!(given >= 0)) return undefined;
  const step = STEPS.find(({ below }) => given < below);
  const micros = Math.round(given * (step?.micros ?? 1));
  return Number.isSafeInteger(micros) ? micros : undefined;
}
