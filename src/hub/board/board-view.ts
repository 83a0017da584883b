import type { Board, BoardChange } from '../../wire/page/board.ts';
import { type AgentState, showAgent, showJob, showService } from './agent-state.ts';
import type { AgentChange } from './changes.ts';

export type AgentStates = ReadonlyMap<string, AgentState>;
/** The agents that somebody may see; undefined: all. */
export type Visible = readonly string[] | undefined;

/** How everything stands that somebody may see. @param now wall milliseconds. */
export function boardFor(
  agents: AgentStates,
  visible: Visible,
  { now, version }: { readonly now: number; readonly version: string },
): Board {
  const states = [...agents.values()]
    .filter(({ name }) => visible === undefined || visible.includes(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    time: now,
    version,
    agents: states.map(showAgent),
    services: states.flatMap((state) =>
      [...state.services.values()].map((service) => showService(state, service)),
    ),
    jobs: states.flatMap((state) => [...state.jobs.values()].map((job) => showJob(state, job))),
  };
}

/** What changed of all that somebody may see; undefined where nothing did. */
export function changeFor(
  agents: AgentStates,
  visible: Visible,
  changes: ReadonlyMap<string, AgentChange>,
  now: number,
): BoardChange | undefined {
  const seen = [...changes].filter(([agent]) => visible === undefined || visible.includes(agent));
  if (seen.length === 0) return undefined;
  const shown: BoardChange = {
    time: now,
    whole: false,
    agents: [],
    services: [],
    jobs: [],
    gone: { agents: [], services: [], jobs: [] },
  };
  for (const [agent, change] of seen) {
    const state = agents.get(agent);
    if (change.isGone) shown.gone.agents.push(agent);
    shown.gone.services.push(...[...change.goneServices].map((name) => ({ agent, name })));
    shown.gone.jobs.push(...[...change.goneJobs].map((name) => ({ agent, name })));
    if (state === undefined) continue;
    if (change.isChanged) shown.agents.push(showAgent(state));
    for (const name of change.services) {
      const service = state.services.get(name);
      if (service !== undefined) shown.services.push(showService(state, service));
    }
    for (const name of change.jobs) {
      const job = state.jobs.get(name);
      if (job !== undefined) shown.jobs.push(showJob(state, job));
    }
  }
  return shown;
}
