import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../core/clock.ts';
import { LEVELS, type RecordStore, type StoredRecord } from '../core/record.ts';
import { DatabaseError } from '../core/sqlite.ts';
import type { Outgoing, RecordSource } from '../wire/hub/link.ts';
import { MOST_RECORDS } from '../wire/hub/link-state.ts';
import { encodeRecord } from '../wire/hub/record.ts';
import { type CursorKeeper, newestOf } from './cursor.ts';

/** So many are worth a batch of their own; fewer wait for others, at most so long. */
const ENOUGH = 50;
const GATHER_MS = 200;
/** A batch is no longer than this and one record, units of UTF-16. */
const MOST_LENGTH = 512 * 1024;
/** Trouble of the time line that does not pass is looked at again. */
const AGAIN_MS = { passing: 1_000, other: 60_000 };

/** The time line as something to be sent. */
export interface StoreSource extends RecordSource {
  /** When the record that was read under a number was received, microseconds; 0 where it was not read lately. */
  receivedAt(seq: number): number;
  /** Nothing waits for others any more. */
  hurry(): void;
  close(): void;
}

export interface StoreSourceOptions {
  readonly store: RecordStore;
  readonly known?: number | undefined;
  readonly cursor: CursorKeeper;
  /** The agent's own identity: what a new series is named after. */
  readonly identity: string;
  readonly clock: Clock;
  readonly wake: () => void;
  /** Everything there was has been read. */
  readonly caughtUp: () => void;
  /** Why the time line cannot be read now; undefined when it can again. */
  readonly trouble: (message: string | undefined) => void;
}

export function createStoreSource(options: StoreSourceOptions): StoreSource {
  return new TimelineSource(options);
}

class TimelineSource implements StoreSource {
  readonly #options: StoreSourceOptions;
  known: number;
  #replaced: { readonly after: number; readonly message: string } | undefined;
  /** Fewer than enough were found behind a number, first at a time. */
  #few: { readonly after: number; readonly at: number } | undefined;
  #isHurried = false;
  #isClosed = false;
  #timer: Timer | undefined;
  #watch: AbortController | undefined;
  #limit = MOST_RECORDS;
  /** Of the last records of batches. */
  readonly #received = new Map<number, number>();

  constructor(options: StoreSourceOptions) {
    this.#options = options;
    this.known = options.known ?? newestOf(options.store);
  }

  get series(): string {
    return this.#options.cursor.get().series;
  }

  get acked(): number {
    return this.#options.cursor.get().acked;
  }

  get base(): number {
    return this.#options.cursor.get().base;
  }

  async read(after: number, most: number): Promise<Outgoing | undefined> {
    this.#rest();
    // Others of the daemon get their turn between two batches.
    await this.#options.clock.sleep(0);
    if (this.#isClosed) return undefined;
    try {
      const found = this.#read(after, most);
      this.#options.trouble(undefined);
      return found;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      this.#options.trouble(error.message);
      this.#wakeIn(error.retry ? AGAIN_MS.passing : AGAIN_MS.other);
      return undefined;
    }
  }

  replace(after: number, message: string): void {
    this.#replaced = { after, message };
  }

  renumber(): void {
    const { cursor, identity, store } = this.#options;
    this.known = newestOf(store);
    cursor.set({ series: newSeries(identity), base: cursor.get().acked });
    cursor.save();
  }

  receivedAt(seq: number): number {
    const at = this.#received.get(seq) ?? 0;
    for (const each of this.#received.keys()) if (each <= seq) this.#received.delete(each);
    return at;
  }

  hurry(): void {
    this.#isHurried = true;
    this.#options.wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#rest();
  }

  #read(after: number, most: number): Outgoing | undefined {
    const { store, clock, caughtUp } = this.#options;
    const rows = store.query({ after, take: 'oldest', limit: Math.min(most, this.#limit) });
    const last = rows.at(-1);
    if (last === undefined) {
      caughtUp();
      this.#wakeBehind(after);
      return undefined;
    }
    if (rows.length < Math.min(ENOUGH, most, this.#limit) && !this.#isHurried) {
      if (this.#few?.after !== after) this.#few = { after, at: clock.monotonic() };
      const leftMs = this.#few.at + GATHER_MS - clock.monotonic();
      if (leftMs > 0) {
        this.#wakeIn(leftMs);
        return undefined;
      }
    }
    return this.#encode(after, rows);
  }

  #encode(after: number, rows: readonly StoredRecord[]): Outgoing {
    const records: string[] = [];
    let [length, last] = [0, after];
    for (const [index, row] of rows.entries()) {
      if (length >= MOST_LENGTH) break;
      const record =
        index === 0 && this.#replaced?.after === after ? replaced(row, this.#replaced.message) : row;
      const json = encodeRecord(record);
      records.push(json);
      length += json.length;
      last = row.seq;
    }
    // Where records are long, not much more is read than is sent.
    this.#limit = Math.min(MOST_RECORDS, records.length < rows.length ? records.length + 1 : this.#limit * 2);
    this.#received.set(last, rows[records.length - 1]?.received ?? 0);
    return { records, last, missing: last - after - records.length };
  }

  #wakeIn(ms: number): void {
    this.#timer = this.#options.clock.timer(ms, () => this.#options.wake());
  }

  /** Wakes the link when something is stored behind a number. */
  #wakeBehind(after: number): void {
    const watch = new AbortController();
    this.#watch = watch;
    this.#appended(after, watch.signal).then(
      (is) => is && !watch.signal.aborted && this.#options.wake(),
      (error: unknown) => {
        if (!(error instanceof DatabaseError)) throw error;
        if (!watch.signal.aborted) this.#wakeIn(AGAIN_MS.passing);
      },
    );
  }

  async #appended(after: number, signal: AbortSignal): Promise<boolean> {
    const { done } = await this.#options.store.follow({ after }, signal)[Symbol.asyncIterator]().next();
    return done !== true;
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#watch?.abort();
    this.#watch = undefined;
  }
}

/** What is sent instead of a record that the hub does not take. */
function replaced({ seq, time, host, service }: StoredRecord, why: string): StoredRecord {
  const message = `record ${seq} cannot be sent, the hub refuses it: ${why}`;
  const base = { agent: '', received: 0, seq, time, host, service, life: '' };
  return { ...base, kind: 'note', level: LEVELS.warn, sender: 'agent', message };
}

export function newSeries(identity: string): string {
  return `${identity}.${randomBytes(4).toString('hex')}`;
}
