import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../program.ts';

export const PARTS = ['overhead', 'latency', 'backlog'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  /** Files that wait in the part `backlog`. */
  readonly files: number;
  /** Files of one repetition of the part `overhead`, and how many repetitions there are. */
  readonly each: number;
  readonly repeats: number;
  /** Files of which the latency is taken, idle and under load. */
  readonly probes: number;
  readonly idleMs: number;
  readonly only: readonly Part[];
  readonly doc: string | undefined;
  readonly temp: string | undefined;
  readonly keep: boolean;
}

export const USAGE = `node test/bench/pipeline/run.ts [OPTIONS]

  --files N       files that wait in the part "backlog" (100000)
  --each N        files of one repetition of the part "overhead" (500)
  --repeats N     repetitions of it, all contestants after each other (3)
  --probes N      files of which the latency is taken (100)
  --idle S        seconds over which idle CPU is counted (20)
  --only PARTS    with commas between: ${PARTS.join(', ')}
  --doc FILE      where the page goes (docs/bench-pipeline.md for whole runs; "none": nowhere)
  --temp FOLDER   where to build and run (a new one in the system's; deleted unless --keep)`;

/** The options, or what is wrong with the arguments. */
export function readOptions(args: readonly string[]): BenchOptions | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: 'string', default: '100000' },
      each: { type: 'string', default: '500' },
      repeats: { type: 'string', default: '3' },
      probes: { type: 'string', default: '100' },
      idle: { type: 'string', default: '20' },
      only: { type: 'string', default: '' },
      doc: { type: 'string' },
      temp: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'a pipeline, side by side';
  const counts = [values.files, values.each, values.repeats, values.probes, values.idle].map(Number);
  if (counts.some((count) => !Number.isSafeInteger(count) || count < 1))
    return 'cannot use a count that is not a whole number above 0';
  const [files = 0, each = 0, repeats = 0, probes = 0, idle = 0] = counts;
  const named = values.only.split(',').filter((name) => name !== '');
  const unknown = named.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) return `cannot find a part "${unknown}": there are ${PARTS.join(', ')}`;
  const only = named.length === 0 ? PARTS : PARTS.filter((part) => named.includes(part));
  const doc = values.doc ?? (named.length === 0 ? join(ROOT, 'docs/bench-pipeline.md') : 'none');
  const { temp, keep } = values;
  const own = { doc: doc === 'none' ? undefined : doc, temp, keep };
  return { files, each, repeats, probes, idleMs: idle * 1000, only, ...own };
}
