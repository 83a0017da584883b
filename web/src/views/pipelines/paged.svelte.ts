import { sentenceOf } from '../../live/asked.svelte.ts';

/** Of a page. */
export const PAGE = 50;
/** More are not shown at once. */
export const MOST_SHOWN = 500;

interface Page<T> {
  readonly items: readonly T[];
  readonly next: number | null;
}

/** A long list, a page at a time. */
export class Paged<T> {
  items = $state.raw<readonly T[]>([]);
  /** Where to go on; null: there is no more. */
  next = $state.raw<number | null>(null);
  isLoaded = $state.raw(false);
  isBusy = $state.raw(false);
  trouble = $state.raw('');
  readonly #ask: (below: number | null) => Promise<Page<T>>;
  #turn = 0;

  constructor(ask: (below: number | null) => Promise<Page<T>>) {
    this.#ask = ask;
  }

  /** From the beginning. What was there stays until there is something else. */
  load(): Promise<void> {
    return this.#page(null);
  }

  more(): Promise<void> {
    return this.#page(this.next);
  }

  async #page(below: number | null): Promise<void> {
    const turn = ++this.#turn;
    this.isBusy = true;
    try {
      const { items, next } = await this.#ask(below);
      if (turn !== this.#turn) return;
      this.items = below === null ? items : [...this.items, ...items];
      [this.next, this.isLoaded, this.trouble] = [next, true, ''];
    } catch (error) {
      if (turn === this.#turn) this.trouble = sentenceOf(error);
    } finally {
      if (turn === this.#turn) this.isBusy = false;
    }
  }
}
