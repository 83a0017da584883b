/** What changed of one agent since it was last taken. */
export interface AgentChange {
  /** Itself: its host, whether it is connected. */
  isChanged: boolean;
  /** It is not there any more. */
  isGone: boolean;
  readonly services: Set<string>;
  readonly jobs: Set<string>;
  readonly goneServices: Set<string>;
  readonly goneJobs: Set<string>;
}

/** What changed on the board, by agent. */
export interface Changes {
  agent(agent: string): void;
  agentGone(agent: string): void;
  service(agent: string, name: string): void;
  serviceGone(agent: string, name: string): void;
  job(agent: string, name: string): void;
  jobGone(agent: string, name: string): void;
  /** What there was since the last time. */
  take(): ReadonlyMap<string, AgentChange>;
}

/** @param noted is called with each change. */
export function createChanges(noted: () => void): Changes {
  let byAgent = new Map<string, AgentChange>();
  const of = (agent: string): AgentChange => {
    noted();
    const known = byAgent.get(agent);
    if (known !== undefined) return known;
    const change: AgentChange = {
      isChanged: false,
      isGone: false,
      services: new Set(),
      jobs: new Set(),
      goneServices: new Set(),
      goneJobs: new Set(),
    };
    byAgent.set(agent, change);
    return change;
  };
  const move = (name: string, to: Set<string>, from: Set<string>): void => {
    from.delete(name);
    to.add(name);
  };
  return {
    agent(agent) {
      const change = of(agent);
      change.isChanged = true;
      change.isGone = false;
    },
    agentGone(agent) {
      const change = of(agent);
      change.isChanged = false;
      change.isGone = true;
    },
    service(agent, name) {
      const { services, goneServices } = of(agent);
      move(name, services, goneServices);
    },
    serviceGone(agent, name) {
      const { services, goneServices } = of(agent);
      move(name, goneServices, services);
    },
    job(agent, name) {
      const { jobs, goneJobs } = of(agent);
      move(name, jobs, goneJobs);
    },
    jobGone(agent, name) {
      const { jobs, goneJobs } = of(agent);
      move(name, goneJobs, jobs);
    },
    take() {
      const taken = byAgent;
      byAgent = new Map();
      return taken;
    },
  };
}
