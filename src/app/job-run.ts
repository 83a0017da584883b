import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { approximateDuration } from '../core/durations.ts';
import type { Log } from '../core/log.ts';
import { bootId, endTree, type Exit, LIFE_VARIABLE, startProcess } from '../core/processes.ts';
import { LEVELS, type RecordDraft } from '../core/record.ts';
import type { RecordedProcess } from '../core/runner.ts';
import { jobService, type PlannedJob, runLife } from '../jobs/job.ts';
import type { StartedRun } from '../jobs/job-course.ts';
import { CUT_SHORT, type Current, type RunEnd } from '../jobs/job-state.ts';
import { type CapturedLog, createCapturedLog } from '../run/embedded/captured-log.ts';
import { OWN_PROGRAM } from './config/checks.ts';
import { type JobLaunch, jobLaunchOf } from './job-launch.ts';
import { listenToVerb, type RunProgress, VERB_FD } from './job-verb-talk.ts';
import type { StatePaths } from './state.ts';

/** From SIGTERM to SIGKILL: at a timeout, at the end of the daemon, for what a run leaves running; milliseconds. */
const END_MS = 10_000;
const STUCK_MS = 30_000;
const DRAIN_MS = 1000;
/** Bytes of output that are kept of a job, all of its runs together. */
export const OUTPUT_BYTES = 16 * 1024 * 1024;

export interface JobRunDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly paths: StatePaths;
  readonly stateId: string;
  /** How this very program is started: `[node, bin/vahti.js]`. */
  readonly program: readonly string[];
  /** What relative paths of references are meant from. */
  readonly folder: string;
  /** How far a verb is. */
  readonly progress: (job: string, at: RunProgress) => void;
  /** Where this process is itself the run of a unit of systemd's: its id. What is printed goes where that prints. */
  readonly invocation?: string;
}

/** A run while it lasts. */
interface Running {
  readonly job: PlannedJob;
  readonly run: Current;
  readonly life: string;
  /** Undefined where it prints where this process does. */
  readonly captured: CapturedLog | undefined;
  /** Aborted where it has to end: by its timeout, or with the daemon. */
  readonly stop: AbortSignal;
  readonly down: AbortSignal;
  readonly spawned: (process: RecordedProcess) => void;
  readonly deps: JobRunDeps;
}

/** Where the output of a job goes, beside the time line. */
export function outputPath(paths: StatePaths, job: string): string {
  return join(paths.logs, `job-${job}.log`);
}

/** Starts a run: its `before:`, then its command or verb, each with a process group of its own, all of one life. */
export function startRun(
  job: PlannedJob,
  run: Current,
  spawned: (process: RecordedProcess) => void,
  deps: JobRunDeps,
): StartedRun {
  const { clock, invocation } = deps;
  const down = new AbortController();
  const timeout = new AbortController();
  const timer = clock.timer(job.timeoutMs, () => timeout.abort());
  const captured = invocation === undefined ? openOutput(job.name, deps) : undefined;
  const life = [
    deps.stateId,
    runLife(job.name, run.run),
    ...(invocation === undefined ? [] : [invocation]),
  ].join('/');
  const stop = AbortSignal.any([down.signal, timeout.signal]);
  const whole = async (): Promise<RunEnd> => {
    const end = await runParts({ job, run, life, captured, stop, down: down.signal, spawned, deps });
    timer.cancel();
    await captured?.close();
    if (end.outcome === 'ok' || end.outcome === 'partly') return end;
    if (timeout.signal.aborted) return { ...end, outcome: 'timeout', summary: timeoutText(job) };
    return down.signal.aborted ? CUT_SHORT : end;
  };
  return { ended: whole(), end: () => down.abort() };
}

function openOutput(job: string, { clock, records, log, paths }: JobRunDeps): CapturedLog {
  const service = jobService(job);
  const path = outputPath(paths, job);
  return createCapturedLog({ service, path, budgetBytes: OUTPUT_BYTES, clock, records, log });
}

function timeoutText({ timeoutMs }: PlannedJob): string {
  return `ended after ${approximateDuration(timeoutMs)}, its timeout`;
}

async function runParts(running: Running): Promise<RunEnd> {
  const { job, run, deps, stop } = running;
  const launch = await jobLaunchOf(job, run, deps.folder);
  if (!launch.ok) return failed(launch.error, null);
  if (job.before !== undefined) {
    const { end } = await runPart(job.before.argv, running, launch.value);
    const said = `before: ${end.summary}`;
    if (stop.aborted) return { ...end, outcome: 'failed', summary: said };
    if (end.outcome !== 'ok' && job.before.fails === 'fail') return { ...end, summary: said };
    if (end.outcome !== 'ok' && job.before.fails === 'skip')
      return { ...end, outcome: 'skipped', summary: said };
  }
  if (stop.aborted) return failed('it had to end before it began', null);
  const { end, progress } = await runPart(commandOf(running), running, launch.value, job.verb !== 'run');
  return progress ?? end;
}

