import type { LineReader, Reading } from '../../watch/kind.ts';
import type { KeptEvent } from '../../watch/looks/look.ts';
import type { OutputLine } from './output-lines.ts';
import type { PastLife } from './past-lives.ts';

/** From when up to when looks are made up; wall milliseconds. */
export interface LookingBack {
  readonly from: number;
  /** A life whose end is not known lasts as long. */
  readonly until: number;
  readonly everyMs: number;
}

/**
 * What a watch would have seen that looked at the output of a service: a look every `everyMs` while a life was there and ready, at
 * the lines that had been printed by then. The lines must begin before `from`, so that the latest one before it is known.
 */
export function* outputEvents(
  lines: Iterator<OutputLine>,
  lives: readonly PastLife[],
  reader: LineReader<Reading>,
  { from, until, everyMs }: LookingBack,
): Generator<KeptEvent, void> {
  let next = lines.next();
  yield { kind: 'opened' };
  for (const { id, startedAt, readyAt, endedAt } of lives) {
    if (readyAt === null) continue;
    const life = { id, startedAt, readyAt, wellSince: 0 };
    const end = endedAt ?? Number.POSITIVE_INFINITY;
    const first = firstLook(Math.max(readyAt, from), everyMs);
    for (let now = first; now < end && now <= until; now += everyMs) {
      for (; next.done !== true && next.value.at <= now; next = lines.next()) reader.take(next.value);
      const reading = reader.reading({ now, life: { id, pid: 0, startedAt } });
      yield { kind: 'look', now, at: now, life, silence: undefined, reading, failed: '' };
    }
  }
}

/** Looks are in step with each other over all lives, as those of a daemon are. */
function firstLook(from: number, everyMs: number): number {
  return Math.ceil(from / everyMs) * everyMs;
}
