import { approximateDuration } from '../core/durations.ts';
import type { ServiceSnapshot } from '../core/runner.ts';
import type { Judgement } from './judgement.ts';

/** A restart by a watch, until it is known what became of it. Serialisable as JSON; wall milliseconds. */
export interface Aftermath {
  readonly watch: string;
  /** When it was restarted. */
  readonly at: number;
  /** The life that was ended for it. */
  readonly over: string;
  /** The one that followed; null as long as there is none. */
  readonly life: string | null;
  /** When that was ready, or ran where it has no way to be ready; null before. */
  readonly upAt: number | null;
  /** It says when it is ready. */
  readonly isReady: boolean;
}

/** What became of a restart. `failing`: the watch fails in the new life too. */
export interface Outcome {
  readonly outcome: 'ok' | 'failing' | 'ended' | 'stopped' | 'restarted';
  /** The life that followed; empty where there was none. */
  readonly life: string;
  readonly message: string;
  readonly fields: { readonly afterMs: number; readonly upMs: number | null };
}

type Facts = Pick<
  ServiceSnapshot,
  'state' | 'wanted' | 'life' | 'pid' | 'startedAt' | 'ready' | 'readyAt' | 'lastExit'
>;

/** A restart that begins now. */
export function beginAftermath(watch: string, over: string, now: number): Aftermath {
  return { watch, at: now, over, life: null, upAt: null, isReady: false };
}

/** Takes into account how the service is now; answers with what became of the restart where that says it. */
export function followService(
  before: Aftermath,
  facts: Facts,
  now: number,
): { readonly aftermath: Aftermath; readonly outcome: Outcome | undefined } {
  const aftermath = followLife(before, facts);
  const { lastExit, state, wanted } = facts;
  const ended = lastExit !== null && lastExit.at >= before.at && lastExit.life !== before.over;
  if (ended && lastExit.life !== '' && (aftermath.life === null || aftermath.life === lastExit.life)) {
    const life = { ...aftermath, life: lastExit.life };
    return { aftermath, outcome: conclude(life, 'ended', `the new life ${lastExit.message}`, now) };
  }
  if (state === 'stopped' && !wanted) {
    const message = `it was stopped before ${before.watch} was well again`;
    return { aftermath, outcome: conclude(aftermath, 'stopped', message, now) };
  }
  return { aftermath, outcome: undefined };
}

function followLife(before: Aftermath, { state, life, pid, startedAt, ready, readyAt }: Facts): Aftermath {
  if (state !== 'running' || life === null || life === before.over) return before;
  const aftermath = before.life === life ? before : { ...before, life, upAt: null, isReady: false };
  if (aftermath.upAt !== null || pid === null || ready === false) return aftermath;
  return { ...aftermath, upAt: readyAt ?? startedAt, isReady: ready === true };
}

/** What the watch that restarted it says of the new life. */
export function followWatch(
  aftermath: Aftermath,
  found: 'ok' | 'failing',
  { verdict, reason }: Judgement,
  now: number,
): Outcome {
  const { watch, at } = aftermath;
  const after = approximateDuration(Math.max(0, now - at));
  const said = found === 'ok' ? 'is ok again' : `is still ${verdict}`;
  return conclude(
    aftermath,
    found,
    `${watch} ${said} after ${after}${found === 'ok' ? '' : `: ${reason}`}`,
    now,
  );
}

/** Another restart comes before it is known. */
export function overtaken(aftermath: Aftermath, by: string, now: number): Outcome {
  return conclude(aftermath, 'restarted', `restarted again, by the watch ${by}`, now);
}

function conclude(
  { watch, at, life, upAt, isReady }: Aftermath,
  outcome: Outcome['outcome'],
  what: string,
  now: number,
): Outcome {
  const upMs = upAt === null ? null : Math.max(0, upAt - at);
  const up = upMs === null ? '' : `${isReady ? 'ready' : 'running'} after ${approximateDuration(upMs)}, `;
  const message = `after the restart by the watch ${watch}: ${up}${what}`;
  return { outcome, life: life ?? '', message, fields: { afterMs: Math.max(0, now - at), upMs } };
}
