import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../program.ts';

export interface BenchOptions {
  readonly checks: number;
  /** From one look of a check to the next, ms. */
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** How long it is looked at, at least, ms. */
  readonly windowMs: number;
  /** How many targets of each sort begin to fail. */
  readonly failures: number;
  /** A monitor that needs longer for three rounds, or for the failures, is given up, ms. */
  readonly limitMs: number;
  /** Names of contestants; empty: all. */
  readonly only: readonly string[];
  /** File for the table. */
  readonly doc: string | undefined;
  /** Folder for the build and for everything that runs. */
  readonly temp: string | undefined;
  readonly keep: boolean;
}

export const USAGE = `node test/bench/watch/run.ts [OPTIONS]

  --checks N      checks: 60 % http, 30 % tcp, 10 % commands; a tenth of each never answers (1000)
  --every S       seconds from one look of a check to the next (10)
  --timeout S     seconds that a look may take (2); a round of Monit takes as long for each tenth check
  --window S      seconds over which looks, CPU and memory are taken, and at least two rounds (60)
  --failures N    targets of each sort that begin to fail, to see when that is known (20)
  --limit S       seconds after which a monitor is given up, for each of these two parts (3600)
  --only NAMES    contestants, with commas between: vahti, monit
  --quick         as a trial: --checks 100 --window 20 --failures 5
  --doc FILE      where the table goes (docs/bench-watch.md for whole runs; "none": nowhere)
  --temp FOLDER   where to build and run (a new one in the system's; deleted unless --keep)`;

/** The options, or what is wrong with the arguments. */
export function readOptions(args: readonly string[]): BenchOptions | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      checks: { type: 'string' },
      every: { type: 'string', default: '10' },
      timeout: { type: 'string' },
      window: { type: 'string' },
      failures: { type: 'string' },
      limit: { type: 'string', default: '3600' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      doc: { type: 'string' },
      temp: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'watches, side by side';
  const usual = values.quick ? [100, 2, 20, 5] : [1000, 2, 60, 20];
  const given = [values.checks, values.timeout, values.window, values.failures];
  const counts = given.map((value, i) => Number(value ?? usual[i]));
  const [checks = 0, timeout = 0, window = 0, failures = 0] = counts;
  const [every, limit] = [Number(values.every), Number(values.limit)];
  if (![...counts, every, limit].every((count) => Number.isSafeInteger(count) && count >= 1))
    return 'cannot use a count that is not a whole number';
  if (checks < 100 || failures * 20 > checks)
    return 'cannot use fewer than 100 checks, or than 20 for each failure';
  const only = values.only.split(',').filter((name) => name !== '');
  const whole = only.length === 0 && !values.quick;
  const doc = values.doc ?? (whole ? join(ROOT, 'docs/bench-watch.md') : 'none');
  return {
    checks,
    failures,
    only,
    everyMs: every * 1000,
    timeoutMs: timeout * 1000,
    windowMs: window * 1000,
    limitMs: limit * 1000,
    doc: doc === 'none' ? undefined : doc,
    temp: values.temp,
    keep: values.keep,
  };
}
