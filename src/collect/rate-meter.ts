import type { Clock } from '../core/clock.ts';

const SECONDS = 10;

/** Counts things and says how many came in a second, averaged over the last ten. */
export interface RateMeter {
  add(count: number): void;
  perSecond(): number;
}

export function createRateMeter(clock: Clock): RateMeter {
  const buckets = new Float64Array(SECONDS + 1);
  const began = clock.monotonic();
  let second = 0;

  const turn = (): number => {
    const elapsed = (clock.monotonic() - began) / 1000;
    const now = Math.floor(elapsed);
    for (let s = Math.max(second + 1, now - SECONDS); s <= now; s += 1) buckets[s % buckets.length] = 0;
    second = Math.max(second, now);
    return elapsed;
  };

  return {
    add(count) {
      turn();
      buckets[second % buckets.length] = (buckets[second % buckets.length] as number) + count;
    },
    perSecond() {
      const elapsed = turn();
      const sum = buckets.reduce((total, bucket) => total + bucket, 0);
      // The current second is not over: the eleven buckets hold ten seconds and its fraction.
      return sum / Math.max(1, Math.min(elapsed, SECONDS + (elapsed - second)));
    },
  };
}
