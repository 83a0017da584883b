import type { Clock } from '../../core/clock.ts';
import type { AgentLimits, CounterName, HubCounters } from './doors.ts';

export interface LimitOptions {
  /** Of one agent, a second, as a mean over some seconds. */
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** What was not used for so long is given at once. */
const BURST_SECONDS = 5;
/** Of agents that were not heard of for a while nothing is known: they have their whole burst. */
const MOST_AGENTS = 10_000;

interface Left {
  records: number;
  bytes: number;
  at: number;
}

/** Two buckets for each agent that fill steadily. One that is in debt has to wait until it is not: a batch is never too large for it. */
export function createAgentLimits(options: LimitOptions, clock: Clock): AgentLimits {
  const { recordsPerSecond, bytesPerSecond } = options;
  const agents = new Map<string, Left>();
  const fill = (agent: string): Left => {
    const now = clock.monotonic();
    const known = agents.get(agent);
    agents.delete(agent);
    const seconds = known === undefined ? BURST_SECONDS : (now - known.at) / 1000;
    const fresh = {
      records: Math.min((known?.records ?? 0) + seconds * recordsPerSecond, BURST_SECONDS * recordsPerSecond),
      bytes: Math.min((known?.bytes ?? 0) + seconds * bytesPerSecond, BURST_SECONDS * bytesPerSecond),
      at: now,
    };
    // The one that was not heard of for longest stands first.
    agents.set(agent, fresh);
    if (agents.size > MOST_AGENTS) agents.delete(agents.keys().next().value ?? agent);
    return fresh;
  };
  return {
    take(agent, records, bytes) {
      const left = fill(agent);
      const debt = Math.max(-left.records / recordsPerSecond, -left.bytes / bytesPerSecond);
      if (debt > 0) return Math.ceil(debt * 1000);
      left.records -= records;
      left.bytes -= bytes;
      return undefined;
    },
  };
}

export function createCounters(): HubCounters {
  const counts = new Map<string, { readonly what: CounterName; readonly protocol: string; value: number }>();
  return {
    count(what, protocol, by = 1) {
      const key = `${what} ${protocol}`;
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { what, protocol, value: by });
      else known.value += by;
    },
    read: () => [...counts.values()].map((each) => ({ ...each })),
  };
}
