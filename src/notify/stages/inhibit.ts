import { type Incident, subjectName } from '../incident.ts';
import type { Candidate, Stage, StageContext } from './stage.ts';

/** What was in trouble because of something else has so long to become well after that is over. */
const SETTLE_MS = 60_000;

/**
 * Holds the trouble of a service while something that it needs, at any distance, is in trouble itself, and for a while after. Only
 * where the same channel hears of that other trouble: nobody is left without any word. Not to see is no trouble of the needed one.
 */
export const inhibit: Stage = (candidate, context, now) => {
  for (const service of allNeeds(candidate.incident.service, context))
    for (const cause of context.incidentsOf(service)) {
      const { until } = cause;
      const settled = until === null ? null : until + settleMs(candidate);
      // An end in the future is of a clock that was set back since.
      const isPast = until !== null && settled !== null && (settled <= now || until > now);
      if (isPast || !counts(cause, candidate, context)) continue;
      const state = `${subjectName(cause)} ${until === null ? 'is' : 'was'} ${cause.state}`;
      const why =
        until === null
          ? `it needs ${service}: ${state}`
          : `it needs ${service}, well again just now: ${state}`;
      return { by: 'needs', why, until: settled };
    }
  return undefined;
};

function counts(cause: Incident, { channel }: Candidate, { policyOf }: StageContext): boolean {
  return cause.state !== 'unknown' && policyOf(cause.service, cause.watch).channels.includes(channel);
}

function settleMs({ policy }: Candidate): number {
  return Math.max(SETTLE_MS, policy.healMs ?? 0);
}

/** What a service needs, and what that needs, and so on; never itself. */
function allNeeds(service: string, { needsOf }: StageContext): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...needsOf(service)];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === service || found.has(name)) continue;
    found.add(name);
    open.push(...needsOf(name));
  }
  return found;
}
