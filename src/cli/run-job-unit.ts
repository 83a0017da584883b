import { dirname } from 'node:path';
import { runInUnit } from '../app/job-units/run-in-unit.ts';
import type { Plan } from '../app/plan.ts';
import { statePaths } from '../app/state.ts';
import { unitLives, unitRun } from '../app/unit-lives.ts';
import { jobUnit } from '../app/unit-names.ts';
import { systemClock } from '../core/clock.ts';
import { createLog } from '../core/log.ts';
import { asError, errorCode } from '../core/result.ts';
import { didYouMean } from '../core/suggest.ts';
import type { PlannedJob } from '../jobs/job.ts';
import type { RunEnd } from '../jobs/job-state.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { listenForEnd } from './signals.ts';
import { ownProgram } from '../core/own-package.ts';

/** The run of a job's unit, which this process is: what a daemon asked for, or what a person wants. Resolves with the exit code. */
export async function runJobUnit(name: string, plan: Plan): Promise<number> {
  const job = findJob(plan, name);
  const invocation = unitRun(process.env);
  if (invocation === undefined)
    throw new CommandError('usage', `cannot run as a unit: write systemctl start ${jobUnit(name)}`);
  const { signal, release } = listenForEnd();
  try {
    const paths = statePaths(plan.state);
    const end = await runInUnit(job, {
      clock: systemClock,
      log: createLog('info', (line) => process.stderr.write(line)),
      paths,
      stateId: unitLives(plan).stateId,
      program: ownProgram(),
      plan,
      folder: dirname(plan.file),
      invocation,
      signal,
    });
    return exitCodeOf(end);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    throw new CommandError('failed', `cannot run ${name}: ${asError(error).message}`);
  } finally {
    release();
  }
}

/** As systemd is to see it: a stop that was asked for is no failure. */
function exitCodeOf({ outcome, exit }: RunEnd): number {
  if (outcome !== 'failed' && outcome !== 'timeout') return EXIT.ok.code;
  return exit === null || exit === 0 ? EXIT.failed.code : exit;
}

/** The job of a name. @throws a CommandError where there is none. */
export function findJob({ jobs = [] }: Plan, name: string): PlannedJob {
  const found = jobs.find((job) => job.name === name);
  if (found !== undefined) return found;
  const names = jobs.map((job) => job.name);
  throw new CommandError('unknown', `cannot find a job "${name}"${didYouMean(name, names)}`);
}
