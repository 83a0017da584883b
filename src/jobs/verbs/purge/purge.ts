import { resolve } from 'node:path';
import { didYouMean } from '../../../core/suggest.ts';
import type { VerbFacts, VerbKind } from '../../../core/verb.ts';
import { type PurgeOptions, purgeOptions } from './options.ts';

/** The verbs that read back from elsewhere what they have sent there. */
const PROVING: readonly string[] = ['sync'];

/** `purge: DIR`: deletes what is old enough and proved elsewhere, and nothing else, ever. */
export const purgeKind: VerbKind<PurgeOptions> = {
  verb: 'purge',
  main: 'root',
  options: purgeOptions,
  paths: ['root'],
  problems(options, facts) {
    const names = options['proved-by'] ?? [];
    if (names.length === 0)
      return [
        'cannot do without "proved-by": nothing is deleted that no job has proved elsewhere by its checksum',
      ];
    const problems = names.flatMap((name) => problemOf(name, options, facts));
    const most = new Set(names.map((name) => targetOf(name, facts))).size;
    const copies = options.copies ?? new Set(names).size;
    if (problems.length === 0 && copies > most)
      problems.push(
        `cannot have ${copies} copies on places of their own: the jobs of "proved-by" copy to ${most === 1 ? 'one place' : `${most} places`}`,
      );
    if (options.older < 60_000) problems.push('cannot use less than 1m for "older"');
    return problems;
  },
  open: (options) => ({
    async run(context) {
      const { runPurge } = await import('./run.ts');
      return runPurge(options, context);
    },
  }),
};

function problemOf(name: string, { root }: PurgeOptions, { folder, jobs }: VerbFacts): readonly string[] {
  const job = jobs.get(name);
  if (job === undefined) {
    const proving = [...jobs].filter(([, { verb }]) => PROVING.includes(verb)).map(([other]) => other);
    return [`cannot be proved by ${JSON.stringify(name)}: there is no such job${didYouMean(name, proving)}`];
  }
  if (!PROVING.includes(job.verb))
    return [
      `cannot be proved by ${JSON.stringify(name)}: ${job.verb} proves no copy elsewhere; ${PROVING.join(', ')} does`,
    ];
  const other = rootOf(job);
  if (other === undefined || resolve(folder, other) === resolve(folder, root)) return [];
  return [
    `cannot be proved by ${JSON.stringify(name)}: it copies ${other}, and what is purged lies in ${root}`,
  ];
}

/** The folder that a job works on: its verb's main option, under either name. */
function rootOf({
  verb,
  options,
}: {
  readonly verb: string;
  readonly options: Readonly<Record<string, unknown>>;
}) {
  const written = options['root'] ?? options[verb];
  return typeof written === 'string' ? written : undefined;
}

function targetOf(name: string, { jobs }: VerbFacts): unknown {
  return jobs.get(name)?.options['to'] ?? name;
}
