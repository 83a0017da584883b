/** So many times at most are named: they go into every checkpoint. */
const MOST = 16;

/**
 * A few of the times that were taken, chosen by the times themselves, so that everybody chooses the same: who knows them can tell,
 * of any time that would have been chosen, whether it was taken.
 */
export interface Sample {
  add(timeUs: number): void;
  /** Lets go of what is before a time. */
  dropBefore(timeUs: number): void;
  /** As text, without a space; `readSample` reads it. */
  text(): string;
}

export function createSample(): Sample {
  let times: number[] = [];
  let one = 1;
  let text: string | undefined;
  return {
    add(timeUs) {
      if (!isChosen(timeUs, one)) return;
      times.push(timeUs);
      text = undefined;
      while (times.length > MOST) {
        one *= 2;
        times = times.filter((time) => isChosen(time, one));
      }
    },
    dropBefore(timeUs) {
      if (!times.some((time) => time < timeUs)) return;
      times = times.filter((time) => time >= timeUs);
      text = undefined;
    },
    text() {
      text ??= [one, ...times].map((number) => number.toString(36)).join(',');
      return text;
    },
  };
}

/**
 * Whether a time was taken: undefined where the sample says nothing of it.
 * @returns undefined for a text that is no sample.
 */
export function readSample(text: string): ((timeUs: number) => boolean | undefined) | undefined {
  const [one, ...times] = text.split(',').map((part) => Number.parseInt(part, 36));
  if (one === undefined || !Number.isSafeInteger(one) || one < 1) return undefined;
  const taken = new Set(times);
  return (timeUs) => (isChosen(timeUs, one) ? taken.has(timeUs) : undefined);
}

/** One in `one`, a power of two, is. The product's upper bits, since times of one batch follow each other (Knuth, 6.4). */
function isChosen(timeUs: number, one: number): boolean {
  return ((Math.imul((timeUs % 4_294_967_296) | 0, 0x9e3779b1) >>> 8) & (one - 1)) === 0;
}
