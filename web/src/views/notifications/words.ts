import type { IconName } from '../../ui/icon.svelte';

/** How notifications are said and drawn. */

export type MessageState = 'pending' | 'failing' | 'refused' | 'delivered' | 'folded' | 'dropped';
export type Tone = 'ok' | 'late' | 'bad' | 'unknown' | 'stopped';

interface Look {
  readonly word: string;
  readonly tone: Tone;
  readonly icon: IconName;
  /** In a sentence, for the tooltip. */
  readonly about: string;
}

export const MESSAGE_LOOKS: Readonly<Record<MessageState, Look>> = {
  pending: { word: 'waits', tone: 'late', icon: 'late', about: 'It is not delivered yet.' },
  failing: {
    word: 'failing',
    tone: 'bad',
    icon: 'warning',
    about: 'Its last try failed; it is tried again.',
  },
  refused: {
    word: 'refused',
    tone: 'bad',
    icon: 'bad',
    about: 'The far side says that it can never take it.',
  },
  delivered: { word: 'delivered', tone: 'ok', icon: 'ok', about: 'The far side took it.' },
  folded: { word: 'folded', tone: 'stopped', icon: 'right', about: 'Another message says it.' },
  dropped: { word: 'dropped', tone: 'stopped', icon: 'stopped', about: 'Somebody gave it up.' },
};

export function isWaiting(state: MessageState): boolean {
  return state === 'pending' || state === 'failing' || state === 'refused';
}

/** Reasons as `vahti notifications` names them; those of later versions are shown as they are called. */
const HELD: Readonly<Record<string, string>> = {
  needs: 'held: something it needs is in trouble',
  quiet: 'held: a quiet window',
  snooze: 'held: snoozed',
  ack: 'held: acknowledged',
  'not-paged': 'not yet: its ladder still tries by itself',
  unknown: 'not yet: it could not look',
  after: 'not yet: it has not lasted long enough',
  group: 'in a moment: it waits for what else the message can say',
  over: 'not told: it was over before',
  told: 'told',
};

export interface Telling {
  readonly channel: string;
  readonly toldAt: number | null;
  readonly lastAt: number | null;
  readonly by: string | null;
  readonly why: string;
  readonly until: number | null;
}

export interface TellingWords {
  /** `told`, or why nobody was. */
  readonly text: string;
  readonly isTold: boolean;
  /** What is said beside it: why nothing more is said now. */
  readonly held: string;
}

/** Who knows, and why nobody is told now. */
export function tellingWords({ toldAt, by, why }: Telling): TellingWords {
  const isTold = toldAt !== null;
  const known = by === null ? '' : (HELD[by] ?? `held: ${by}`);
  const reason = by === null || by === 'told' ? '' : withWhy(known, why);
  if (isTold) return { text: 'told', isTold, held: reason };
  return { text: reason === '' ? 'not yet' : reason, isTold, held: '' };
}

function withWhy(known: string, why: string): string {
  return why === '' || known.includes(why) ? known : `${known} (${why})`;
}

/** What a snooze or an ack of an incident is said of: its watch, where it is of one. */
export function targetOf(
  { service, subject }: { readonly service: string; readonly subject: string },
  watches: readonly string[],
): string {
  return watches.includes(subject) ? `${service}/${subject}` : service;
}

export interface Silenced {
  readonly by: string;
  readonly service: string | null;
  readonly watch: string | null;
}

export function silencedName({ service, watch }: Silenced): string {
  if (service === null) return 'everything';
  return watch === null ? service : `${service}/${watch}`;
}

export const SILENCE_WORDS: Readonly<Record<string, string>> = {
  quiet: 'quiet window',
  snooze: 'snooze',
  ack: 'acknowledged',
  needs: 'held for what it needs',
};
