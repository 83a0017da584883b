import type { JobStatus } from '../app/job-status.ts';
import { approximateDuration } from '../core/durations.ts';
import type { Result } from '../core/result.ts';
import type { RpcFailure } from '../core/rpc-client.ts';
import { didYouMean } from '../core/suggest.ts';
import { localText, ownZone } from '../core/zoned-time.ts';
import type { RunRow } from '../jobs/history.ts';
import { causeText } from '../jobs/job-records.ts';
import { commandErrorOf } from './control.ts';
import { CommandError } from './exit-codes.ts';
import { type Paint, paint, printable, table } from './output.ts';

/** The value of an answer about jobs; a failure ends the command with its own exit code. */
export function answeredByJobs<T>(result: Result<T, RpcFailure>): T {
  if (result.ok) return result.value;
  const failure = result.error;
  if (failure.kind !== 'error' || failure.code !== 'unknown-job') throw commandErrorOf(failure);
  const { name, known } = failure.data as { readonly name: string; readonly known: readonly string[] };
  throw unknownJob(name, known);
}

export function unknownJob(name: string, known: readonly string[]): CommandError {
  const others = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  return new CommandError('unknown', `cannot find a job "${name}"${didYouMean(name, known)} (${others})`);
}

const STANDING_PAINT = { ok: 'green', failed: 'red', late: 'red' } as const;
const STATE_PAINT: Readonly<Record<JobStatus['state'], Paint>> = {
  idle: 'dim',
  running: 'green',
  waiting: 'yellow',
  retrying: 'yellow',
  paused: 'yellow',
  stuck: 'red',
};

export function jobsText(jobs: readonly JobStatus[], now: number, colour: boolean): string {
  if (jobs.length === 0) return 'no jobs\n';
  const heading = ['JOB', 'STATE', 'STANDING', 'LAST RUN', 'NEXT'].map((word) => paint(colour, 'dim', word));
  const rows = jobs.map((job) => [
    job.name,
    paint(colour, STATE_PAINT[job.state], job.state),
    paint(
      colour,
      STANDING_PAINT[job.standing],
      job.last === null && job.standing === 'ok' ? '-' : job.standing,
    ),
    lastText(job, now),
    nextText(job, now),
  ]);
  return table([heading, ...rows]);
}

function lastText({ last }: JobStatus, now: number): string {
  if (last === null || last.ended === null) return 'none';
  const took = approximateDuration(Math.max(0, last.ended - last.started));
  return `${last.outcome} ${approximateDuration(Math.max(0, now - last.ended))} ago after ${took}`;
}

/** What a job does now, or when it does something again. */
function nextText(job: JobStatus, now: number): string {
  const { state, run, progress, pause, blocked, waiting, next, zone } = job;
  const ahead = (at: number): string => approximateDuration(Math.max(0, at - now));
  if (state === 'stuck') return 'an earlier run does not end, not even by KILL';
  if (run !== null) {
    const far = progress === null ? '' : `, ${progress.done} of ${progress.total ?? '?'}: ${progress.what}`;
    return printable(
      `runs for ${ahead(2 * now - run.startedAt)}${run.attempt === 1 ? '' : ` (try ${run.attempt})`}${far}`,
    );
  }
  if (pause !== null && waiting === null) return printable(`paused by ${pause.who}: ${pause.why}`);
  if (blocked !== null) return `waits for ${blocked.lock}, which ${blocked.by} has`;
  if (waiting !== null && waiting.at > now)
    return `${waiting.attempt > 1 ? `try ${waiting.attempt}` : 'begins'} in ${ahead(waiting.at)}`;
  const times = next.map((at) => localText(at, zone ?? 'UTC', 'minute'));
  const [first = ''] = times;
  if (times.length === 0) return 'after another job, or by a person';
  return `${times.map((text, index) => (index > 0 && text.slice(0, 10) === first.slice(0, 10) ? text.slice(11) : text)).join(', ')} ${zone ?? 'UTC'}`;
}

export function historyText(rows: readonly RunRow[], now: number, colour: boolean): string {
  if (rows.length === 0) return 'no runs yet\n';
  const zone = ownZone();
  const heading = [`BEGAN (${zone})`, 'JOB', 'RUN', 'OUTCOME', 'TOOK', 'CAUSE', 'SUMMARY'].map((word) =>
    paint(colour, 'dim', word),
  );
  const lines = rows.map((row) => [
    localText(row.started, zone),
    row.job,
    row.run,
    outcomeText(row, colour),
    approximateDuration(Math.max(0, (row.ended ?? now) - row.started)),
    printable(`${causeText(row)}${row.dryRun ? ' (dry run)' : ''}`),
    printable(row.summary),
  ]);
  return table([heading, ...lines]);
}

function outcomeText({ outcome }: RunRow, colour: boolean): string {
  if (outcome === null) return paint(colour, 'green', 'running');
  if (outcome === 'ok') return outcome;
  return paint(colour, outcome === 'failed' || outcome === 'timeout' ? 'red' : 'yellow', outcome);
}
