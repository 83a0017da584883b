import type { CallError } from '../../api/call.ts';
import { asCallError, type Asked, askRecords, type Page, type Row } from './ask-logs.ts';

const FIRST = '200';
const NEXT = '500';
/** More than anybody reads; who wants them all takes the file. */
export const MOST_ROWS = 20_000;

/** Records that match, the newest first, page by page as one goes down. Old ones stay until the new ones are there. */
export class RecordPages {
  rows = $state.raw<readonly Row[]>([]);
  next = $state.raw<string | null>(null);
  /** The last question ended before all was looked at. */
  cut = $state.raw(false);
  scanned = $state.raw(0);
  of = $state.raw(0);
  isLoading = $state.raw(false);
  isLoaded = $state.raw(false);
  error = $state.raw<CallError | undefined>();
  /** Counts the questions: another one's rows begin at the top. */
  version = $state.raw(0);
  #asked: Asked = {};
  #stop: AbortController | undefined;

  get isFull(): boolean {
    return this.rows.length >= MOST_ROWS;
  }

  async load(asked: Asked): Promise<void> {
    this.#asked = asked;
    const page = await this.#ask({ limit: FIRST });
    if (page === undefined) return;
    this.rows = page.rows;
    this.scanned = page.scanned;
    this.version++;
  }

  /** Goes on where the last page ended. */
  async more(): Promise<void> {
    if (this.isLoading || this.next === null || this.isFull) return;
    const page = await this.#ask({ limit: NEXT, cursor: this.next });
    if (page === undefined) return;
    this.rows = [...this.rows, ...page.rows];
    this.scanned += page.scanned;
  }

  close(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.isLoading = false;
  }

  async #ask(which: { readonly limit: string; readonly cursor?: string }): Promise<Page | undefined> {
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.isLoading = true;
    try {
      const page = await askRecords({ ...this.#asked, ...which }, stop.signal);
      if (stop.signal.aborted) return undefined;
      [this.next, this.cut, this.of] = [page.next, page.cut, page.of];
      [this.isLoaded, this.error] = [true, undefined];
      return page;
    } catch (error) {
      if (!stop.signal.aborted) this.error = asCallError(error);
      return undefined;
    } finally {
      if (this.#stop === stop) this.isLoading = false;
    }
  }
}
