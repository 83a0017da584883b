/** How moments, durations, sizes and conditions are said everywhere on the page. */

export type Condition = 'ok' | 'stopped' | 'unknown' | 'late' | 'bad';

/** What is wrong comes first. */
export const WORST_FIRST: readonly Condition[] = ['bad', 'late', 'unknown', 'ok', 'stopped'];

export const CONDITION_WORDS: Readonly<Record<Condition, string>> = {
  ok: 'ok',
  stopped: 'stopped',
  unknown: 'unknown',
  late: 'late',
  bad: 'bad',
};

export function severity(condition: Condition): number {
  return WORST_FIRST.indexOf(condition);
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** `3 d 4 h`, `12 m`, `8 s`: two units at most, the second only where it says something. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const left = Math.max(0, ms);
  const at = UNITS.findIndex(([, size]) => left >= size);
  if (at === -1) return left < 1 ? '0 s' : `${Math.round(left)} ms`;
  const [unit, size] = UNITS[at] as (typeof UNITS)[number];
  const whole = Math.floor(left / size);
  const next = UNITS[at + 1];
  const rest = next === undefined ? 0 : Math.floor((left - whole * size) / next[1]);
  return next === undefined || rest === 0 || whole >= 10
    ? `${whole} ${unit}`
    : `${whole} ${unit} ${rest} ${next[0]}`;
}

/** How long ago: `now`, `12 s ago`. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  return ms < 1000 ? 'now' : `${duration(ms)} ago`;
}

/** How far ahead: `in 5 m`, `due`. */
export function ahead(at: number, now: number): string {
  return at <= now ? 'due' : `in ${duration(at - now)}`;
}

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

export function clock(ms: number): string {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

export function day(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** `14:05:09` today, else `11-20 14:05`; the reader's own time zone. */
export function moment(ms: number, now: number): string {
  if (day(ms) === day(now)) return clock(ms);
  const year = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return `${year ? day(ms).slice(5) : day(ms)} ${clock(ms).slice(0, 5)}`;
}

/** Exactly, with the zone: for tooltips. */
export function exact(ms: number): string {
  const zone = -new Date(ms).getTimezoneOffset();
  const sign = zone < 0 ? '-' : '+';
  const of = `UTC${sign}${pad(Math.floor(Math.abs(zone) / 60))}:${pad(Math.abs(zone) % 60)}`;
  return `${day(ms)} ${clock(ms)}.${pad(new Date(ms).getMilliseconds(), 3)} ${of}`;
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytes(value: number): string {
  let [rest, at] = [value, 0];
  while (rest >= 1024 && at < SIZES.length - 1) [rest, at] = [rest / 1024, at + 1];
  return `${rest >= 100 || at === 0 ? Math.round(rest) : rest.toFixed(1)} ${SIZES[at]}`;
}

/** Making one for each number takes longer than all that is done with it. */
const GROUPED = new Intl.NumberFormat('en');

/** `12,345`, `1.2 M`. */
export function count(value: number): string {
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (!Number.isInteger(value) && Math.abs(value) < 100) return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
  return GROUPED.format(Math.round(value));
}

/** A figure of a service as people read it. */
export function figure(name: string, value: number): string {
  if (name === 'memory') return bytes(value);
  if (name === 'lag' || name === 'oldest') return duration(value);
  if (name === 'rate') return `${count(value)}/s`;
  return count(value);
}

/** `watch:lag` is the watch lag. */
export function figureName(name: string): string {
  return name.startsWith('watch:') ? name.slice('watch:'.length) : name;
}

export const LEVEL_NAMES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LevelName = (typeof LEVEL_NAMES)[number];

/** 1 to 24, in ranges of four, as OpenTelemetry has them. */
export function levelName(level: number): LevelName {
  return LEVEL_NAMES[Math.min(5, Math.max(0, Math.floor((level - 1) / 4)))] ?? 'info';
}
