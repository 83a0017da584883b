import type { CallError } from '../../api/call.ts';
import { asCallError, askContext, type Neighbours, type Row } from './ask-logs.ts';

const FIRST = 50;
const NEXT = 200;

/** A record and what stands around it, the oldest first. */
export class Neighbourhood {
  rows = $state.raw<readonly Row[]>([]);
  row = $state.raw<Row | undefined>();
  /** There was nothing before, or behind, when it was asked for. */
  isFirst = $state.raw(false);
  isLast = $state.raw(false);
  isLoading = $state.raw(false);
  error = $state.raw<CallError | undefined>();
  version = $state.raw(0);
  #of: 'service' | 'agent' = 'service';
  #stop: AbortController | undefined;

  /** @returns whether it came. */
  async load(position: number, of: 'service' | 'agent'): Promise<boolean> {
    this.#of = of;
    const found = await this.#ask(position, FIRST, FIRST);
    if (found === undefined) return false;
    this.row = found.row;
    this.rows = [...found.before, found.row, ...found.after];
    [this.isFirst, this.isLast] = [isEnd(found, found.before, FIRST), isEnd(found, found.after, FIRST)];
    this.version++;
    return true;
  }

  /** @returns how many came. */
  async more(where: 'before' | 'after'): Promise<number> {
    const edge = where === 'before' ? this.rows[0] : this.rows.at(-1);
    if (edge === undefined) return 0;
    const found = await this.#ask(edge.position, where === 'before' ? NEXT : 0, where === 'after' ? NEXT : 0);
    if (found === undefined) return 0;
    const rows = found[where];
    this.rows = where === 'before' ? [...rows, ...this.rows] : [...this.rows, ...rows];
    if (where === 'before') this.isFirst = isEnd(found, rows, NEXT);
    else this.isLast = isEnd(found, rows, NEXT);
    this.version++;
    return rows.length;
  }

  close(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  async #ask(position: number, before: number, after: number): Promise<Neighbours | undefined> {
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.isLoading = true;
    try {
      const found = await askContext({ position, before, after, of: this.#of }, stop.signal);
      if (stop.signal.aborted) return undefined;
      this.error = undefined;
      return found;
    } catch (error) {
      if (!stop.signal.aborted) this.error = asCallError(error);
      return undefined;
    } finally {
      if (this.#stop === stop) this.isLoading = false;
    }
  }
}

/** An answer that took too long may have more behind it. */
function isEnd({ cut }: Neighbours, rows: readonly Row[], asked: number): boolean {
  return !cut && rows.length < asked;
}
