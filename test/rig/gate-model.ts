import type { GateSettings, SteadyState, WatchState } from '../../src/watch/gate.ts';
import type { Verdict } from '../../src/watch/judgement.ts';

/** A watch as docs/watches.md describes it, which forgets nothing: an oracle for the gate. Times are wall milliseconds. */
export interface GateModel {
  /** The state after a look. */
  look(verdict: Verdict, life: { readonly id: string; readonly from: number }, now: number): WatchState;
  /** When it changed, but for the flapping, as far as that is within an hour. */
  changes(): readonly number[];
}

const HOUR_MS = 3_600_000;
const MOST_CHANGES = 5;

export function createGateModel({ fail, ok, graceMs }: GateSettings): GateModel {
  let life = '';
  let seen: Verdict[] = [];
  let steady: SteadyState = 'new';
  let flapping = false;
  let changes: number[] = [];

  const judge = (): SteadyState => {
    const isFailing = steady === 'late' || steady === 'bad';
    const lastKnown = seen.findLastIndex((verdict) => verdict !== 'unknown');
    const blind = seen.length - 1 - lastKnown;
    if (blind > 0) return blind >= fail.times && !isFailing ? 'unknown' : steady;
    const known = seen.filter((verdict) => verdict !== 'unknown');
    const isGood = known.length >= ok && known.slice(-ok).every((verdict) => verdict === 'ok');
    const failed = known.slice(-fail.of).filter((verdict) => verdict !== 'ok');
    if (!isGood && failed.length >= fail.times) {
      const isBad = failed.filter((verdict) => verdict === 'bad').length >= fail.times;
      return isBad ? 'bad' : (failed.at(-1) as 'late' | 'bad');
    }
    if (steady === 'new') return known.at(-1) === 'ok' ? 'ok' : 'new';
    return isGood ? 'ok' : steady;
  };

  return {
    changes: () => changes,
    look(verdict, { id, from }, now) {
      if (life !== id) seen = [];
      life = id;
      const before = steady;
      if (now - from >= graceMs) {
        seen.push(verdict);
        steady = judge();
        // What failed before a recovery is settled.
        if (steady === 'ok' && (before === 'late' || before === 'bad')) seen = Array<Verdict>(ok).fill('ok');
      }
      if (steady !== before && before !== 'new') changes = [...changes, now];
      // Where the clock was set back, what lies ahead counts from now on.
      changes = changes.map((at) => Math.min(at, now)).filter((at) => now - at < HOUR_MS);
      flapping = flapping ? changes.length > 0 : changes.length > MOST_CHANGES;
      return flapping ? 'flapping' : steady;
    },
  };
}
