import type { Service } from '../live/hub.svelte.ts';
import type { Condition } from '../live/words.ts';

export type WatchState = Service['watches'][number]['state'];

/** What is wrong comes first. */
export const WORST_WATCH_FIRST: readonly WatchState[] = ['bad', 'late', 'flapping', 'unknown', 'new', 'ok'];

/** The shape and the colour of each state of a watch. */
export const WATCH_MARKS: Readonly<
  Record<
    WatchState,
    { readonly icon: 'ok' | 'late' | 'bad' | 'unknown' | 'stopped' | 'restart'; readonly tone: Condition }
  >
> = {
  ok: { icon: 'ok', tone: 'ok' },
  new: { icon: 'stopped', tone: 'stopped' },
  late: { icon: 'late', tone: 'late' },
  flapping: { icon: 'restart', tone: 'late' },
  unknown: { icon: 'unknown', tone: 'unknown' },
  bad: { icon: 'bad', tone: 'bad' },
};

/** `log is late: nothing for 5m`. */
export function watchSaid({
  name,
  state,
  value,
  reason,
}: Pick<Service['watches'][number], 'name' | 'state' | 'value' | 'reason'>): string {
  const is = state === 'flapping' ? 'flaps' : state === 'unknown' ? 'cannot look' : `is ${state}`;
  const behind = reason ?? value;
  return `${name} ${is}${behind === null || behind === '' ? '' : `: ${behind}`}`;
}
