import { ROOT } from '../program.ts';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly services: number;
  readonly repeats: number;
  /** Names of contestants; empty: all. */
  readonly only: readonly string[];
  /** How long CPU is counted while nothing happens, ms. */
  readonly idleMs: number;
  /** How long a crash loop is looked at, ms; 0: not at all. */
  readonly loopMs: number;
  /** Whether one service alone is measured too. */
  readonly one: boolean;
  /** File for the tables. */
  readonly doc: string | undefined;
  /** Folder for the build and for everything that runs. */
  readonly temp: string | undefined;
  readonly keep: boolean;
}

export const USAGE = `node test/bench/supervision/run.ts [OPTIONS]

  --services N    services of the large round (100)
  --repeats N     times that everything but the crash loops is measured (2)
  --only NAMES    contestants, with commas between: vahti, pm2, supervisord
  --idle S        seconds over which idle CPU is counted (30)
  --loop S        seconds that a crash loop is looked at (60; 0: no crash loops)
  --no-one        without the round of one service
  --doc FILE      where the tables go (docs/bench-supervision.md for whole runs; "none": nowhere)
  --temp FOLDER   where to build and run (a new one in the system's; deleted unless --keep)`;

/** The options, or what is wrong with the arguments. */
export function readOptions(args: readonly string[]): BenchOptions | string {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      services: { type: 'string', default: '100' },
      repeats: { type: 'string', default: '2' },
      only: { type: 'string', default: '' },
      idle: { type: 'string', default: '30' },
      loop: { type: 'string', default: '60' },
      one: { type: 'boolean', default: true },
      doc: { type: 'string' },
      temp: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'supervision, side by side';
  const [services, repeats, idle, loop] = [values.services, values.repeats, values.idle, values.loop].map(
    Number,
  );
  if (!isCount(services, 1) || !isCount(repeats, 1) || !isCount(idle, 1) || !isCount(loop, 0))
    return 'cannot use a count that is not a whole number';
  const only = values.only.split(',').filter((name) => name !== '');
  const whole = only.length === 0 && values.one && loop > 0;
  const doc = values.doc ?? (whole ? join(ROOT, 'docs/bench-supervision.md') : 'none');
  const { one, temp, keep } = values;
  const times = { idleMs: idle * 1_000, loopMs: loop * 1_000 };
  return { services, repeats, only, ...times, one, temp, keep, doc: doc === 'none' ? undefined : doc };
}

function isCount(value: number | undefined, least: number): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= least;
}
