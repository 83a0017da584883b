import type { Folded } from './outbox-row.ts';

/** Different subjects whose numbers are kept apart; the rest is one number. */
const MOST_KINDS = 100;
const REST = { service: '', subject: '' };

function sum(a: Folded, b: Folded): Folded {
  return {
    ...a,
    count: a.count + b.count,
    since: Math.min(a.since, b.since),
    until: Math.max(a.until, b.until),
    downMs: a.downMs + b.downMs,
  };
}

/** Adds what one more message said to the numbers of those before it. */
export function addOlder(older: readonly Folded[], one: Folded): readonly Folded[] {
  const same = ({ service, subject }: Folded): boolean => service === one.service && subject === one.subject;
  if (older.some(same)) return older.map((each) => (same(each) ? sum(each, one) : each));
  if (older.length < MOST_KINDS || one.service === REST.service) return [...older, one];
  return addOlder(older, { ...one, ...REST });
}

export function mergeOlder(all: readonly Folded[]): readonly Folded[] {
  return all.reduce(addOlder, [] as readonly Folded[]);
}
