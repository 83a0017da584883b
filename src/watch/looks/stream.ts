import type { Silence } from '../../core/silence.ts';
import type { KeptLife } from './look.ts';
import { type ParsedShape, parseShape } from './shape.ts';

/**
 * What one watch saw, as bytes: each value by its difference to what was to be expected. Pieces that follow each other are one
 * stream; an encoder that begins says so, and whoever reads on forgets what was before.
 */

/** What a piece is. From `shaped` on: a look, with a reading of the shape number (tag - shaped). */
export const TAG = { begins: 0, opened: 1, life: 2, shape: 3, silence: 4, failed: 5, shaped: 6 } as const;

export const SILENCES: readonly (Silence['by'] | undefined)[] = [
  undefined,
  'quiet',
  'snooze',
  'ack',
  'needs',
];

/** A number that is followed from look to look. */
export interface Followed {
  /** Its last value. */
  value: number;
  /** The last value minus the time of its look: some numbers stand still, others go with the clock. */
  age: number;
  goesWithClock: boolean;
}

/** What encoder and decoder both know at each moment. */
export class StreamMemory {
  now = 0;
  pause = 0;
  life: KeptLife | undefined;
  silence: Silence['by'] | undefined;
  readonly shapes: KnownShape[] = [];
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, Followed>();

  /** Takes a shape in; numbers that stand at the same place in several shapes are followed through all of them. */
  learn(text: string): KnownShape {
    const parsed = parseShape(text);
    const followed = parsed.leaves.map(({ path, leaf }) => {
      const place = `${leaf}${path}`;
      const known = this.#numbers.get(place) ?? { value: 0, age: 0, goesWithClock: false };
      this.#numbers.set(place, known);
      return known;
    });
    const shape = { ...parsed, followed, number: this.shapes.length };
    this.shapes.push(shape);
    return shape;
  }

  /** What a number is expected to be, before its true value is known. */
  expected({ goesWithClock, age, value }: Followed): number {
    return goesWithClock ? this.now + age : value;
  }

  follow(known: Followed, value: number): void {
    const age = value - this.now;
    known.goesWithClock = Math.abs(age - known.age) < Math.abs(value - known.value);
    known.value = value;
    known.age = age;
  }
}

export type KnownShape = ParsedShape & {
  readonly number: number;
  /** For each leaf; of those that are no numbers it is not used. */
  readonly followed: readonly Followed[];
};
