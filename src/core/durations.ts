import { err, ok, type Result } from './result.ts';
import { didYouMean } from './suggest.ts';

/** How a kind of quantity is written: numbers with units, from the largest unit to the smallest. */
export interface QuantityForm {
  /** What it is called in messages: `duration`, `size`. */
  readonly what: string;
  /** What each unit is worth, in the smallest unit. */
  readonly units: ReadonlyMap<string, number>;
  readonly ignoreCase: boolean;
  /** The unit that a message proposes for a number that has none. */
  readonly usualUnit: string;
  /** The smallest amount that can be said, for messages. */
  readonly least: string;
  readonly most: { readonly amount: number; readonly text: string };
  /** `a duration such as …`, for messages. */
  readonly form: string;
}

export interface QuantityRange {
  readonly min: number;
  readonly max: number;
}

const LONGEST_TEXT = 100;
const PART = /^(\d+(?:\.\d+)?|\.\d+)\s*(\p{L}*)\s*/u;

function shown(text: string): string {
  const cut = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return /^[\w.:+,-]+$/.test(cut) ? cut : JSON.stringify(cut);
}

/**
 * Reads a quantity such as `1h30m` or `1.5G` into a whole number of its smallest unit, 0 or more. The units go from
 * large to small, each at most once. The error is a whole sentence.
 */
export function parseQuantity(text: string, form: QuantityForm): Result<number, string> {
  const trimmed = text.trim();
  const fail = (why: string): Result<number, string> =>
    err(`cannot read ${shown(trimmed)} as a ${form.what}: ${why}`);
  if (trimmed === '' || trimmed.length > LONGEST_TEXT) return fail(`write ${form.form}`);
  if (/^[-\u2212]/.test(trimmed)) return fail('it must not be negative');
  let rest = trimmed;
  let total = 0;
  let previous = Number.POSITIVE_INFINITY;
  while (rest !== '') {
    const [part, digits, unit] = PART.exec(rest) ?? [];
    if (part === undefined || digits === undefined || unit === undefined) return fail(`write ${form.form}`);
    rest = rest.slice(part.length);
    if (unit === '' && rest !== '') return fail(`write ${form.form}`);
    if (unit === '')
      return fail(
        previous === Number.POSITIVE_INFINITY
          ? `give a unit, e.g. ${trimmed}${form.usualUnit}`
          : 'its last number has no unit',
      );
    const worth = form.units.get(form.ignoreCase ? unit.toLowerCase() : unit);
    if (worth === undefined)
      return fail(
        `unknown unit ${shown(unit)}${didYouMean(unit, form.units.keys()) || `, write ${form.form}`}`,
      );
    if (worth >= previous) return fail('its units must go from large to small, each once');
    previous = worth;
    total += Number(digits) * worth;
  }
  if (total > form.most.amount) return fail(`it is over ${form.most.text}`);
  if (total > 0 && total < 1) return fail(`it is below ${form.least}`);
  return ok(Math.round(total));
}

/** Reads `MIN..MAX`; a single quantity is both. */
export function parseQuantityRange(text: string, form: QuantityForm): Result<QuantityRange, string> {
  const dots = text.indexOf('..');
  const min = parseQuantity(dots < 0 ? text : text.slice(0, dots), form);
  if (!min.ok) return min;
  const max = dots < 0 ? min : parseQuantity(text.slice(dots + 2), form);
  if (!max.ok) return max;
  if (max.value < min.value)
    return err(`cannot read ${shown(text.trim())} as a range: its end is below its start`);
  return ok({ min: min.value, max: max.value });
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNIT_NAMES: readonly (readonly [worth: number, names: string])[] = [
  [1, 'ms msec msecs millisecond milliseconds'],
  [SECOND, 's sec secs second seconds'],
  [MINUTE, 'm min mins minute minutes'],
  [HOUR, 'h hr hrs hour hours'],
  [DAY, 'd day days'],
  [7 * DAY, 'w week weeks'],
];

export const DURATION_FORM = 'a duration such as 200ms, 90s, 5m, 1h30m or 7d';

const DURATION: QuantityForm = {
  what: 'duration',
  units: new Map(
    UNIT_NAMES.flatMap(([worth, names]) => names.split(' ').map((name) => [name, worth] as const)),
  ),
  ignoreCase: false, // M is no minute: in sizes it is a MiB
  usualUnit: 's',
  least: '1ms',
  most: { amount: 36_525 * DAY, text: '100 years' },
  form: DURATION_FORM,
};

/** Reads a duration such as `200ms`, `1h30m`, `1.5h` or `2 days` into whole milliseconds, 0 to 100 years. */
export function parseDuration(text: string): Result<number, string> {
  return parseQuantity(text, DURATION);
}

/** Reads `1s..1m` into milliseconds; a single duration is both ends. */
export function parseDurationRange(text: string): Result<QuantityRange, string> {
  return parseQuantityRange(text, DURATION);
}

/** A duration in milliseconds, exact to the millisecond: `1h30m`, `1.5s`, `0s`. What it gives for 0 or more, parseDuration reads back. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms);
  let rest = Math.round(Math.abs(ms));
  if (rest === 0) return '0s';
  let text = ms < 0 ? '-' : '';
  if (rest < SECOND) return `${text}${rest}ms`;
  for (const [worth, unit] of [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'm'],
  ] as const) {
    if (rest >= worth) text += `${Math.floor(rest / worth)}${unit}`;
    rest %= worth;
  }
  return rest === 0 ? text : `${text}${rest / SECOND}s`;
}

/** A duration in milliseconds for people, rounded to two units at most: `3d4h`, `12s`, `1.5s`, `340ms`. */
export function approximateDuration(ms: number): string {
  const size = Math.abs(ms);
  const steps = [
    [SECOND, 1],
    [10 * SECOND, 100],
    [HOUR, SECOND],
    [DAY, MINUTE],
  ] as const;
  const step = steps.find(([below]) => size < below)?.[1] ?? HOUR;
  return formatDuration(Math.round(ms / step) * step);
}
