import type { Reading } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import type { Holding } from '../taking.ts';
import type { WatchedService } from '../watched-service.ts';
import type { KeptLook } from './look.ts';

/** What a look has read by now. */
export interface Seen {
  /** When it began, wall milliseconds. */
  readonly now: number;
  readonly reading: Reading | undefined;
}

/** A look for the history, before it is taken into account: what that leads to may end the life. */
export function lookToKeep(
  watch: string,
  { now, reading }: Seen,
  { reason }: Judgement,
  service: WatchedService,
  holding: Holding,
): Omit<KeptLook, 'at'> | undefined {
  const { life, startedAt, readyAt } = service.snapshot();
  if (life === null || startedAt === null) return undefined;
  return {
    now,
    life: { id: life, startedAt, readyAt: readyAt ?? startedAt, wellSince: holding.wellSince() },
    silence: holding.silence(watch, now)?.by,
    reading,
    failed: reading === undefined ? reason : '',
  };
}
