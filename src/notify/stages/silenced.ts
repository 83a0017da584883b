import type { Stage } from './stage.ts';

/** Holds what is in a quiet window, what a person snoozed, and what a person knows of. Never the end of what was told. */
export const silenced: Stage = ({ incident: { service, watch } }, { silenceOf }, now) => {
  const silence = silenceOf(service, watch, now);
  if (silence === undefined) return undefined;
  const { by, why, who, until } = silence;
  const whose = who === '' ? '' : ` (${who})`;
  return { by, why: `${WORDS[by]}: ${why}${whose}`, until };
};

const WORDS = { quiet: 'quiet', snooze: 'snoozed', ack: 'acknowledged', needs: 'needs' } as const;
