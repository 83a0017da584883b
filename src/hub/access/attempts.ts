import { isIPv6 } from 'node:net';
import type { Clock } from '../../core/clock.ts';

/** Limits how often somebody may be wrong. */
export interface Attempts {
  /**
   * Counts an attempt by each of the keys. @returns undefined, or, where there were too many by one of them, after how many
   * milliseconds the next one is heard; then nothing is counted.
   */
  take(keys: readonly string[]): number | undefined;
  /** An attempt that was right does not count. */
  giveBack(keys: readonly string[]): void;
}

const PER_MINUTE = 10;
const MINUTE_MS = 60_000;
/** Of whoever was not heard of for longest nothing is known any more. */
const MOST_KEYS = 10_000;

/** By default ten at once, and one more every six seconds. */
export function createAttempts(clock: Clock, perMinute = PER_MINUTE): Attempts {
  const left = new Map<string, { readonly count: number; readonly at: number }>();
  const leftOf = (key: string): number => {
    const known = left.get(key);
    if (known === undefined) return perMinute;
    return Math.min(perMinute, known.count + ((clock.monotonic() - known.at) * perMinute) / MINUTE_MS);
  };
  const keep = (key: string, count: number): void => {
    left.delete(key);
    if (count >= perMinute) return;
    left.set(key, { count, at: clock.monotonic() });
    if (left.size > MOST_KEYS) left.delete(left.keys().next().value ?? key);
  };
  return {
    take(keys) {
      const least = Math.min(...keys.map(leftOf));
      // What a fraction lost in its sums is not worth a wait.
      if (least < 1 - 1e-9) return Math.ceil(((1 - least) * MINUTE_MS) / perMinute - 1e-6);
      for (const key of keys) keep(key, Math.max(0, leftOf(key) - 1));
      return undefined;
    },
    giveBack(keys) {
      for (const key of keys) keep(key, leftOf(key) + 1);
    },
  };
}

/** Who counts as one: an IPv4 address, or the /64 of an IPv6 address, of which a single machine may have all. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  // A dotted end stands for two groups.
  const written = before.length + after.length + (plain.includes('.') ? 1 : 0);
  const all = tail === undefined ? before : [...before, ...Array<string>(8 - written).fill('0'), ...after];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