function commandOf({ job, run, deps: { program, paths } }: Running): readonly string[] {
  const [command, ...rest] = job.argv;
  if (job.verb === 'run') return command === OWN_PROGRAM ? [...program, ...rest] : job.argv;
  const set = Object.entries(run.set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const dry = run.dryRun ? ['--dry-run'] : [];
  return [...program, 'run', jobService(job.name), '--plan', paths.plan, '--run', run.run, ...dry, ...set];
}

/** Runs one process to its end, and ends what it leaves behind. */
async function runPart(
  words: readonly string[],
  running: Running,
  { env, user }: JobLaunch,
  isVerb = false,
): Promise<{ readonly end: RunEnd; readonly progress: RunEnd | undefined }> {
  const { job, run, life, captured, stop, spawned, deps } = running;
  const main = startProcess({
    // A unit is nice as a whole.
    argv:
      job.nice === undefined || deps.invocation !== undefined
        ? words
        : ['nice', '-n', String(job.nice), ...words],
    cwd: job.cwd,
    env: { ...env, [LIFE_VARIABLE]: life },
    ...(user === undefined ? {} : { user }),
    stdout: captured === undefined ? 'inherit' : 'pipe',
    stderr: captured === undefined ? 'inherit' : 'pipe',
    ...(isVerb ? { notifyFd: VERB_FD } : {}),
  });
  const { pid, startTicks } = main;
  const identity = pid === undefined || startTicks === undefined ? undefined : { pid, startTicks };
  if (identity !== undefined) spawned({ ...identity, life, boot: bootId() });
  const talk = isVerb ? listenToVerb(main.notify, (at) => deps.progress(job.name, at)) : undefined;
  const capture = captured?.attach(run.run, main);
  const asked = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    else stop.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  await Promise.race([main.exited, asked]);
  const group = identity === undefined ? {} : { pgid: identity.pid, startTicks: identity.startTicks };
  if (!(await endWhole({ ...group, life }, running))) return { end: CUT_SHORT, progress: undefined };
  const exit = await main.exited;
  await capture?.finish(DRAIN_MS);
  main.notify?.destroy();
  return { end: endOf(exit), progress: verbEnd(talk?.outcome(), exit) };
}

/** Ends everything of a life; what not even SIGKILL ends is waited for, and told once. False where the daemon could not wait. */
async function endWhole(
  tree: { readonly pgid?: number; readonly startTicks?: number; readonly life: string },
  { job, run, down, deps: { clock, records } }: Running,
): Promise<boolean> {
  let end = await endTree({ ...tree, deadlineMs: END_MS, clock });
  if (end.kind === 'gone') return true;
  const message = `SIGKILL does not end its processes (${end.pids.join(', ')}): nothing new begins until they are gone`;
  const base = {
    time: clock.micros(),
    service: jobService(job.name),
    life: run.run,
    sender: 'daemon',
  } as const;
  records([{ ...base, kind: 'note', level: LEVELS.error, message, fields: { pids: end.pids } }]);
  while (end.kind !== 'gone') {
    // The next daemon finds it by its life.
    if (!(await clock.sleep(STUCK_MS, down))) return false;
    end = await endTree({ ...tree, deadlineMs: 0, clock });
  }
  return true;
}

function endOf(exit: Exit): RunEnd {
  if (exit.kind === 'failed') return failed(exit.error, null);
  if (exit.kind === 'signalled') return failed(`ended by ${exit.signal}`, null);
  const { code } = exit;
  return code === 0 ? { ...failed('exit code 0', 0), outcome: 'ok' } : failed(`exit code ${code}`, code);
}

function failed(summary: string, exit: number | null): RunEnd {
  return { outcome: 'failed', summary, exit, counts: {} };
}

const VERB_OUTCOMES = { done: 'ok', partly: 'partly', failed: 'failed', deferred: 'skipped' } as const;

/** What a verb said of itself; a verb that died said nothing that counts. */
function verbEnd(
  said: ReturnType<ReturnType<typeof listenToVerb>['outcome']>,
  exit: Exit,
): RunEnd | undefined {
  if (said === undefined || exit.kind !== 'exited') return undefined;
  const refused = said.refused.length;
  const counts = refused === 0 ? said.counts : { ...said.counts, refused };
  const outcome = exit.code === 0 || said.kind === 'failed' ? VERB_OUTCOMES[said.kind] : 'failed';
  const again = said.kind === 'deferred' && outcome === 'skipped' ? ({ again: true } as const) : {};
  return { outcome, summary: said.summary, exit: exit.code, counts, ...again };
}
