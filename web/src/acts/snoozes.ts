/** Until when a snooze may last, as people say it. */
export interface SnoozeChoice {
  readonly id: string;
  readonly label: string;
  /** Wall milliseconds. */
  readonly until: number;
}

const MINUTE = 60_000;
const MORNING = 8;

/** @param now wall milliseconds; tomorrow is the reader's own. */
export function snoozeChoices(now: number): readonly SnoozeChoice[] {
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(MORNING, 0, 0, 0);
  return [
    { id: '30m', label: '30 minutes', until: now + 30 * MINUTE },
    { id: '2h', label: '2 hours', until: now + 120 * MINUTE },
    { id: 'morning', label: 'tomorrow 08:00', until: morning.getTime() },
  ];
}

/** What an input of the type datetime-local says, in the reader's own zone; undefined where it is none, or over. */
export function ownMoment(text: string, now: number): number | undefined {
  const at = new Date(text).getTime();
  return text !== '' && Number.isFinite(at) && at > now ? at : undefined;
}

/** What such an input shows for a moment. */
export function inputMoment(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * MINUTE);
  return local.toISOString().slice(0, 16);
}
