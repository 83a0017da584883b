import { BAR_LETTERS, type BarRange } from '../../wire/page/board.ts';
import { CONDITIONS } from '../../wire/page/report.ts';
import type { Cut } from './ring.ts';

/** How the ranges of bars are cut; more is kept than a bar shows. */
export const CUTS: Readonly<Record<BarRange, Cut & { readonly shown: number }>> = {
  '24h': { step: 900_000, kept: 192, shown: 96 },
  '90d': { step: 86_400_000, kept: 100, shown: 90 },
};

/** Of the time that is known of a slot; what lasted shorter is not seen in its letter. */
const NOTICEABLE = 0.02;
/** Where a service was bad for so long the slot is bad, however small a part of it that is: a person would have noticed. */
const BAD_MS: Readonly<Record<BarRange, number>> = { '24h': 1000, '90d': 60_000 };
/** Bad for a shorter time, but for so long at least: seen as `late`. */
const SHORT_MS = 1000;

/**
 * A slot's letter: the worst condition that lasted for a noticeable part of what is known of it. Of what is bad less is enough, and a life
 * that ended badly is always seen, as `late` at least.
 * @param amounts see Ring. @param begin where in them those of the slot begin; -1: nothing is known of it.
 */
export function letterOf(range: BarRange, amounts: ArrayLike<number>, begin: number): string {
  if (begin === -1) return BAR_LETTERS.none;
  const of = (index: number): number => amounts[begin + index] ?? 0;
  const known = of(OK) + of(STOPPED) + of(UNKNOWN) + of(LATE) + of(BAD);
  const exits = of(EXITS);
  if (known === 0) return exits > 0 ? BAR_LETTERS.late : BAR_LETTERS.none;
  const least = known * NOTICEABLE;
  if (of(BAD) >= BAD_MS[range] || of(BAD) >= least) return BAR_LETTERS.bad;
  if (of(LATE) >= least || of(BAD) >= SHORT_MS || exits > 0) return BAR_LETTERS.late;
  if (of(UNKNOWN) >= least) return BAR_LETTERS.unknown;
  return of(STOPPED) >= least ? BAR_LETTERS.stopped : BAR_LETTERS.ok;
}

const [OK, STOPPED, UNKNOWN, LATE, BAD] = (['ok', 'stopped', 'unknown', 'late', 'bad'] as const).map(
  (condition) => CONDITIONS.indexOf(condition),
) as [number, number, number, number, number];
const EXITS = CONDITIONS.length;

/** Of the time that it was to run and something is known of it, how much it was ok: 0 to 1; null where there is no such time. */
export interface Up {
  add(amounts: ArrayLike<number>, begin: number): void;
  read(): number | null;
}

export function countUp(): Up {
  let [ok, wanted] = [0, 0];
  return {
    add(amounts, begin) {
      if (begin === -1) return;
      ok += amounts[begin + OK] ?? 0;
      wanted += (amounts[begin + OK] ?? 0) + (amounts[begin + LATE] ?? 0) + (amounts[begin + BAD] ?? 0);
    },
    read: () => (wanted === 0 ? null : ok / wanted),
  };
}
