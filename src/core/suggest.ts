/** Words longer than this are no typing mistakes, and comparing them costs the product of their lengths. */
const LONGEST_WORD = 64;

/** Edits between two words: insert, delete, replace, swap of two neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/**
 * The candidate that was probably meant by `word`, or undefined when none is near. Case matters not; a candidate that
 * only differs in case comes first, then one that begins with `word` (2 characters or more), then the one with the
 * fewest typing mistakes, at most one for every three characters. Of equals the first wins.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted === '' || wanted.length > LONGEST_WORD) return undefined;
  let best: string | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate === word || candidate === '' || candidate.length > LONGEST_WORD) continue;
    const lower = candidate.toLowerCase();
    const edits = distance(wanted, lower);
    const isPrefix = wanted.length >= 2 && lower.startsWith(wanted);
    if (edits > 0 && !isPrefix && edits > Math.floor(Math.max(wanted.length, lower.length) / 3)) continue;
    const score = edits === 0 || isPrefix ? edits : LONGEST_WORD + edits;
    if (score < bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** The end of an error message: `, did you mean "services"?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = suggest(word, candidates);
  return found === undefined ? '' : `, did you mean ${JSON.stringify(found)}?`;
}
