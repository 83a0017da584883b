import { MOST_REPORTED, type Report, type ReportedService } from '../../wire/page/report.ts';
import type { AgentState } from './agent-state.ts';
import type { Changes } from './changes.ts';
import type { Tracks } from './tracks.ts';

/** What a report is written into. */
export interface Taking {
  readonly tracks: Tracks;
  readonly changes: Changes;
  /** Wall milliseconds. */
  readonly now: number;
}

/** Ends of lives below this level were meant: a person's stop, a deploy. */
const BAD_EXIT_LEVEL = 13;

/** Takes over what a report says of services and jobs. */
export function takeReport(state: AgentState, report: Report, taking: Taking): void {
  const { name: agent } = state;
  if (report.whole) state.unstored = 'all';
  forget(state, goneIn(state, report), taking);
  takeServices(state, report.services, taking);
  for (const job of report.jobs) {
    if (isOther(state.jobs.get(job.name), job)) state.unstored = 'all';
    state.jobs.set(job.name, Object.assign(job, { agent }));
    taking.changes.job(agent, job.name);
  }
  limitTracks(state, taking.tracks);
}

function takeServices(
  state: AgentState,
  services: readonly ReportedService[],
  { tracks, changes, now }: Taking,
): void {
  for (const service of services) {
    const { name } = service;
    const before = state.services.get(name);
    const track = tracks.open(state.name, name);
    track.bars.set(service.condition, now);
    if (isBadExit(before, service)) track.bars.exit(now);
    track.figures.report(service.figures);
    if (isOther(before, service)) state.unstored = 'all';
    // Nobody else has it, and there are many: it is not copied.
    state.services.set(name, Object.assign(service, { agent: state.name }));
    changes.service(state.name, name);
  }
}

/** Of one that was not known before its last end is an old one. */
function isBadExit(before: ReportedService | undefined, { lastExit }: ReportedService): boolean {
  if (before === undefined || lastExit === null || lastExit.level < BAD_EXIT_LEVEL) return false;
  return lastExit.at !== before.lastExit?.at;
}

/** Whether it differs in what somebody would want to know of it after a crash of the hub. */
function isOther<T extends { readonly condition: string; readonly state: string; readonly since: number }>(
  before: T | undefined,
  now: T,
): boolean {
  return before?.condition !== now.condition || before.state !== now.state || before.since !== now.since;
}

interface Gone {
  readonly services: readonly string[];
  readonly jobs: readonly string[];
}

function goneIn({ services, jobs }: AgentState, report: Report): Gone {
  if (!report.whole) return report.gone;
  const [these, those] = [report.services, report.jobs].map((all) => new Set(all.map(({ name }) => name)));
  return {
    services: [...services.keys()].filter((name) => these?.has(name) !== true),
    jobs: [...jobs.keys()].filter((name) => those?.has(name) !== true),
  };
}

function forget(state: AgentState, gone: Gone, { tracks, changes, now }: Taking): void {
  const { name: agent, services, jobs } = state;
  for (const name of gone.services) {
    if (!services.delete(name)) continue;
    state.unstored = 'all';
    const track = tracks.find(agent, name);
    track?.bars.set(undefined, now);
    track?.figures.silence();
    changes.serviceGone(agent, name);
  }
  for (const name of gone.jobs) {
    if (!jobs.delete(name)) continue;
    state.unstored = 'all';
    changes.jobGone(agent, name);
  }
}

/** An agent that thinks of new names all the time fills nobody's memory: those that are gone go for good. */
function limitTracks({ name: agent, services }: AgentState, tracks: Tracks): void {
  let most = tracks.count(agent) - MOST_REPORTED;
  if (most <= 0) return;
  for (const track of tracks.of(agent)) {
    if (services.has(track.name)) continue;
    tracks.drop(track);
    if (--most === 0) return;
  }
}
