import type { BoardAgent, BoardJob, BoardService } from '../../wire/page/board.ts';
import type { Report, ReportedHost } from '../../wire/page/report.ts';
import type { Weights } from './report-size.ts';

/** What an agent said last, and whether it is there to say more. */
export interface AgentState {
  readonly name: string;
  connected: boolean;
  /** Since when it is connected, or is not. Wall milliseconds, as all times here. */
  since: number;
  heardAt: number | null;
  host: ReportedHost | null;
  /** It is not connected for so long that nobody knows how it stands. */
  isAway: boolean;
  /** As they were reported last. */
  readonly services: Map<string, BoardService>;
  readonly jobs: Map<string, BoardJob>;
  /** What they take. Of an agent that was not heard of yet nothing is known: its next report is whole. */
  weights: Weights;
  /** What is not stored as it is here: `figures`: nothing but those and times; `all`: something that matters. */
  unstored: 'nothing' | 'figures' | 'all';
}

export function newAgentState(name: string, since: number): AgentState {
  return {
    name,
    connected: false,
    since,
    heardAt: null,
    host: null,
    isAway: false,
    services: new Map(),
    jobs: new Map(),
    weights: { services: new Map(), jobs: new Map() },
    unstored: 'all',
  };
}

/** What it would say itself, were it asked for everything. */
export function wholeReport({ host, services, jobs }: AgentState): Report {
  return {
    whole: true,
    ...(host === null ? {} : { host }),
    services: [...services.values()],
    jobs: [...jobs.values()],
    gone: { services: [], jobs: [] },
  };
}

export function showAgent({ name, connected, since, heardAt, host }: AgentState): BoardAgent {
  return { agent: name, connected, since, heardAt, host };
}

export function showService(state: AgentState, service: BoardService): BoardService {
  return state.isAway ? { ...service, ...awayOf(state) } : service;
}

export function showJob(state: AgentState, job: BoardJob): BoardJob {
  return state.isAway ? { ...job, ...awayOf(state) } : job;
}

/** What is said of everything on an agent that nobody hears of. */
function awayOf({ name, since }: AgentState): Partial<BoardService & BoardJob> {
  const at = `${new Date(since).toISOString().slice(0, 19)}Z`;
  return { condition: 'unknown', trouble: `no word from ${name} since ${at}`, since };
}
