import { jobLaunchOf } from '../app/job-launch.ts';
import type { Plan } from '../app/plan.ts';
import { runVerb } from '../app/run-verb.ts';
import { systemClock } from '../core/clock.ts';
import { lockFolder } from '../core/folder-lock.ts';
import { dirname } from 'node:path';
import { mkdirSync } from 'node:fs';
import type { PlannedJob } from '../jobs/job.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { printable } from './output.ts';
import { findJob } from './run-job-unit.ts';
import { listenForEnd } from './signals.ts';

export interface RunJobOptions {
  /** The name that a daemon gave this run; undefined where a person runs it by hand. */
  readonly run: string | undefined;
  readonly set: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
}

/** Runs the verb of a job in this process. Resolves with the exit code. */
export async function runJob(name: string, plan: Plan, options: RunJobOptions): Promise<number> {
  const job = findJob(plan, name);
  if (job.verb === 'run')
    throw new CommandError(
      'usage',
      `cannot run ${name} in the foreground: it is a command; write vahti jobs run ${name} -f`,
    );
  const release = options.run === undefined ? lockState(plan, name) : () => {};
  const env = options.run === undefined ? await environmentOf(job, plan) : inherited();
  const { signal, release: unlisten } = listenForEnd();
  try {
    const ended = await runVerb(job, plan, {
      env,
      signal,
      clock: systemClock,
      set: options.set,
      dryRun: options.dryRun,
      run: options.run ?? 'by-hand',
      tells: options.run !== undefined,
      say: (line) => void process.stdout.write(`${printable(line)}\n`),
    });
    if (!ended.ok) throw new CommandError('failed', ended.error);
    process.stdout.write(`${printable(ended.value.summary)}\n`);
    return ended.value.kind === 'failed' ? EXIT.failed.code : EXIT.ok.code;
  } finally {
    unlisten();
    release();
  }
}

/** A daemon may run the same job at the same time: then it has to be asked. */
function lockState(plan: Plan, name: string): () => void {
  mkdirSync(plan.state, { recursive: true, mode: 0o700 });
  const locked = lockFolder(plan.state, { what: `vahti run job/${name}`, clock: systemClock });
  if (locked.ok) return () => locked.value.release();
  throw new CommandError('locked', `${locked.error.message}; write vahti jobs run ${name} -f`);
}

async function environmentOf(job: PlannedJob, plan: Plan): Promise<Readonly<Record<string, string>>> {
  const now = systemClock.now();
  const run = { run: 'by-hand', attempt: 1, due: now, cause: 'person', set: {} } as const;
  const launch = await jobLaunchOf(job, run, dirname(plan.file));
  if (launch.ok) return launch.value.env;
  throw new CommandError('failed', launch.error);
}

function inherited(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
