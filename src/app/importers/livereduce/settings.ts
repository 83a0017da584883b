import { didYouMean } from '../../../core/suggest.ts';
import { isObject } from './read-json.ts';

/** What livereduce makes of its config: livereduce.py and livereduce_watchdog.sh, v1.22. */

/** The keys of the watchdog, seconds. */
export interface Watchdog {
  readonly interval: number;
  readonly threshold: number;
}

export interface Settings {
  readonly watchdog: Watchdog;
  /** What the watchdog could not use, and took its default for. */
  readonly replaced: readonly string[];
  /** What livereduce itself ends at, or takes no notice of. */
  readonly strange: readonly string[];
  /** The keys that are livereduce's own business. */
  readonly own: readonly string[];
}

const WATCHDOG: Watchdog = { interval: 60, threshold: 300 };
/** A threshold below this is a mistake, for livereduce as here. */
const LEAST_THRESHOLD = 20;
/** 100 years; more is no duration for Vahti. */
const MOST_SECONDS = 36_525 * 86_400;

/** Python's int(): a number loses its fraction, a text has none. */
const isInteger = (value: unknown): boolean =>
  typeof value === 'boolean' ||
  typeof value === 'number' ||
  (typeof value === 'string' && /^\s*[-+]?\d+(?:_\d+)*\s*$/.test(value));
const isNumber = (value: unknown): boolean => typeof value === 'number';

interface Need {
  /** What livereduce.py needs the value to be. */
  readonly form: string;
  readonly fits: (value: unknown) => boolean;
  readonly otherwise: string;
}

const ENDS = 'livereduce ends with code 1 at it';
const NEEDS: Readonly<Record<string, Need>> = {
  update_every: { form: 'a number of seconds', fits: isInteger, otherwise: ENDS },
  accum_method: {
    form: 'Add, Replace or Append',
    fits: (value) => value === 'Add' || value === 'Replace' || value === 'Append',
    otherwise: ENDS,
  },
  system_mem_limit_perc: { form: 'a number', fits: isNumber, otherwise: ENDS },
  mem_check_interval_sec: {
    form: 'a number of seconds',
    fits: isNumber,
    otherwise: 'its memory limit ends with it',
  },
};
const KEYS: readonly string[] = [
  'instrument',
  'PIXI_ENV',
  'CONDA_ENV',
  'script_dir',
  'update_every',
  'preserve_events',
  'accum_method',
  'periods',
  'spectra',
  'system_mem_limit_perc',
  'mem_check_interval_sec',
];

/** Reads what the watchdog would do, and what else there is. Never quotes a text of the file. */
export function readSettings(config: Readonly<Record<string, unknown>>): Settings {
  const replaced: string[] = [];
  const strange: string[] = [];
  const written = config['watchdog'] ?? {};
  const section = isObject(written) ? written : {};
  if (section !== written)
    replaced.push(`watchdog is ${shown(written)}, no map of keys: its defaults are taken`);
  const watchdog = {
    interval: secondsOf(section, 'interval', 1, replaced),
    threshold: secondsOf(section, 'threshold', LEAST_THRESHOLD, replaced),
  };
  const own = Object.keys(config).filter((key) => KEYS.includes(key));
  for (const [key, { form, fits, otherwise }] of Object.entries(NEEDS)) {
    const value = config[key] ?? undefined;
    if (value !== undefined && !fits(value))
      strange.push(`${key} is ${shown(value)}, not ${form}: ${otherwise}`);
  }
  if (own.includes('spectra')) strange.push('spectra has no effect: Mantid calls it SpectraList');
  for (const key of unknownKeys(config, section)) strange.push(`unknown key: ${key}`);
  return { watchdog, replaced, strange, own };
}

function unknownKeys(
  config: Readonly<Record<string, unknown>>,
  section: Readonly<Record<string, unknown>>,
): string[] {
  const among = (written: object, known: readonly string[], prefix: string): string[] =>
    Object.keys(written)
      .filter((key) => !known.includes(key))
      .map((key) => `${prefix}${key}${didYouMean(key, known)}`);
  return [...among(config, [...KEYS, 'watchdog'], ''), ...among(section, Object.keys(WATCHDOG), 'watchdog.')];
}

/** As the watchdog reads a number: whole seconds, also as a text; null and false are none. */
function secondsOf(
  section: Readonly<Record<string, unknown>>,
  key: keyof Watchdog,
  least: number,
  replaced: string[],
): number {
  const value = section[key] ?? false;
  if (value === false) return WATCHDOG[key];
  const isScalar = typeof value === 'number' || typeof value === 'string';
  const seconds = isScalar && /^[1-9]\d*$/.test(String(value)) ? Number(value) : Number.NaN;
  if (seconds >= least && seconds <= MOST_SECONDS) return seconds;
  const form = least === 1 ? 'a whole number of seconds' : `a whole number of seconds, ${least} or more`;
  replaced.push(`watchdog.${key} is ${shown(value)}, not ${form}: its default, ${WATCHDOG[key]}, is taken`);
  return WATCHDOG[key];
}

/** A value of the file in a sentence: a number as it is, a text never. */
function shown(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return 'a text';
  return Array.isArray(value) ? 'a list' : 'a map';
}
