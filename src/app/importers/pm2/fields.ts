import type { Diagnostic } from '../../../core/diagnostics.ts';
import type { YamlPath } from '../../../core/yaml-source.ts';
import { type Foreign, mistake } from '../foreign.ts';
import { canonicalKey, OWN_KEYS } from './options.ts';

/** The keys of one app, read one by one; what is wrong is reported, and reads as not written. */
export interface Fields {
  has(key: string): boolean;
  text(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  number(key: string): number | undefined;
  /** A list; a text is split into words as PM2 does, a single number is a list of one. */
  list(key: string): readonly string[] | undefined;
  /** Milliseconds, or with a unit: `5s`, `2m`, `1h`. */
  time(key: string): number | undefined;
  /** Bytes, or with a unit: `300M`. */
  size(key: string): number | undefined;
  raw(key: string): unknown;
  /** As it is written in the file: `exec_mode`, or another spelling of it. */
  spelling(key: string): string;
  complain(key: string, message: string): void;
  /** Keys that mean nothing outside of PM2, and keys that PM2 does not know either. */
  readonly own: readonly string[];
  readonly unknown: readonly string[];
  /** `env_NAME` by NAME. */
  readonly environments: ReadonlyMap<string, unknown>;
}

export function createFields(
  app: Readonly<Record<string, unknown>>,
  at: YamlPath,
  label: string,
  { foreign, file, diagnostics }: { foreign: Foreign; file: string; diagnostics: Diagnostic[] },
): Fields {
  const values = new Map<string, { readonly value: unknown; readonly spelling: string }>();
  const own: string[] = [];
  const unknown: string[] = [];
  const environments = new Map<string, unknown>();
  for (const [spelling, value] of Object.entries(app)) {
    if (value === undefined || value === null) continue;
    const key = canonicalKey(spelling);
    if (key !== undefined) {
      if (!values.has(key) || key === spelling) values.set(key, { value, spelling });
    } else if (/^env_\S/.test(spelling)) environments.set(spelling.slice(4), value);
    else if (OWN_KEYS.has(spelling)) own.push(spelling);
    else unknown.push(spelling);
  }
  const spelling = (key: string): string => values.get(key)?.spelling ?? key;
  const complain = (key: string, message: string): void => {
    const place = foreign.locate([...at, spelling(key)]);
    const found = mistake(file, `cannot use ${spelling(key)} of ${label}: ${message}`, place);
    // A key that is looked at twice is complained of once.
    if (!diagnostics.some((other) => other.message === found.message)) diagnostics.push(found);
  };
  const raw = (key: string): unknown => values.get(key)?.value;
  return {
    has: (key) => values.has(key),
    raw,
    spelling,
    complain,
    own,
    unknown,
    environments,
    ...readers(raw, complain),
  };
}

function readers(raw: (key: string) => unknown, complain: (key: string, message: string) => void) {
  const read = <T>(key: string, form: string, take: (value: unknown) => T | undefined): T | undefined => {
    const value = raw(key);
    if (value === undefined) return undefined;
    const taken = take(value);
    if (taken === undefined) complain(key, `${shown(value)} is not ${form}`);
    return taken;
  };
  return {
    text: (key: string) => read(key, 'text', textOf),
    flag: (key: string) => read(key, 'true or false', flagOf),
    number: (key: string) => read(key, 'a number', numberOf),
    list: (key: string) => read(key, 'a list of words', listOf),
    time: (key: string) =>
      read(key, 'a time: milliseconds, or 10s, 5m, 1h', (value) =>
        quantityOf(value, { s: 1_000, m: 60_000, h: 3_600_000 }),
      ),
    size: (key: string) =>
      read(key, 'a size: bytes, or 100K, 300M, 1G', (value) =>
        quantityOf(value, { K: 1_024, M: 1_048_576, G: 1_073_741_824 }),
      ),
  };
}

/** A value in a message; what is not simple may hold a secret, and is only named. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value)?.slice(0, 60) ?? 'this';
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && !value.includes('\0') ? value : undefined;
}

function flagOf(value: unknown): boolean | undefined {
  if (value === 'true' || value === 'false') return value === 'true';
  return typeof value === 'boolean' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function quantityOf(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return value >= 0 ? Math.round(value) : undefined;
  const [, digits, unit = ''] =
    (typeof value === 'string' && /^\s*(\d+)\s*([A-Za-z]?)[Bb]?\s*$/.exec(value)) || [];
  const worth = unit === '' ? 1 : (units[unit] ?? units[unit.toUpperCase()] ?? units[unit.toLowerCase()]);
  return digits === undefined || worth === undefined ? undefined : Number(digits) * worth;
}

function listOf(value: unknown): string[] | undefined {
  if (typeof value === 'string') return splitAsPm2(value);
  const items = Array.isArray(value) ? (value as unknown[]) : [value];
  const words = items.map(textOf);
  return words.every((word) => word !== undefined) ? words : undefined;
}

/**
 * Words parted by blanks. A word that is quoted as a whole loses its quotes; in `--name="a b"` they hold it together and stay,
 * as PM2 has it.
 */
export function splitAsPm2(text: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at++;
      continue;
    }
    const rest = text.slice(at);
    const [whole] = /^(?:"[^"]*"|'[^']*')/.exec(rest) ??
      /^[^\s"'=]+=(?:"[^"]*"|'[^']*')/.exec(rest) ??
      /^\S+/.exec(rest) ?? [''];
    at += whole.length;
    const word = /^(["']).*\1$/s.test(whole) && whole.length > 1 ? whole.slice(1, -1) : whole;
    if (word.trim() !== '') words.push(word);
  }
  return words;
}
