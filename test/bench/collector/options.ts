import { ROOT } from '../program.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Recorded frames of the network, which are shared beside the project and not in it. */
const REAL_FRAMES = join(ROOT, '../shared/data/firehose/frames.bin');

export interface BenchOptions {
  readonly frames: number;
  readonly repeats: number;
  /** Names of contestants; empty: all. */
  readonly only: readonly string[];
  readonly sources: readonly Source[];
  /** Frames of one more round, from this far behind; 0: none. */
  readonly catchUp: number;
  /** File for the table. */
  readonly doc: string | undefined;
  /** Folder for builds, packages and collected files. */
  readonly temp: string | undefined;
  readonly keep: boolean;
}

export interface Source {
  readonly name: string;
  /** Recorded frames; undefined: they are made up. */
  readonly file: string | undefined;
}

export const USAGE = `node test/bench/collector/run.ts [OPTIONS]

  --frames N      frames of a trial (200000)
  --repeats N     trials of each contestant, in alternating order (3)
  --catch-up N    one more round of all with so many frames (0: none)
  --only NAMES    contestants, with commas between
  --sources NAMES synthetic, real (both, where ../shared has recorded frames)
  --doc FILE      where the table goes (docs/bench-collector.md for whole runs; "none": nowhere)
  --temp FOLDER   where to build, install and collect (a new one in the system's; deleted unless --keep)`;

/** The options, or what is wrong with the arguments. */
export function readOptions(args: readonly string[]): BenchOptions | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      frames: { type: 'string', default: '200000' },
      repeats: { type: 'string', default: '3' },
      'catch-up': { type: 'string', default: '0' },
      only: { type: 'string', default: '' },
      sources: { type: 'string', default: 'synthetic,real' },
      doc: { type: 'string' },
      temp: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'collectors, side by side';
  const [frames, repeats, catchUp] = [values.frames, values.repeats, values['catch-up']].map(Number);
  if (!isCount(frames, 1) || !isCount(repeats, 1) || !isCount(catchUp, 0))
    return 'cannot use a count that is not a whole number';
  const only = split(values.only);
  const whole = only.length === 0;
  const doc = values.doc ?? (whole ? join(ROOT, 'docs/bench-collector.md') : undefined);
  const all: readonly Source[] = [
    { name: 'synthetic', file: undefined },
    { name: 'real', file: REAL_FRAMES },
  ];
  const wanted = split(values.sources);
  const sources = all.filter(
    ({ name, file }) => wanted.includes(name) && (file === undefined || existsSync(file)),
  );
  if (sources.length === 0) return `cannot find frames for ${values.sources}`;
  const kept = { frames, repeats, catchUp, only, sources, temp: values.temp, keep: values.keep };
  return { ...kept, doc: doc === 'none' ? undefined : doc };
}

function split(list: string): string[] {
  return list.split(',').filter((name) => name !== '');
}

function isCount(value: number | undefined, least: number): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= least;
}
