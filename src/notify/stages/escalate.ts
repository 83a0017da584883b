import { approximateDuration } from '../../core/durations.ts';
import type { Stage } from './stage.ts';

/** Holds what has not lasted long enough for a channel with `after`, from when on nothing else held it. What is over is judged by how long it lasted. */
export const escalate: Stage = ({ incident, timing: { afterMs = 0 }, telling }, _context, now) => {
  const until = (telling.freeAt ?? incident.since) + afterMs;
  if (afterMs === 0 || (incident.until ?? now) >= until) return undefined;
  return { by: 'after', why: `told only after ${approximateDuration(afterMs)}`, until };
};
