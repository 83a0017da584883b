import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { asError } from '../../core/result.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import type { Current, RunEnd } from '../../jobs/job-state.ts';
import { newRunId } from '../../jobs/rules.ts';
import { runProgram } from '../../run/systemd/program.ts';
import type { Plan } from '../plan.ts';
import { startRun } from '../job-run.ts';
import type { StatePaths } from '../state.ts';
import { unitInTheWay } from './in-the-way.ts';
import { openPapers, type Paper, type Papers, STALE_MS } from './papers.ts';

/** The run of a job in a unit of its own: this process begins it, waits for it and leaves how it ended, whether a daemon runs or not. */

export interface UnitRun {
  readonly clock: Clock;
  readonly log: Log;
  readonly paths: StatePaths;
  readonly stateId: string;
  readonly program: readonly string[];
  readonly plan: Plan;
  /** What relative paths of references are meant from. */
  readonly folder: string;
  /** systemd's id of this start of the unit. */
  readonly invocation: string;
  /** Aborts where systemd stops the unit. */
  readonly signal: AbortSignal;
}

/** Progress is written this often at the most, milliseconds. */
const PROGRESS_MS = 500;
/** A disk that is full may have room again. */
const WRITE_MS = 1000;
const MOST_WRITES = 30;
const ASK_MS = 5000;
const SIGNAL_MS = 100;
/** What the daemon asked for has its locks, but for what somebody began by hand at the same moment. */
const LOCKS_MS = 30_000;
/** What has its lock is looked at as often. */
const LOOK_MS = 500;

const WITHDRAWN: RunEnd = { outcome: 'cancelled', summary: 'nothing is asked for', exit: null, counts: {} };
const REFUSED: RunEnd = { outcome: 'failed', summary: 'another job has its lock', exit: null, counts: {} };

/** Runs what was asked for, or what a person wants who started the unit by hand. Never rejects for what the world may do. */
export async function runInUnit(job: PlannedJob, how: UnitRun): Promise<RunEnd> {
  const papers = openPapers(how.paths.folder, job.name);
  const asked = takeAsked(papers, how);
  if (asked === 'withdrawn') return WITHDRAWN;
  const isFree = await waitForLocks(job, asked !== undefined, how);
  if (!isFree) {
    if (asked !== undefined) await writeEnd(papers, REFUSED, how);
    return REFUSED;
  }
  const run = asked?.run ?? (await beginByHand(papers, job, how));
  const { clock, log, invocation, signal } = how;
  let toldAt = Number.NEGATIVE_INFINITY;
  const started = startRun(job, run, () => {}, {
    ...how,
    // The only thing that a run says of itself: that not even KILL ends it.
    records: (drafts) => drafts.forEach(({ message }) => log.error(message)),
    progress(_, at) {
      if (clock.monotonic() - toldAt < PROGRESS_MS) return;
      toldAt = clock.monotonic();
      papers.writeProgress(invocation, at);
    },
  });
  const stop = (): void => started.end();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const ended = (await started.ended) as RunEnd;
  // systemd stops every process of the unit at once: this one may hear of it behind the end of another.
  if (ended.outcome === 'failed') await clock.sleep(SIGNAL_MS, signal);
  const isStopped = ended.outcome === 'interrupted' || (ended.outcome === 'failed' && signal.aborted);
  const end = isStopped ? await whyEnded(how) : ended;
  await writeEnd(papers, end, how);
  return end;
}

function takeAsked(papers: Papers, { clock, invocation }: UnitRun): Paper | 'withdrawn' | undefined {
  const now = clock.now();
  return papers.take(invocation, (paper) => Math.abs(now - paper.at) < STALE_MS);
}

/** Who starts a job by hand is told what is in the way; what the daemon asked for waits, as that is about to see why. */
async function waitForLocks(job: PlannedJob, isAsked: boolean, how: UnitRun): Promise<boolean> {
  const { clock, plan, invocation, signal, log } = how;
  const until = clock.monotonic() + LOCKS_MS;
  for (let count = 1; clock.monotonic() < until; count++) {
    const blocked = await unitInTheWay(job, plan, { clock, life: `systemctl/${invocation}` });
    if (blocked === undefined || signal.aborted) return true;
    const other = `${blocked.by} runs, and has ${blocked.lock}`;
    if (!isAsked) {
      log.error(`cannot run ${job.name} now: ${other}; write vahti jobs run ${job.name}, which waits`);
      return false;
    }
    if (count === 1) log.info(`waits: ${other}`);
    await clock.sleep(LOOK_MS, signal);
  }
  return false;
}

async function beginByHand(
  papers: Papers,
  { name }: PlannedJob,
  { clock, invocation, log }: UnitRun,
): Promise<Current> {
  const now = clock.now();
  const own: Paper = { run: byHand(now), at: now };
  try {
    await papers.begin(invocation, own);
  } catch (error) {
    // It is run all the same: systemd says how it ended.
    log.error(`cannot write down that ${name} runs`, { reason: asError(error).message });
  }
  return own.run;
}

/** What a person wants who writes `systemctl start`: once, and who sees how it ends. */
function byHand(now: number): Current {
  const run = newRunId(now);
  const asked = { request: run, cause: 'person', by: 'systemctl', due: now, notBefore: now } as const;
  const first = { attempt: 1, retriesLeft: 0, coalesced: 0, redone: false, set: {}, dryRun: false };
  return { ...asked, ...first, run, startedAt: now, process: null };
}

/** Somebody stopped the unit; or all units are stopped, with the machine. */
async function whyEnded({ clock, invocation }: UnitRun): Promise<RunEnd> {
  const nothing = { exit: null, counts: {} };
  const asked = await runProgram(
    ['systemctl', 'is-system-running'],
    { clock, life: `systemctl/${invocation}` },
    { deadlineMs: ASK_MS, mostBytes: 1000 },
  );
  if (asked.stdout.trim() === 'stopping')
    return { ...nothing, outcome: 'interrupted', summary: 'cut short: the machine went down' };
  return { ...nothing, outcome: 'cancelled', summary: 'a person stopped it, through systemd' };
}

async function writeEnd(papers: Papers, end: RunEnd, { clock, log, invocation }: UnitRun): Promise<void> {
  for (let count = 1; ; count++) {
    try {
      return await papers.writeEnd(invocation, end, clock.now());
    } catch (error) {
      if (count === 1 || count === MOST_WRITES)
        log.error('cannot write down how it ended', { reason: asError(error).message });
      if (count === MOST_WRITES) return;
      await clock.sleep(WRITE_MS);
    }
  }
}
