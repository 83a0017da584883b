import { CONDITIONS, type Condition } from '../../wire/page/report.ts';

/** Milliseconds of each condition, and a count of exits: what a slot holds, in this order. */
export const WIDTH = CONDITIONS.length + 1;
const EXITS = CONDITIONS.length;
/** Fits in four bytes, and more than any slot has. */
const MOST = 0xffff_ffff;
const NOTHING = new Uint32Array();

/** How a stretch of time is cut: slots of so many milliseconds, so many of them kept. A slot's number is how many steps lie between it and 1970. */
export interface Cut {
  readonly step: number;
  readonly kept: number;
}

/** The newest slots of one service. What was never said of a slot is zero. */
export interface Ring {
  /** Adds milliseconds of a condition. */
  add(slot: number, condition: Condition, ms: number): void;
  addExit(slot: number): void;
  /** The amounts of a slot, which are not to be kept; undefined where nothing is known. */
  read(slot: number): Uint32Array | undefined;
  /** The same without making anything: where in `amounts` they begin, -1 where nothing is known. */
  find(slot: number): number;
  readonly amounts: Uint32Array;
  /** Puts amounts as they were stored. */
  put(slot: number, amounts: ArrayLike<number>): void;
  /** Forgets what is behind a slot: the clock was ahead. */
  endAt(slot: number): void;
  /** Whether anything is known of a slot from this one on. */
  hasSince(slot: number): boolean;
}

export function createRing({ kept }: Cut): Ring {
  let data: Uint32Array | undefined;
  let newest = -1;
  const isKept = (slot: number): boolean => slot <= newest && slot > newest - kept && slot >= 0;
  const place = (slot: number): number => (slot % kept) * WIDTH;
  /** Makes room for a slot. Everything begins anew where it has nothing to do with those that there are. */
  const open = (slot: number): Uint32Array => {
    data ??= new Uint32Array(kept * WIDTH);
    if (newest === -1 || Math.abs(slot - newest) >= kept) {
      data.fill(0);
      newest = slot;
    }
    for (; newest < slot; newest++) data.fill(0, place(newest + 1), place(newest + 1) + WIDTH);
    return data;
  };
  const grow = (slot: number, index: number, by: number): void => {
    const amounts = open(slot);
    const at = place(slot) + index;
    amounts[at] = Math.min(MOST, (amounts[at] ?? 0) + by);
  };
  const find = (slot: number): number => {
    if (data === undefined || !isKept(slot)) return -1;
    const begin = place(slot);
    for (let index = begin; index < begin + WIDTH; index++) if ((data[index] ?? 0) > 0) return begin;
    return -1;
  };
  return {
    add: (slot, condition, ms) => grow(slot, CONDITIONS.indexOf(condition), ms),
    addExit: (slot) => grow(slot, EXITS, 1),
    read(slot) {
      const begin = find(slot);
      return begin === -1 ? undefined : data?.subarray(begin, begin + WIDTH);
    },
    find,
    get amounts() {
      return data ?? NOTHING;
    },
    put: (slot, amounts) => open(slot).set(amounts, place(slot)),
    endAt(slot) {
      if (slot >= newest) return;
      if (!isKept(slot)) newest = -1;
      for (; newest > slot; newest--) data?.fill(0, place(newest), place(newest) + WIDTH);
    },
    hasSince(slot) {
      for (let each = newest; each >= slot && isKept(each); each--) if (find(each) !== -1) return true;
      return false;
    },
  };
}
