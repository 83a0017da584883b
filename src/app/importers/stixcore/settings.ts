import { isAbsolute, resolve } from 'node:path';
import { formatDuration } from '../../../core/durations.ts';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { mistake, readForeign } from '../foreign.ts';
import { withoutTilde } from '../paths.ts';
import { interpolated, readIni, type Sections, written } from './ini.ts';

/** Both count as within. */
interface Range {
  readonly least: number;
  readonly most: number;
}

/** What a TCP port can be. */
export const PORTS: Range = { least: 1, most: 65_535 };

/** The options of STIXCore's config as it reads them; each that cannot be used is a mistake, and its default counts. */
export interface Settings {
  readonly sections: Sections;
  /** Undefined where it is not set, or empty. */
  text(section: string, key: string): string | undefined;
  /** As Python's getboolean. */
  flag(section: string, key: string, byDefault: boolean): boolean;
  whole(section: string, key: string, byDefault: number, range?: Range): number;
  /** Words with commas between. */
  list(section: string, key: string, byDefault: readonly string[]): readonly string[];
  /** A quantity of astropy such as `14d` or `1 min`, as a duration. */
  time(section: string, key: string, byDefault: string): string;
  /** Absolute, without `~`, dots or a slash at its end; undefined where it is not set. */
  path(section: string, key: string): string | undefined;
  complain(section: string, key: string, why: string): void;
}

/**
 * Reads the config of the package, where one is named, and what the user's own puts over it.
 * @param cwd where STIXCore is started: what relative paths are relative to.
 */
export function readSettings(
  files: readonly string[],
  cwd: string | undefined,
  diagnostics: Diagnostic[],
): Settings {
  const sections: Sections = new Map();
  for (const file of files) {
    const text = readForeign(file);
    if (text.ok) readIni(text.value, file, sections, diagnostics);
    else diagnostics.push(text.error);
  }
  const complain = (section: string, key: string, why: string): void => {
    const at = written(sections, section, key);
    const found = mistake(at?.file ?? files[0] ?? '', `cannot use ${key} of [${section}]: ${why}`, at);
    // What several keys are made of is read several times.
    if (!diagnostics.some(({ message, line }) => message === found.message && line === found.line))
      diagnostics.push(found);
  };
  const text = (section: string, key: string): string | undefined => {
    const found = written(sections, section, key);
    if (found === undefined) return undefined;
    const value = interpolated(sections, section, found.value);
    if (!value.ok) complain(section, key, value.error);
    return value.ok && value.value !== '' ? value.value : undefined;
  };
  return { sections, complain, text, ...typed(text, complain), path: pathIn(cwd, text, complain) };
}

type Typed = Pick<Settings, 'flag' | 'whole' | 'list' | 'time'>;

function typed(text: Settings['text'], complain: Settings['complain']): Typed {
  return {
    flag(section, key, byDefault) {
      const value = text(section, key)?.toLowerCase();
      if (value === undefined) return byDefault;
      if (['1', 'yes', 'true', 'on'].includes(value)) return true;
      if (!['0', 'no', 'false', 'off'].includes(value)) complain(section, key, 'write True or False');
      return false;
    },
    whole(section, key, byDefault, range) {
      const value = text(section, key);
      if (value === undefined) return byDefault;
      const { least, most } = range ?? { least: -999_999_999, most: 999_999_999 };
      const number = /^[-+]?\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= least && number <= most) return number;
      complain(
        section,
        key,
        range === undefined ? 'write a whole number' : `write a whole number from ${least} to ${most}`,
      );
      return byDefault;
    },
    list(section, key, byDefault) {
      const words = (text(section, key) ?? '').split(',').map((each) => each.trim());
      const found = words.filter((each) => each !== '');
      return found.length === 0 ? byDefault : found;
    },
    time(section, key, byDefault) {
      const value = text(section, key);
      if (value === undefined) return byDefault;
      const ms = quantity(value);
      if (ms === undefined) complain(section, key, 'write a quantity of time such as 14d or 1min');
      return ms === undefined ? byDefault : formatDuration(ms);
    },
  };
}

function pathIn(
  cwd: string | undefined,
  text: Settings['text'],
  complain: Settings['complain'],
): Settings['path'] {
  return (section, key) => {
    const value = text(section, key);
    if (value === undefined) return undefined;
    const whole = withoutTilde(value);
    // Paths are compared with those of the config, which have no slash at their end.
    if (isAbsolute(whole)) return resolve(whole);
    // STIXCore takes it from where it is started: the WorkingDirectory of its unit.
    if (cwd !== undefined) return resolve(cwd, whole);
    complain(section, key, 'it is relative to where STIXCore is started; say that with --cwd');
    return undefined;
  };
}

/** astropy.units of time, and what each is worth in milliseconds. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:s|second)s?$/, 1000],
  [/^(?:min|minute)s?$/, 60_000],
  [/^(?:h|hr|hour)s?$/, 3_600_000],
  [/^(?:d|day)s?$/, 86_400_000],
  [/^(?:wk|week)s?$/, 604_800_000],
  [/^(?:fortnight)s?$/, 1_209_600_000],
  [/^(?:yr|year|a)s?$/, 31_557_600_000],
];

function quantity(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const worth = UNITS.find(([name]) => name.test(unit ?? ''))?.[1];
  return number === undefined || worth === undefined ? undefined : Math.round(Number(number) * worth);
}
