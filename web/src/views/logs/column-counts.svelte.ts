import type { CallError } from '../../api/call.ts';
import { asCallError, type Asked, askCounts } from './ask-logs.ts';
import type { Range } from './range.ts';
import { type Column, columnsOf } from './stacks.ts';

/** How many records there are over the range, for the chart. */
export class ColumnCounts {
  columns = $state.raw<readonly Column[]>([]);
  /** The stretch that the columns are of. */
  stretch = $state.raw<Pick<Range, 'from' | 'to' | 'step'>>({ from: 0, to: 1, step: 1 });
  /** Nothing before it was counted; milliseconds. */
  countedFrom = $state.raw<number | undefined>();
  isLoading = $state.raw(false);
  error = $state.raw<CallError | undefined>();
  #stop: AbortController | undefined;

  async load(asked: Asked, { from, to, step }: Range): Promise<void> {
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.isLoading = true;
    const stretch = { since: String(from * 1000), until: String(to * 1000), step: `${step / 1000}s` };
    try {
      const answer = await askCounts({ ...asked, ...stretch, window: undefined }, stop.signal);
      if (stop.signal.aborted) return;
      this.stretch = { from, to, step };
      this.columns = columnsOf(answer, this.stretch);
      this.countedFrom =
        answer.cut && answer.countedFrom !== undefined ? answer.countedFrom / 1000 : undefined;
      this.error = undefined;
    } catch (error) {
      if (!stop.signal.aborted) this.error = asCallError(error);
    } finally {
      if (this.#stop === stop) this.isLoading = false;
    }
  }

  close(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }
}
