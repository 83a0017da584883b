import { LEVELS } from '../../core/record.ts';

/** What one line of a program's output says: its level, message and named values. */
export interface ParsedLine {
  /** 1 to 24, see LEVELS; info where the line says nothing. */
  readonly level: number;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** What it is, where a built-in service marks more than a log line. */
  readonly kind?: 'gap';
  /** The line's own time, integer microseconds UTC, where it has a believable one. */
  readonly time?: number;
}

/** Beyond these a JSON line stays raw text. */
const MOST_FIELDS = 50;
const LONGEST_FIELDS = 16_384;
/** A level word is looked for in so many first characters of a plain line. */
const HEAD = 80;
/** A line's own time counts when it is within a day of its receipt. */
const DAY_MS = 86_400_000;

/** Syslog severities 0 to 7 as OpenTelemetry maps them (logs/data-model-appendix). */
const SYSLOG = [LEVELS.fatal, 19, 18, LEVELS.error, LEVELS.warn, 10, LEVELS.info, LEVELS.debug] as const;

const WORDS: Readonly<Record<string, number>> = {
  trace: LEVELS.trace,
  debug: LEVELS.debug,
  info: LEVELS.info,
  information: LEVELS.info,
  notice: 10,
  warn: LEVELS.warn,
  warning: LEVELS.warn,
  err: LEVELS.error,
  error: LEVELS.error,
  severe: LEVELS.error,
  alert: 19,
  crit: LEVELS.fatal,
  critical: LEVELS.fatal,
  fatal: LEVELS.fatal,
  panic: LEVELS.fatal,
  emerg: LEVELS.fatal,
  emergency: LEVELS.fatal,
};

const WORD = Object.keys(WORDS).join('|');
const NAMED = new RegExp(`\\b(?:level|lvl|severity)["']?\\s*[=:]\\s*["']?(${WORD})\\b`, 'i');
const BRACKETED = new RegExp(`[[<(](${WORD})[\\])>]`, 'i');
const COLOUR = new RegExp('\u001b\\[[0-9;]*m', 'g');
const SHOUTED = new RegExp(`\\b(${WORD.toUpperCase()})\\b`);

/** Reads one line. @param now wall milliseconds of its receipt. */
export function parseLine(text: string, now: number): ParsedLine {
  const prefix = /^<([0-7])>/.exec(text);
  const rest = prefix === null ? text : text.slice(3);
  const parsed = parseJson(rest, now) ?? { level: plainLevel(rest), message: rest };
  return prefix === null ? parsed : { ...parsed, level: SYSLOG[Number(prefix[1])] ?? LEVELS.info };
}

function plainLevel(text: string): number {
  const head = text.slice(0, HEAD).replaceAll(COLOUR, ' ');
  const word = (NAMED.exec(head) ?? BRACKETED.exec(head) ?? SHOUTED.exec(head))?.[1];
  return (word === undefined ? undefined : WORDS[word.toLowerCase()]) ?? LEVELS.info;
}

function parseJson(text: string, now: number): ParsedLine | undefined {
  if (!text.startsWith('{') || !text.trimEnd().endsWith('}')) return undefined;
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const used = new Set<string>();
  const level = firstOf(line, ['level', 'severity', 'lvl', 'priority'], used, levelOf) ?? LEVELS.info;
  const message = firstOf(line, ['msg', 'message'], used, (_key, value) =>
    typeof value === 'string' ? value : undefined,
  );
  const time = firstOf(line, ['time', 'ts', 'timestamp'], used, (_key, value) => timeOf(value, now));
  const timed = time === undefined ? {} : { time };
  const kind = line['vahti'] === 'gap' ? ({ kind: 'gap' } as const) : {};
  if ('kind' in kind) used.add('vahti');
  const left = Object.entries(line).filter(([key]) => !used.has(key));
  if (left.length === 0) return { level, message: message ?? text, ...timed };
  if (left.length > MOST_FIELDS || text.length > LONGEST_FIELDS) return { level, message: text, ...timed };
  return { level, message: message ?? text, fields: Object.fromEntries(left), ...timed, ...kind };
}

/** The first of the keys that can be read; it is taken out of the fields. */
function firstOf<T>(
  line: Record<string, unknown>,
  keys: readonly string[],
  used: Set<string>,
  read: (key: string, value: unknown) => T | undefined,
): T | undefined {
  for (const key of keys) {
    const value = Object.hasOwn(line, key) ? read(key, line[key]) : undefined;
    if (value === undefined) continue;
    used.add(key);
    return value;
  }
  return undefined;
}

function levelOf(key: string, value: unknown): number | undefined {
  if (typeof value === 'string') {
    return /^\d{1,2}$/.test(value) ? levelOf(key, Number(value)) : WORDS[value.toLowerCase()];
  }
  if (typeof value !== 'number') return undefined;
  if (key === 'priority') return SYSLOG[value];
  // Pino and Bunyan: 10 trace, 20 debug, … 60 fatal; what is between belongs to the lower one.
  if (value < 10 || value > 60) return undefined;
  return 1 + 4 * (Math.floor(value / 10) - 1);
}

/** ISO text, or a number of seconds, milliseconds, microseconds or nanoseconds: whichever is within a day of now. */
function timeOf(value: unknown, now: number): number | undefined {
  const near = (ms: number): boolean => Math.abs(ms - now) <= DAY_MS;
  if (typeof value === 'string') {
    const ms = Date.parse(value);
    return near(ms) ? Math.round(ms * 1000) : undefined;
  }
  if (typeof value !== 'number') return undefined;
  const ms = [value, value * 1000, value / 1000, value / 1e6].find(near);
  return ms === undefined ? undefined : Math.round(ms * 1000);
}
