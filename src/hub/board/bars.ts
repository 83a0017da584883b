import { BAR_RANGES, type Bars as BarsJson, type BarRange, type BarSlots } from '../../wire/page/board.ts';
import { CONDITIONS, type Condition } from '../../wire/page/report.ts';
import { countUp, CUTS, letterOf } from './letters.ts';
import { createRing, type Ring } from './ring.ts';

/** How one service stood over time: condition by condition, slot by slot. */
export interface Bars {
  /** From now on it is so; undefined: nothing is known from now on. What lasted until now is counted. @param now wall milliseconds. */
  set(condition: Condition | undefined, now: number): void;
  /** Counts what lasted until now. */
  settle(now: number): void;
  /** From now on as it was, and nothing is known of the time since it was settled: the clock was set, or the machine slept. */
  skip(now: number): void;
  exit(now: number): void;
  /** `oooob`, the oldest first, and how much it was up. */
  bar(range: BarRange, now: number): { readonly bar: string; readonly up: number | null };
  slots(range: BarRange, now: number): BarSlots;
  readonly rings: Readonly<Record<BarRange, Ring>>;
}

/** @param touched is told of every slot that is not as it was stored. */
export function createBars(touched: (range: BarRange, slot: number) => void): Bars {
  const rings = { '24h': createRing(CUTS['24h']), '90d': createRing(CUTS['90d']) } as const;
  let condition: Condition | undefined;
  let until = 0;
  const settle = (now: number): void => {
    // A clock that went back a little: nothing is counted twice.
    if (now <= until) return;
    if (condition !== undefined)
      for (const range of BAR_RANGES) addStretch(rings[range], range, condition, until, now, touched);
    until = now;
  };
  return {
    rings,
    settle,
    set(next, now) {
      settle(now);
      condition = next;
    },
    skip(now) {
      if (now < until) for (const range of BAR_RANGES) rings[range].endAt(Math.floor(now / CUTS[range].step));
      until = now;
    },
    exit(now) {
      settle(now);
      for (const range of BAR_RANGES) {
        const slot = Math.floor(now / CUTS[range].step);
        rings[range].addExit(slot);
        touched(range, slot);
      }
    },
    bar(range, now) {
      settle(now);
      const [ring, first, up] = [rings[range], firstSlot(range, now), countUp()];
      let bar = '';
      for (let slot = first; slot < first + CUTS[range].shown; slot++) {
        const begin = ring.find(slot);
        bar += letterOf(range, ring.amounts, begin);
        up.add(ring.amounts, begin);
      }
      return { bar, up: up.read() };
    },
    slots(range, now) {
      settle(now);
      const { step, shown } = CUTS[range];
      const first = firstSlot(range, now);
      const slots = Array.from({ length: shown }, (_, index) => {
        const amounts = rings[range].read(first + index);
        const of = (at: number): number => amounts?.[at] ?? 0;
        const lasted = CONDITIONS.map((each, at) => [each, of(at) / 1000] as const);
        const seconds = Object.fromEntries(lasted) as Record<Condition, number>;
        return { at: (first + index) * step, ...seconds, exits: of(CONDITIONS.length) };
      });
      return { since: first * step, step, slots };
    },
  };
}

/** When the first slot of a bar begins that ends with now. */
export function sinceOf(range: BarRange, now: number): number {
  return firstSlot(range, now) * CUTS[range].step;
}

/** What is the same for all bars of an answer. */
export function barsFrame(range: BarRange, now: number): Omit<BarsJson, 'services'> {
  return { since: sinceOf(range, now), step: CUTS[range].step, slots: CUTS[range].shown };
}

function firstSlot(range: BarRange, now: number): number {
  return Math.floor(now / CUTS[range].step) - CUTS[range].shown + 1;
}

function addStretch(
  ring: Ring,
  range: BarRange,
  condition: Condition,
  from: number,
  to: number,
  touched: (range: BarRange, slot: number) => void,
): void {
  const { step, kept } = CUTS[range];
  const last = Math.floor((to - 1) / step);
  // Of a longer stretch the beginning is forgotten anyway.
  for (let slot = Math.max(Math.floor(from / step), last - kept + 1); slot <= last; slot++) {
    const ms = Math.min(to, (slot + 1) * step) - Math.max(from, slot * step);
    ring.add(slot, condition, ms);
    touched(range, slot);
  }
}
