import { approximateDuration } from '../../core/durations.ts';
import type { Incident } from '../incident.ts';
import type { Hold } from './hold.ts';
import type { Stage } from './stage.ts';

/** Not to see is no outage, but not to see for long is. */
const UNKNOWN_MS = 15 * 60_000;
/** A ladder that tries for so long without coming to `page` is no reason to tell nobody. */
const UNPAGED_MS = 60 * 60_000;

/** Holds a watch that cannot look for a while, and one whose ladder still tries by itself. What is over is judged as it was at its end. */
export const unproved: Stage = ({ incident, policy, telling }, _context, now) => {
  if (incident.kind !== 'watch') return undefined;
  if (incident.state === 'unknown') return blind(incident, now);
  // A silence keeps the ladder from trying, too.
  return policy.tells === 'page' ? unpaged(incident, telling.unheldAt ?? incident.since, now) : undefined;
};

/** A watch that cannot look never comes to its ladder. */
function blind(incident: Incident, now: number): Hold | undefined {
  const until = incident.changedAt + UNKNOWN_MS;
  if ((incident.until ?? now) >= until) return undefined;
  return { by: 'unknown', why: `unknown is told after ${approximateDuration(UNKNOWN_MS)}`, until };
}

function unpaged({ paged, until: end }: Incident, from: number, now: number): Hold | undefined {
  const until = from + UNPAGED_MS;
  if (paged || (end ?? now) >= until) return undefined;
  return { by: 'not-paged', why: 'its ladder has not come to page', until };
}
