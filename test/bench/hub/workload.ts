import type { SentRecord } from '../../../src/hub/blocks/writer.ts';

/**
 * What is stored: as in the measurements that the design stands on. 1,000 senders, the loudest some 6 % of all; levels 20, 65, 10, 5 %; messages of
 * some 120 bytes out of 6,000 words, each with an id that comes once; times out of order by up to 250 ms.
 */
export interface Workload {
  readonly batch: number;
  /** The records of a batch, in the form that agents send. @param index from 0. */
  make(index: number): SentRecord[];
  /** When the last record of a batch happened, microseconds. */
  end(index: number): number;
  /** A text that 1 of 20,000 records has, and a word that many have. */
  readonly rare: string;
  readonly frequent: string;
}

/** When it begins, microseconds. */
const BEGIN = 1_800_000_000_000_000;

/** A generator of numbers from 0 up to 1 that gives the same ones each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A generator of ranks from 0, of which the one of rank r comes in proportion to (r + 1) to the power of -s (Zipf's law). */
function zipf(count: number, s: number, random: () => number): () => number {
  let sum = 0;
  const sums = Float64Array.from({ length: count }, (_, rank) => (sum += (rank + 1) ** -s));
  return () => {
    const at = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** @param rows altogether. @param hours that they are spread over. */
export function createWorkload(rows: number, hours: number, batch: number): Workload {
  const random = seeded(1);
  const words = Array.from({ length: 6000 }, () =>
    Math.floor(random() * 36 ** 7)
      .toString(36)
      .slice(0, 2 + Math.floor(random() * 7)),
  );
  const word = zipf(6000, 1, random);
  const sender = zipf(1000, 0.8, random);
  const sentence = (): string => {
    let text = words[word()] ?? '';
    for (let more = 0; more < 15; more++) text += ` ${words[word()] ?? ''}`;
    return text;
  };
  const rare = sentence();
  const stepMicros = (hours * 3_600_000_000) / rows;
  const level = (): number => {
    const at = random();
    return at < 0.2 ? 5 : at < 0.85 ? 9 : at < 0.95 ? 13 : 17;
  };
  return {
    batch,
    rare,
    frequent: words[0] ?? '',
    end: (index) => BEGIN + Math.floor((index + 1) * batch * stepMicros),
    make: (index) =>
      Array.from({ length: batch }, (_, at) => {
        const seq = index * batch + at + 1;
        const time = BEGIN + Math.floor(seq * stepMicros + (random() - 0.5) * 500_000);
        const id = Math.floor(random() * 2 ** 48).toString(16);
        return {
          seq,
          time,
          host: 'box',
          service: `service-${seq % 20}`,
          life: `life-${seq % 20}`,
          kind: 'log',
          level: level(),
          sender: `sender-${sender()}`,
          message: `${random() < 1 / 20_000 ? rare : sentence()} id=${id}`,
          fields: '',
        };
      }),
  };
}
