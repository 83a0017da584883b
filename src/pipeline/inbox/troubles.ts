import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';

/** Says what is wrong, the same at most once an hour, and a bounded number an hour: an inbox meets it at every scan. */
export interface Troubles {
  say(message: string): void;
}

const AGAIN_MS = 3_600_000;
const MOST = 1000;

export function createTroubles(log: Pick<Log, 'warn'>, clock: Pick<Clock, 'monotonic'>): Troubles {
  const said = new Map<string, number>();
  let quietUntil = -Infinity;
  const forgetOld = (now: number): void => {
    for (const [message, last] of said) if (now - last >= AGAIN_MS) said.delete(message);
  };
  return {
    say(message) {
      const now = clock.monotonic();
      const last = said.get(message);
      if (last !== undefined && now - last < AGAIN_MS) return;
      if (said.size >= MOST) forgetOld(now);
      if (said.size < MOST) {
        said.set(message, now);
        log.warn(message);
      } else if (now >= quietUntil) {
        quietUntil = now + AGAIN_MS;
        log.warn(`more than ${MOST} things are wrong: others are not said here`);
      }
    },
  };
}
