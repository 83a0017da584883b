import type { Silence } from '../../core/silence.ts';
import type { Reading } from '../kind.ts';
import { ByteWriter } from './bytes.ts';
import type { KeptEvent, KeptLife, KeptLook } from './look.ts';
import { shapeText, takeApart } from './shape.ts';
import { type Followed, type KnownShape, SILENCES, StreamMemory, TAG } from './stream.ts';

/** Texts that are remembered, so that the next time their number will do. */
const MOST_TEXTS = 512;
const MOST_SHAPES = 64;
/** A larger reading is not kept. */
const LARGEST_LOOK = 4096;
const TOO_LARGE = 'what it read was too large to be kept';

/** Writes what one watch saw. */
export class LookEncoder {
  readonly #out = new ByteWriter();
  readonly #memory = new StreamMemory();
  readonly #texts = new Map<string, number>();
  readonly #shapes = new Map<string, KnownShape>();

  constructor() {
    this.#out.natural(TAG.begins);
  }

  /** What was written since the last call. */
  take(): Uint8Array {
    return this.#out.take();
  }

  add(event: KeptEvent): void {
    if (event.kind === 'opened') return this.#out.natural(TAG.opened);
    this.#life(event.life);
    this.#silence(event.silence);
    if (event.reading === undefined) return this.#failed(event, event.failed);
    const values: (number | string)[] = [];
    const key = takeApart(event.reading, values);
    const shape = sizeOf(key, values) > LARGEST_LOOK ? undefined : this.#shape(key, event.reading);
    if (shape === undefined) return this.#failed(event, TOO_LARGE);
    this.#out.natural(TAG.shaped + shape.number);
    this.#time(event);
    for (const [place, value] of values.entries())
      this.#value(shape.leaves[place]?.leaf, value, shape.followed[place]);
  }

  /** 0: a new text that is remembered; 1: one that is not; from 2 on: a known one. */
  #text(value: string): void {
    const known = this.#texts.get(value);
    if (known !== undefined) return this.#out.natural(known + 2);
    const isKept = this.#texts.size < MOST_TEXTS;
    if (isKept) this.#texts.set(value, this.#texts.size);
    this.#out.natural(isKept ? 0 : 1);
    this.#out.text(value);
  }

  #life(given: KeptLife): void {
    const { life: known } = this.#memory;
    const { id, startedAt, readyAt, wellSince } = given;
    const isSame =
      known?.id === id &&
      known.startedAt === startedAt &&
      known.readyAt === readyAt &&
      known.wellSince === wellSince;
    if (isSame) return;
    this.#out.natural(TAG.life);
    this.#text(id);
    for (const at of [startedAt, readyAt, wellSince]) this.#out.integer(at);
    this.#memory.life = given;
  }

  #silence(by: Silence['by'] | undefined): void {
    if (by === this.#memory.silence) return;
    this.#out.natural(TAG.silence);
    this.#out.natural(SILENCES.indexOf(by));
    this.#memory.silence = by;
  }

  #failed(look: KeptLook, why: string): void {
    this.#out.natural(TAG.failed);
    this.#time(look);
    this.#text(why);
  }

  #time({ now, at }: KeptLook): void {
    const memory = this.#memory;
    const pause = now - memory.now;
    this.#out.integer(pause - memory.pause);
    this.#out.integer(at - now);
    memory.pause = memory.now === 0 ? 0 : pause;
    memory.now = now;
  }

  /** Undefined where there are too many already. */
  #shape(key: string, reading: Reading): KnownShape | undefined {
    const known = this.#shapes.get(key);
    if (known !== undefined || this.#shapes.size >= MOST_SHAPES) return known;
    const written = shapeText(reading);
    this.#out.natural(TAG.shape);
    this.#out.text(written);
    const shape = this.#memory.learn(written);
    this.#shapes.set(key, shape);
    return shape;
  }

  #value(leaf: string | undefined, value: number | string, known: Followed | undefined): void {
    if (typeof value === 'string') return this.#text(value);
    if (leaf === 'f' || known === undefined) return this.#out.float(value);
    this.#out.integer(value - this.#memory.expected(known));
    this.#memory.follow(known, value);
  }
}

function sizeOf(shape: string, values: readonly (number | string)[]): number {
  let size = shape.length;
  for (const value of values) size += typeof value === 'string' ? value.length : 8;
  return size;
}
