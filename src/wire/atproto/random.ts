/** A seeded source of numbers: the same seed gives the same numbers on every machine. Not for secrets. */
export interface Random {
  /** An integer from 0 up to and without `below`. */
  int(below: number): number;
  pick<T>(list: readonly T[]): T;
  /** True in about `percent` of 100 calls. */
  chance(percent: number): boolean;
  bytes(length: number): Uint8Array;
  /** `length` letters of `alphabet`. */
  text(length: number, alphabet: string): string;
}

/** Mulberry32 (Tommy Ettinger, public domain). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const int = (below: number): number => Math.floor((next() / 0x1_0000_0000) * below);
  return {
    int,
    pick: <T>(list: readonly T[]): T => list[int(list.length)] as T,
    chance: (percent) => int(100) < percent,
    bytes: (length) => {
      const words = new Uint32Array(Math.ceil(length / 4));
      for (let i = 0; i < words.length; i++) words[i] = next();
      return new Uint8Array(words.buffer, 0, length);
    },
    text: (length, alphabet) => {
      let text = '';
      for (let i = 0; i < length; i++) text += alphabet[int(alphabet.length)];
      return text;
    },
  };
}
