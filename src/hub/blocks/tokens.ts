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
  for (const row of rows) addWords(row.message, hashes);
  const bits = new Uint8Array(Math.max(8, Math.ceil((hashes.size * BITS_PER_WORD) / 8)));
  const count = bits.length * 8;
  for (const hash of hashes) {
    const step = stepOf(hash);
    for (let place = 0, sum = hash; place < PLACES; place++, sum = (sum + step) | 0) {
      const at = bitAt(sum, count);
      bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7));
    }
  }
  return bits;
}

/** Whether all of these words, as hashes, may be in a block. */
export function mayHave(bits: Uint8Array, hashes: readonly number[]): boolean {
  const count = bits.length * 8;
  return hashes.every((hash) => {
    const step = stepOf(hash);
    for (let place = 0, sum = hash; place < PLACES; place++, sum = (sum + step) | 0) {
      const at = bitAt(sum, count);
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

/** Double hashing (Kirsch, Mitzenmacher 2006). All hashes are 32 bits with a sign: so they are no objects. */
function stepOf(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x85eb_ca6b) | 1;
}

/** A bit out of so many, by the upper part of a hash: far cheaper than what is left of a division. */
function bitAt(sum: number, bits: number): number {
  return Math.floor(((sum >>> 0) / 0x1_0000_0000) * bits);
}

const START = 0x811c_9dc5 | 0;
const PRIME = 0x0100_0193;
/** Of each ASCII unit its small letter where it is of a word, else 0. */
const SMALL = Uint8Array.from({ length: 128 }, (_, unit) => {
  const text = String.fromCodePoint(unit).toLowerCase();
  return /[a-z0-9_]/.test(text) ? (text.codePointAt(0) ?? 0) : 0;
});

/** The same words as hashWords finds, without a call for each: for whole blocks. */
function addWords(text: string, hashes: Set<number>): void {
  const { length } = text;
  for (let at = 0; at < length; at++) {
    let hash = START;
    let isPlain = true;
    const from = at;
    for (; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= 128) isPlain = false;
      else {
        const small = SMALL[unit] as number;
        if (small === 0) break;
        hash = Math.imul(hash ^ small, PRIME);
      }
    }
    if (isPlain && at > from) hashes.add(hash);
  }
}

/** FNV-1a of each word. */
function hashWords(text: string, take: (hash: number, from: number, to: number) => void): void {
  let hash = 0;
  let from = -1;
  let isPlain = true;
  for (let at = 0; at <= text.length; at++) {
    const unit = at < text.length ? text.charCodeAt(at) : 0;
    const small = unit < 128 ? (SMALL[unit] as number) : unit;
    if (small !== 0) {
      if (from < 0) [from, hash, isPlain] = [at, START, true];
      if (small >= 128) isPlain = false;
      hash = Math.imul(hash ^ small, PRIME);
    } else if (from >= 0) {
      if (isPlain) take(hash, from, at);
      from = -1;
    }
  }
}
