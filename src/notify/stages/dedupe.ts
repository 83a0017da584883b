import type { EntryEvent } from '../telling.ts';
import type { Hold } from './hold.ts';
import type { Candidate } from './stage.ts';

/** What there is to say, or that everything is said. */
export type News = { readonly event: EntryEvent } | { readonly hold: Hold };

/**
 * Compares an incident with what the channel was told of it: the outage once, its end once, in between only the change to the slow
 * lane and the repeats that the channel asks for. Pure.
 * @param isPending whether a message about it still lies in the outbox: nothing is repeated that has not arrived.
 */
export function dedupe(candidate: Candidate, isPending: () => boolean, now: number): News {
  const { incident, telling, timing } = candidate;
  const { toldAt, toldState, lastAt } = telling;
  if (incident.until !== null) return { event: toldAt === null ? 'both' : 'recovery' };
  if (toldAt === null || lastAt === null) return { event: 'outage' };
  if (incident.kind === 'lane' && incident.state === 'slow' && toldState !== 'slow')
    return { event: 'update' };
  if (timing.repeatMs === undefined) return { hold: { by: 'told', why: 'told', until: null } };
  const until = lastAt + timing.repeatMs;
  if (until > now) return { hold: { by: 'told', why: 'told, and told again later', until } };
  if (!isPending()) return { event: 'repeat' };
  return { hold: { by: 'told', why: 'told; its last message is not delivered yet', until: null } };
}
