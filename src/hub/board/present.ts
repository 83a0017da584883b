import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Report } from '../../wire/page/report.ts';
import { type AgentState, newAgentState } from './agent-state.ts';
import type { Changes } from './changes.ts';
import { weighReport } from './report-size.ts';
import { takeReport } from './take-report.ts';
import type { Tracks } from './tracks.ts';

/** How everything stands now, as far as agents have said it. */
export interface Present {
  readonly agents: ReadonlyMap<string, AgentState>;
  /** Takes what an agent says of itself. The error is a clause; nothing was taken then. */
  report(agent: string, report: Report): Result<void, string>;
  /** Its connection has ended. */
  lose(agent: string): void;
  /** It has been away for so long that nobody knows how it stands. */
  giveUp(agent: string): void;
  /** What was stored; it is not connected, and nobody knows how it stands until it says so. */
  put(agent: string, stored: Heard, report: Report): void;
  /** Forgets it. */
  drop(agent: string): void;
}

/** When an agent was heard of last, and since when it was not connected. */
interface Heard {
  readonly heard: number | null;
  readonly since: number;
}

export function createPresent({
  clock,
  tracks,
  changes,
}: {
  readonly clock: Clock;
  readonly tracks: Tracks;
  readonly changes: Changes;
}): Present {
  const agents = new Map<string, AgentState>();
  const open = (name: string): AgentState => {
    const state = agents.get(name) ?? newAgentState(name, clock.now());
    agents.set(name, state);
    return state;
  };
  return {
    agents,
    report(agent, report) {
      const weighed = weighReport(report, agents.get(agent)?.weights);
      if (!weighed.ok) return weighed;
      const state = open(agent);
      state.weights = weighed.value;
      const now = clock.now();
      changes.agent(agent);
      if (!state.connected) {
        [state.connected, state.since] = [true, now];
        if (state.isAway) {
          state.isAway = false;
          touchAll(state, changes);
        }
      }
      state.heardAt = now;
      state.host = report.host ?? (report.whole ? null : state.host);
      if (state.unstored === 'nothing') state.unstored = 'figures';
      takeReport(state, report, { tracks, changes, now });
      return ok(undefined);
    },
    lose(agent) {
      const state = agents.get(agent);
      if (state === undefined || !state.connected) return;
      [state.connected, state.since, state.unstored] = [false, clock.now(), 'all'];
      for (const { figures } of tracks.of(agent)) figures.silence();
      changes.agent(agent);
    },
    giveUp(agent) {
      const state = agents.get(agent);
      if (state === undefined || state.connected || state.isAway) return;
      state.isAway = true;
      const now = clock.now();
      for (const name of state.services.keys()) tracks.open(agent, name).bars.set('unknown', now);
      touchAll(state, changes);
    },
    put: (agent, stored, report) => void agents.set(agent, storedState(agent, stored, report)),
    drop(agent) {
      agents.delete(agent);
      for (const track of tracks.of(agent)) tracks.drop(track);
      changes.agentGone(agent);
    },
  };
}

/** Everything on it looks otherwise. */
function touchAll({ name, services, jobs }: AgentState, changes: Changes): void {
  for (const service of services.keys()) changes.service(name, service);
  for (const job of jobs.keys()) changes.job(name, job);
}

function storedState(agent: string, { heard, since }: Heard, report: Report): AgentState {
  const state = newAgentState(agent, since);
  [state.heardAt, state.host, state.unstored] = [heard, report.host ?? null, 'nothing'];
  for (const service of report.services) state.services.set(service.name, { ...service, agent });
  for (const job of report.jobs) state.jobs.set(job.name, { ...job, agent });
  return state;
}
