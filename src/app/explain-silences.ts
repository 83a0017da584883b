import { approximateDuration } from '../core/durations.ts';
import { clockTime } from './clock-time.ts';
import type { HeldSilence } from './holding-back.ts';
import type { Supervised } from './supervision.ts';

/** What an explanation says of what is held back. */
export function silenceSentences({ planned, silences }: Supervised, now: number): readonly string[] {
  const hasWatches = (planned.watch ?? []).length > 0;
  return silences(now)
    .filter(({ by }) => by !== 'needs' || hasWatches)
    .map((silence) => sentence(silence, now));
}

function sentence({ by, why, who, until, watch }: HeldSilence, now: number): string {
  const reason = why === '' ? '' : `: ${why}`;
  const end = until === null ? '' : ` until ${clockTime(until)} (in ${approximateDuration(until - now)})`;
  switch (by) {
    case 'quiet':
      return `It is quiet${end}${reason}. Its watches go on looking, and do nothing.`;
    case 'snooze':
      return watch === null
        ? `${who} snoozed it${end}${reason}. Its watches go on looking, and do nothing.`
        : `${who} snoozed ${watch}${end}${reason}. It goes on looking, and does nothing.`;
    case 'ack':
      return `${who} knows of ${watch === null ? 'its own trouble' : watch}${reason}. Nobody is told of it any more until it is well; actions go on.`;
    case 'needs':
      return `Something that it needs is in trouble${reason}. Its watches do nothing as long as that lasts.`;
  }
}
