export interface Backoff {
  /** The delay of attempt 0, milliseconds. */
  readonly minMs: number;
  /** No delay is longer, milliseconds. */
  readonly maxMs: number;
  /** How many attempts went before: 0 gives `minMs`, each further one twice as much. */
  readonly attempt: number;
  /** A number from 0 up to but not including 1, as Math.random gives it. */
  readonly random: () => number;
}

/** From 2^1024 a double is Infinity, and 0 × Infinity is no number. */
const MOST_DOUBLINGS = 1023;

function plainDelay(minMs: number, maxMs: number, attempt: number): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(Math.max(0, attempt), MOST_DOUBLINGS));
}

/**
 * The exponential delay before the next attempt: whole milliseconds from `minMs` to `maxMs`.
 * @param jitter the fraction (0 to 1, default 0) by which the delay varies both ways. It is drawn evenly from what lies
 *   between `minMs` and `maxMs`, so that delays at the cap spread too instead of piling up on it.
 */
export function backoffDelay(options: Backoff & { readonly jitter?: number }): number {
  const { minMs, maxMs, attempt, random, jitter = 0 } = options;
  const delay = plainDelay(minMs, maxMs, attempt);
  const low = Math.max(Math.min(minMs, maxMs), delay * (1 - jitter));
  const high = Math.min(maxMs, delay * (1 + jitter));
  return Math.round(low + (high - low) * random());
}

/**
 * The delay with full jitter: whole milliseconds, drawn evenly from 0 up to the exponential delay. For many clients of
 * one server, which spreads them best (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
 */
export function fullJitter({ minMs, maxMs, attempt, random }: Backoff): number {
  return Math.round(plainDelay(minMs, maxMs, attempt) * random());
}
