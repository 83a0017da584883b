import type { HubRow } from './row.ts';

/**
 * Which words a block may have: a Bloom filter (Bloom 1970) over the runs of ASCII letters, digits and underscores of its messages, in
 * small letters. With 10 bits a word and 6 places each, a word that is not there is taken for one that is in 1 of 100 cases.
 * Runs with other letters are left out: their small letters are not found byte by byte.
 */
const BITS_PER_WORD = 10;
const PLACES = 6;

export function tokensOf(rows: readonly HubRow[]): Uint8Array {
  const hashes = new Set<number>();
  for (const row of rows) hashWords(row.message, (hash) => hashes.add(hash));
  const bits = new Uint8Array(Math.max(8, Math.ceil((hashes.size * BITS_PER_WORD) / 8)));
  for (const hash of hashes)
    for (let place = 0; place < PLACES; place++) {
      const at = bitOf(hash, place, bits.length * 8);
      bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
    }
  return bits;
}

/** Whether all of these words, as hashes, may be in a block. */
export function mayHave(bits: Uint8Array, hashes: readonly number[]): boolean {
  return hashes.every((hash) => {
    for (let place = 0; place < PLACES; place++) {
      const at = bitOf(hash, place, bits.length * 8);
      if (((bits[at >> 3] ?? 0) & (1 << (at & 7))) === 0) return false;
    }
    return true;
  });
}

/** The words of a text that stand in it whole. @param isPart it is looked for within other text: its first and last word may go on there. */
export function wordHashes(text: string, isPart: boolean): readonly number[] {
  const found: number[] = [];
  hashWords(text, (hash, from, to) => {
    if (!isPart || (from > 0 && to < text.length)) found.push(hash);
  });
  return found;
}

/** Double hashing (Kirsch, Mitzenmacher 2006). */
function bitOf(hash: number, place: number, bits: number): number {
  const step = (Math.imul(hash ^ (hash >>> 15), 0x85eb_ca6b) | 1) >>> 0;
  return (hash + place * step) % bits;
}

/** FNV-1a of each word. */
function hashWords(text: string, take: (hash: number, from: number, to: number) => void): void {
  let hash = 0;
  let from = -1;
  let isPlain = true;
  for (let at = 0; at <= text.length; at++) {
    const unit = at < text.length ? text.charCodeAt(at) : 0;
    const small = unit >= 65 && unit <= 90 ? unit + 32 : unit;
    const isWord =
      (small >= 97 && small <= 122) || (small >= 48 && small <= 57) || small === 95 || small >= 128;
    if (isWord) {
      if (from < 0) [from, hash, isPlain] = [at, 0x811c_9dc5, true];
      if (small >= 128) isPlain = false;
      hash = Math.imul(hash ^ small, 0x0100_0193);
    } else if (from >= 0) {
      if (isPlain) take(hash >>> 0, from, at);
      from = -1;
    }
  }
}
