import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { number } from '../number-text.ts';
import { median, table } from '../table.ts';
import { type Cost, costOf, has, word } from './cost.ts';
import { makeParts } from './made-up-parts.ts';
import { runsVerb } from './contestant.ts';

export interface ArchiveTrial extends Cost {
  /** Of all archives. */
  readonly bytes: number;
}

interface Contestant {
  readonly title: string;
  /** Programs that it needs. */
  readonly needs: readonly string[];
  readonly ending: string;
  command(root: string, state: string): string;
}

/** Each file compressed, read back and hashed, then removed: what cron lines can do to be as sure, on all cores. */
const chain = (packer: string, tester: string, ending: string, atOnce: number) => (root: string) => {
  const steps = `${packer} "$1" > "$1.${ending}" && ${tester} "$1.${ending}" && sha256sum "$1" && rm "$1"`;
  return `find ${word(root)} -name '*.ndjson' -path '*/20*' -print0 | xargs -0 -n1 -P${atOnce} sh -c '${steps}' sh`;
};

const CORES = availableParallelism();

const CONTESTANTS: readonly Contestant[] = [
  {
    title: 'Vahti, `archive`',
    needs: [],
    ending: 'zst',
    command: (root, state) => runsVerb('archive', state, { root }),
  },
  {
    title: '`zstd -3 && zstd -t && sha256sum`',
    needs: ['zstd'],
    ending: 'zst',
    command: chain('zstd -q -3 -c', 'zstd -q -t', 'zst', CORES),
  },
  {
    title: 'Vahti, `archive` with `to: gz`',
    needs: [],
    ending: 'gz',
    command: (root, state) => runsVerb('archive', state, { root, to: 'gz' }),
  },
  {
    title: '`pigz -6 && pigz -t && sha256sum`',
    needs: ['pigz'],
    ending: 'gz',
    // It takes all cores by itself.
    command: chain('pigz -6 -c', 'pigz -t', 'gz', 1),
  },
];

export interface ArchiveOptions {
  readonly folder: string;
  readonly megabytes: number;
  readonly files: number;
  readonly rounds: number;
}

/** Every contestant so often, in alternating order; and who could not run. */
export function benchArchive({ folder, megabytes, files, rounds }: ArchiveOptions): string {
  const source = join(folder, 'archive-source');
  makeParts(source, files, megabytes * 1e6);
  const trials = new Map<Contestant, ArchiveTrial[]>();
  const able = CONTESTANTS.filter(({ needs }) => needs.every(has));
  for (let round = 0; round < rounds; round += 1)
    for (const contestant of round % 2 === 0 ? able : able.toReversed()) {
      const trial = trialOf(contestant, source, folder);
      trials.set(contestant, [...(trials.get(contestant) ?? []), trial]);
      console.error(
        `${contestant.title}: ${number(trial.cpu, 2)} s of processor, ${number(trial.wall, 2)} s`,
      );
    }
  rmSync(source, { recursive: true });
  const rows = CONTESTANTS.map((contestant) => {
    const all = trials.get(contestant) ?? [];
    if (all.length === 0) return [contestant.title, `not run: no ${contestant.needs.join(', ')}`, '', '', ''];
    const cpu = median(all.map((trial) => trial.cpu));
    return [
      contestant.title,
      number(cpu, 2),
      number(megabytes / cpu),
      number(median(all.map(({ wall }) => wall)), 2),
      number((megabytes * 1e6) / median(all.map(({ bytes }) => bytes)), 2),
    ];
  });
  return table(
    [`${number(megabytes)} MB in ${files} files`, 'CPU s', 'MB per CPU-second', 'wall s', 'ratio'],
    rows,
  );
}

function trialOf({ command, ending }: Contestant, source: string, folder: string): ArchiveTrial {
  const [root, state] = [join(folder, 'archive-run'), join(folder, 'archive-state')];
  execFileSync('cp', ['-a', source, root]);
  mkdirSync(state);
  execFileSync('sync');
  try {
    const cost = costOf(command(root, state));
    const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
    const left = names.filter((name) => name.endsWith('.ndjson') && !name.startsWith('.vahti'));
    if (left.length > 0) throw new Error(`${left.length} files are not archived`);
    const archives = names.filter((name) => name.endsWith(`.ndjson.${ending}`));
    return { ...cost, bytes: archives.reduce((sum, name) => sum + statSync(join(root, name)).size, 0) };
  } finally {
    for (const each of [root, state]) rmSync(each, { recursive: true, force: true });
  }
}
