/** Numbers that are the same each time. */
export interface Random {
  /** From 0 up to 1. */
  next(): number;
  /** A whole number from 0 up to and without `below`. */
  below(below: number): number;
  of<T>(all: readonly T[]): T;
}

/** @param seed a whole number (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return { next, below, of: <T>(all: readonly T[]) => all[below(all.length)] as T };
}
