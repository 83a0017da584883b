import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { type LookKeeper, NO_LOOKS, openLookKeeper } from '../watch/looks/keeper.ts';
import type { Plan } from './plan.ts';
import type { StatePaths } from './state.ts';

/** Opens the history of what watches see. Where that cannot be, it is said, and nothing is kept: no service waits for it. */
export function openLooks(
  { keep: { looksMs, looksBytes } }: Plan,
  { looks }: StatePaths,
  clock: Clock,
  log: Log,
): LookKeeper {
  const limits = { ageMs: looksMs, bytes: looksBytes };
  const opened = openLookKeeper({ path: looks, clock, log, limits });
  if (opened.ok) return opened.value;
  log.error('cannot keep what watches see', { reason: opened.error.message });
  return NO_LOOKS;
}
