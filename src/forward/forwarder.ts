import { backoffDelay } from '../core/backoff.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { approximateDuration } from '../core/durations.ts';
import { LEVELS, type RecordDraft, type RecordStore, type StoredRecord } from '../core/record.ts';
import { DatabaseError } from '../core/sqlite.ts';
import type { ForwardTarget } from './target.ts';

/** What is sent of the time line, and where to. */
export interface ForwardSpec {
  readonly name: string;
  /** The lowest level that is sent. */
  readonly level: number;
  /** Undefined: all. */
  readonly services: readonly string[] | undefined;
  readonly target: ForwardTarget;
}

export interface ForwardDeps {
  readonly store: Pick<RecordStore, 'query' | 'follow'>;
  /** The number of the last record that is done with. Durable when it returns. @throws DatabaseError */
  readonly cursor: { load(): number | undefined; save(seq: number): void };
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Who says what forwarding has to say: these records are never sent themselves, or each batch would make the next. */
const FORWARD_SENDER = 'forward';

const MOST_RECORDS = 500;
/** Characters of a batch: half of what Loki takes in one push by default. */
const MOST_LENGTH = 1_000_000;
/** What begins a batch waits so long for others. */
const GATHER_MS = 200;
const MIN_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
/** Trouble that passes at once is not told. */
const TOLD_AT = 3;
const STORE_AGAIN_MS = 5000;
const END_MS = 2000;

/**
 * Sends what is stored from the cursor on, in order, at least once, until the signal aborts. Without a cursor it begins with what comes
 * from now on. @throws what is a bug
 */
export async function runForwarder(spec: ForwardSpec, deps: ForwardDeps, signal: AbortSignal): Promise<void> {
  // What is on its way is waited for a little: else it would be sent again the next time.
  const patience = new AbortController();
  let timer: Timer | undefined;
  const onAbort = (): void => {
    timer = deps.clock.timer(END_MS, () => patience.abort());
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const forwarder = new Forwarder(spec, deps, signal, patience.signal);
  try {
    while (!signal.aborted) {
      try {
        await forwarder.run();
      } catch (thrown) {
        // The recorder tells of a time line that cannot be used; here it is tried again.
        if (!(thrown instanceof DatabaseError)) throw thrown;
        await deps.clock.sleep(STORE_AGAIN_MS, signal);
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    timer?.cancel();
    spec.target.close();
  }
}

interface LeftOut {
  readonly count: number;
  readonly first: string;
  readonly why: string;
}

class Forwarder {
  readonly #spec: ForwardSpec;
  readonly #deps: ForwardDeps;
  readonly #signal: AbortSignal;
  readonly #stop: AbortSignal;
  #leftOut: LeftOut | undefined;

  constructor(spec: ForwardSpec, deps: ForwardDeps, signal: AbortSignal, stop: AbortSignal) {
    this.#spec = spec;
    this.#deps = deps;
    this.#signal = signal;
    this.#stop = stop;
  }

  async run(): Promise<void> {
    const { store } = this.#deps;
    let cursor = this.#begin();
    while (!this.#signal.aborted) {
      const page = store.query({ after: cursor, take: 'oldest', limit: MOST_RECORDS });
      const last = page.at(-1);
      if (last === undefined) {
        await this.#news(cursor);
        continue;
      }
      this.#tellGap(page, cursor);
      const wanted = page.filter((record) => this.#wants(record));
      for (const batch of batchesOf(wanted)) if (!(await this.#deliver(batch))) return;
      this.#tellLeftOut();
      cursor = last.seq;
      this.#deps.cursor.save(cursor);
    }
  }

  #begin(): number {
    const { store, cursor } = this.#deps;
    const saved = cursor.load();
    const newest = store.query({ limit: 1 }).at(-1)?.seq ?? 0;
    if (saved === undefined) {
      cursor.save(newest);
      return newest;
    }
    if (saved <= newest || newest === 0) return saved;
    this.#note(LEVELS.warn, `the time line begins anew: all of it goes to ${this.#spec.name}`);
    cursor.save(0);
    return 0;
  }

  /** Resolves a little after something was stored behind the cursor, or with the signal. */
  async #news(cursor: number): Promise<void> {
    const news = this.#deps.store.follow({ after: cursor }, this.#signal)[Symbol.asyncIterator]();
    await news.next();
    await news.return?.();
    await this.#deps.clock.sleep(GATHER_MS, this.#signal);
  }

  #wants({ sender, service, level }: StoredRecord): boolean {
    const { level: lowest, services } = this.#spec;
    return sender !== FORWARD_SENDER && level >= lowest && (services?.includes(service) ?? true);
  }

  /** Numbers of the time line have no holes, but for what was pruned. */
  #tellGap(page: readonly StoredRecord[], cursor: number): void {
    const missing = (page.at(-1)?.seq ?? cursor) - cursor - page.length;
    if (missing <= 0) return;
    const what = missing === 1 ? '1 record' : `${missing} records`;
    this.#tell(
      'gap',
      LEVELS.warn,
      `${what} of the time line never went to ${this.#spec.name}: pruned before`,
      {
        missing,
        after: cursor,
      },
    );
  }

  /** Sends records until they are taken, or are known to be wrong one by one. False: the signal came first. */
  async #deliver(records: readonly StoredRecord[]): Promise<boolean> {
    const outcome = await this.#try(records);
    const last = records.at(-1);
    if (outcome === undefined || last === undefined) return false;
    if (outcome.kind === 'taken' || records.length === 1) {
      const rejected = outcome.kind === 'taken' ? outcome.rejected : { count: 1, why: outcome.why };
      if (rejected !== undefined) this.#leave(records, rejected.count, rejected.why);
      // What is left out is told before the cursor goes over it: rather all of the page is sent again.
      if (this.#leftOut === undefined) this.#deps.cursor.save(last.seq);
      return true;
    }
    const half = records.length >> 1;
    return (await this.#deliver(records.slice(0, half))) && this.#deliver(records.slice(half));
  }

  /** Sends again what may be taken later. */
  async #try(records: readonly StoredRecord[]) {
    const { clock, random } = this.#deps;
    const { name, target } = this.#spec;
    const since = clock.monotonic();
    for (let attempt = 0; !this.#signal.aborted; attempt++) {
      const outcome = await target.send(records, this.#stop);
      if (outcome.kind !== 'later') {
        const lasted = approximateDuration(clock.monotonic() - since);
        if (attempt >= TOLD_AT) this.#note(LEVELS.info, `forwards to ${name} again, after ${lasted}`);
        return outcome;
      }
      if (this.#signal.aborted) return undefined;
      if (attempt + 1 === TOLD_AT)
        this.#note(
          LEVELS.warn,
          `cannot forward to ${name}: ${outcome.why}; it is tried again, nothing is lost yet`,
        );
      const backoff = { minMs: MIN_BACKOFF_MS, maxMs: MAX_BACKOFF_MS, attempt, random, jitter: 0.2 };
      await clock.sleep(Math.max(outcome.retryAfterMs, backoffDelay(backoff)), this.#signal);
    }
    return undefined;
  }

  #leave([record]: readonly StoredRecord[], count: number, why: string): void {
    const first = record === undefined ? '' : `${record.agent}/${record.seq}`;
    this.#leftOut = this.#leftOut
      ? { ...this.#leftOut, count: this.#leftOut.count + count }
      : { count, first, why };
  }

  /** One note for each page, however many there were. */
  #tellLeftOut(): void {
    const left = this.#leftOut;
    if (left === undefined) return;
    this.#leftOut = undefined;
    const { name } = this.#spec;
    const what =
      left.count === 1
        ? `record ${left.first}`
        : `${left.count} records, the first of them about ${left.first},`;
    this.#note(LEVELS.warn, `cannot forward ${what} to ${name}, and leaves it out: ${left.why}`);
  }

  #note(level: number, message: string): void {
    this.#tell('note', level, message, {});
  }

  #tell(
    kind: 'note' | 'gap',
    level: number,
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    const time = this.#deps.clock.micros();
    const about = { service: '', life: '', sender: FORWARD_SENDER };
    this.#deps.records([
      { ...about, time, kind, level, message, fields: { to: this.#spec.name, ...fields } },
    ]);
  }
}

/** In order, none of them too large for one request; a record that is larger by itself is alone. */
function batchesOf(records: readonly StoredRecord[]): readonly (readonly StoredRecord[])[] {
  const batches: StoredRecord[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const own =
      record.message.length + (record.fields === undefined ? 0 : JSON.stringify(record.fields).length);
    length += own + 200;
    if (length > MOST_LENGTH) {
      batches.push([]);
      length = own + 200;
    }
    batches.at(-1)?.push(record);
  }
  return batches;
}
