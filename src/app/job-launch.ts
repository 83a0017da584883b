import { availableParallelism } from 'node:os';
import { lookupUser, type User, userEnvironment } from '../core/processes.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { PlannedJob } from '../jobs/job.ts';
import type { Current } from '../jobs/job-state.ts';
import { resolveEnvironment } from './environment.ts';
import { READY_FD_VARIABLE } from '../run/readiness/fd.ts';
import { readEnvFile } from './launch.ts';

/** Who a run runs as, and what it finds in its environment, but for its life. */
export interface JobLaunch {
  readonly env: Readonly<Record<string, string>>;
  readonly user: User | undefined;
}

/** Looked up for each run: a file may have changed. The error is a whole sentence. */
export async function jobLaunchOf(
  job: PlannedJob,
  run: Pick<Current, 'run' | 'attempt' | 'due' | 'cause' | 'set'>,
  folder: string,
): Promise<Result<JobLaunch, string>> {
  const user = job.user === undefined ? undefined : await lookupUser(job.user);
  if (job.user !== undefined && user === undefined)
    return err(`cannot run as "${job.user}": no such user here`);
  const filed = job.envFile === undefined ? ok({}) : readEnvFile(job.envFile);
  if (!filed.ok) return filed;
  const env = resolveEnvironment(job.env, folder, process.env, filed.value);
  if (!env.ok) return env;
  const facts = {
    VAHTI_JOB: job.name,
    VAHTI_RUN: run.run,
    VAHTI_ATTEMPT: String(run.attempt),
    VAHTI_DUE: new Date(run.due).toISOString(),
    VAHTI_CAUSE: run.cause,
  };
  // Compression runs on Node's own threads, of which there are four unless it is told otherwise (nodejs.org/api/cli.html).
  const threads =
    job.verb === 'run' ? {} : { UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())) };
  const own = user === undefined ? {} : userEnvironment(user);
  // What a person set for this run wins; of a verb it is an option.
  const set = job.verb === 'run' ? run.set : {};
  // Ours, where this daemon is itself a service, is no descriptor of the run's; nor is the run itself a unit.
  const { [READY_FD_VARIABLE]: _, VAHTI_UNIT: _unit, ...inherited } = env.value;
  return ok({ env: { ...threads, ...inherited, ...own, ...set, ...facts }, user });
}
