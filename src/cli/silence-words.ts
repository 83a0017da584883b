import type { ServiceStatus } from '../app/control-api.ts';
import { approximateDuration } from '../core/durations.ts';
import { printable } from './output.ts';

type Held = ServiceStatus['silences'][number];

/** What is held back of a service, in a line; undefined where nothing is that matters now. */
export function heldText({ silences, watches }: ServiceStatus, now: number): string | undefined {
  const isUnwell = watches.some(({ state }) => state !== 'ok' && state !== 'new');
  const held = silences.filter(({ by }) => by !== 'needs' || isUnwell);
  return held.length === 0 ? undefined : printable(held.map((each) => silenceWords(each, now)).join('; '));
}

/** A silence in a clause: `snoozed for 1h59m by ann: a switch is replaced`. */
export function silenceWords({ by, why, who, until, watch }: Held, now: number): string {
  const left = until === null ? '' : ` for ${approximateDuration(Math.max(0, until - now))}`;
  const reason = why === '' ? '' : `: ${why}`;
  const of = watch === null ? '' : `${watch} `;
  switch (by) {
    case 'quiet':
      return `quiet${left}${reason}`;
    case 'snooze':
      return `${of}snoozed${left} by ${who}${reason}`;
    case 'ack':
      return `${who} knows${watch === null ? '' : ` of ${watch}`}${reason}`;
    case 'needs':
      return `held back${reason}`;
  }
}
