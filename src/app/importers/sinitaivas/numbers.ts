import type { Vote } from './votes.ts';

/** Votes on either side that judge one. A commit can forge 200 (the protocol's limit of operations): at an end fewer than half. */
const HALF = 450;
/** A file with fewer votes is judged together with those before it: its own could all be one sender's. */
const ENOUGH = 15;
/** With a full window, the spread is measured at every so many votes. */
const MEASURE_EVERY = 32;
/** How many trusted numbers are kept for tiny files. */
const KEPT = 64;
/** Numbers that near to their neighbours' median are trusted in any case: other kinds of messages take numbers too. */
const NEAR = 1_000;
/** Otherwise so many times the distance that the nearest quarter of the neighbours keeps. */
const SPREAD = 16;

/**
 * Tells which numbers can be trusted. In the old files a record's own fields overwrote the commit's, so that anybody could
 * write any number; but not the numbers of others. A number counts when it is near the median of the up to 901 votes around
 * it in its file, and does not stick out from the two beside it.
 *
 * A jump of the true numbers changes the median where it happens, unless fewer than half of the votes come behind it: the
 * few last ones before an end are then not trusted, and are asked for again rather than lost.
 */
export interface NumberJudge {
  push(vote: Vote): void;
  endFile(): void;
}

/** @param told of every vote, in order; `reach` is how far from the median it might have been. */
export function createNumberJudge(told: (vote: Vote, trusted: boolean, reach: number) => void): NumberJudge {
  const window: Vote[] = [];
  const sorted = createSorted();
  let centre = 0;
  let slid = false;
  let before: number[] = [];
  let last = Number.NaN;
  let reach = NEAR;
  let measured = 0;

  const judge = (): void => {
    const vote = window[centre] as Vote;
    const next = window[centre + 1]?.seq ?? Number.NaN;
    const median = sorted.median();
    if (measured === 0 || window.length <= 2 * HALF) reach = sorted.reach();
    measured = (measured + 1) % MEASURE_EVERY;
    const spike = last < next && next < vote.seq;
    const trusted = !spike && Math.abs(vote.seq - median) <= reach;
    if (trusted) {
      last = vote.seq;
      before.push(vote.seq);
      if (before.length >= 2 * KEPT) before = before.slice(-KEPT);
    }
    centre += 1;
    if (centre > HALF) {
      sorted.remove((window.shift() as Vote).seq);
      centre -= 1;
      slid = true;
    }
    told(vote, trusted, reach);
  };

  return {
    push(vote) {
      window.push(vote);
      sorted.add(vote.seq);
      if (window.length - centre > HALF) judge();
    },
    endFile() {
      const borrowed = !slid && window.length < ENOUGH ? before.slice(-KEPT) : [];
      for (const seq of borrowed) sorted.add(seq);
      while (centre < window.length) judge();
      window.length = 0;
      centre = 0;
      slid = false;
      sorted.clear();
    },
  };
}

/** Numbers in order, NaN left out. */
function createSorted() {
  const values = new Float64Array(2 * (HALF + KEPT) + 2);
  let count = 0;
  const find = (value: number): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    add(value: number): void {
      if (Number.isNaN(value)) return;
      const at = find(value);
      values.copyWithin(at + 1, at, count);
      values[at] = value;
      count += 1;
    },
    remove(value: number): void {
      if (Number.isNaN(value)) return;
      const at = find(value);
      values.copyWithin(at, at + 1, count);
      count -= 1;
    },
    clear(): void {
      count = 0;
    },
    /** Of two the lower, so that doubt asks again. */
    median: (): number => (count === 0 ? Number.NaN : (values[(count - 1) >> 1] as number)),
    /** How far from the median a number may be. */
    reach: (): number => (count < 3 ? NEAR : Math.max(NEAR, SPREAD * quarterDistance(values, count))),
  };
}

/** The distance from the median that the nearest quarter of the numbers, and one more, keeps. */
function quarterDistance(values: Float64Array, count: number): number {
  const at = (count - 1) >> 1;
  const median = values[at] as number;
  let low = at - 1;
  let high = at + 1;
  let distance = 0;
  for (let left = Math.ceil(count / 4); left > 0; left -= 1) {
    const down = low < 0 ? Number.POSITIVE_INFINITY : median - (values[low] as number);
    const up = high >= count ? Number.POSITIVE_INFINITY : (values[high] as number) - median;
    distance = Math.min(down, up);
    if (down <= up) low -= 1;
    else high += 1;
  }
  return distance;
}
