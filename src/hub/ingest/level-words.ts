import { LEVELS } from '../../core/record.ts';

/** The words for levels that loggers, shippers and syslog use. */
const WORDS: Readonly<Record<string, number>> = {
  trace: LEVELS.trace,
  verbose: LEVELS.trace,
  silly: LEVELS.trace,
  finest: LEVELS.trace,
  debug: LEVELS.debug,
  fine: LEVELS.debug,
  info: LEVELS.info,
  information: LEVELS.info,
  informational: LEVELS.info,
  log: LEVELS.info,
  http: LEVELS.info,
  notice: LEVELS.info + 1,
  warn: LEVELS.warn,
  warning: LEVELS.warn,
  error: LEVELS.error,
  err: LEVELS.error,
  severe: LEVELS.error,
  fatal: LEVELS.fatal,
  critical: LEVELS.fatal,
  crit: LEVELS.fatal,
  panic: LEVELS.fatal,
  alert: LEVELS.fatal + 1,
  emerg: LEVELS.fatal + 3,
  emergency: LEVELS.fatal + 3,
};

/** What pino and bunyan number by tens. */
const TENS = [LEVELS.trace, LEVELS.debug, LEVELS.info, LEVELS.warn, LEVELS.error, LEVELS.fatal] as const;

/** A level (1 to 24) of a word such as `Warning` or a number of pino's such as `40`; undefined where it is neither. */
export function levelOfWord(word: string): number | undefined {
  if (/^[1-6]0$/.test(word)) return TENS[Number(word) / 10 - 1];
  const small = word.toLowerCase();
  return Object.hasOwn(WORDS, small) ? WORDS[small] : undefined;
}
