/**
 * When something was that has been, though the wall clock may have been set back since: a moment that still lies ahead counts as
 * the one at which that was first seen. Times are wall milliseconds.
 */
export type Past = (at: number, now: number) => number;

/** More moments than these are never ahead at once: a life's beginning, its readiness, and since when what it needs is well. */
const MOST_KNOWN = 8;

export function createPast(): Past {
  const firstSeen = new Map<number, number>();
  return (at, now) => {
    if (at <= now) return at;
    const seen = Math.min(firstSeen.get(at) ?? now, now);
    if (firstSeen.size >= MOST_KNOWN) firstSeen.clear();
    firstSeen.set(at, seen);
    return seen;
  };
}
