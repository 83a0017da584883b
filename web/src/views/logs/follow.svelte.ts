import { hub } from '../../live/hub.svelte.ts';
import type { Asked, Row } from './ask-logs.ts';
import { TailBuffer } from './tail-buffer.ts';

const MOST = 5000;
/** What is there already when it begins. */
const LAST = 200;
/** A frame that takes longer than this was too much for the machine: some frames without rows follow it. */
const SMOOTH_MS = 20;
const RESTS = 3;
const LONGEST_REST_MS = 250;

/**
 * What comes, as it comes. What is kept is plain: only `version` tells that there is more, once a frame at most, so that ten thousand
 * rows a second cost no more than the thirty that are drawn.
 */
export class Follow {
  buffer = new TailBuffer<Row>(MOST);
  version = $state.raw(0);
  isHeld = $state.raw(false);
  trouble = $state.raw('');
  #frame = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #tail: { stop(): void } | undefined;

  /** @returns false where there is no connection to follow by yet. */
  start(asked: Asked): boolean {
    this.stop();
    const buffer = new TailBuffer<Row>(MOST);
    this.buffer = buffer;
    [this.isHeld, this.trouble] = [false, ''];
    this.version++;
    this.#tail = hub.tail(
      { ...asked, last: LAST },
      ({ rows, skipped }) => {
        buffer.push(rows, skipped);
        this.#tell();
      },
      (error) => {
        this.trouble = error.message;
      },
    );
    return this.#tail !== undefined;
  }

  stop(): void {
    this.#tail?.stop();
    this.#tail = undefined;
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#rest);
    this.#frame = 0;
    this.#rest = undefined;
  }

  hold(): void {
    this.buffer.hold();
    this.isHeld = true;
  }

  /** To the newest. */
  release(): void {
    this.buffer.release();
    this.isHeld = false;
    this.version++;
  }

  #tell(): void {
    if (this.#frame !== 0 || this.#rest !== undefined) return;
    this.#frame = requestAnimationFrame((began) => {
      this.version++;
      const drawn = this.buffer.received;
      this.#frame = requestAnimationFrame((next) => {
        this.#frame = 0;
        this.#restAfter(next - began, drawn);
      });
    });
  }

  /** The page stays smooth where drawing is slow: rows come in larger portions then. */
  #restAfter(tookMs: number, drawn: number): void {
    const goOn = (): void => {
      this.#rest = undefined;
      if (this.buffer.received > drawn) this.#tell();
    };
    if (tookMs <= SMOOTH_MS) goOn();
    else this.#rest = setTimeout(goOn, Math.min(LONGEST_REST_MS, tookMs * RESTS));
  }
}
