import type { Clock, Timer } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { LEVELS, type RecordDraft, type RecordStore, type StoredRecord } from '../core/record.ts';
import { DatabaseError } from '../core/sqlite.ts';

/** Records wait at most this long for others to be stored together with. */
const FLUSH_MS = 100;
const FLUSH_COUNT = 500;
/** When the store takes nothing, so many wait. Beyond that log lines are dropped, and counted; what is not a log line has as much room again. */
const MOST_WAITING = 20_000;
const RETRY_MS = 1_000;
const PRUNE_MS = 60_000;

/** Brings records into the store, in batches, in order. When the store can't be written they wait, bounded, and the loss is told. */
export interface Recorder {
  add(drafts: readonly RecordDraft[]): void;
  /** Stores what waits, now, as far as the store takes it; true where that is everything. */
  flush(): boolean;
  close(): void;
}

export interface RecorderOptions {
  readonly store: RecordStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of everything that was stored: the live view, the JSON log. */
  readonly stored: (records: readonly StoredRecord[]) => void;
}

export function createRecorder({ store, clock, log, stored }: RecorderOptions): Recorder {
  const outage = createOutage(clock, log);
  let waiting: RecordDraft[] = [];
  let flushTimer: Timer | undefined;
  let pruneTimer: Timer | undefined;

  const flush = (): boolean => {
    flushTimer?.cancel();
    flushTimer = undefined;
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, FLUSH_COUNT);
        const records = store.append(batch);
        waiting = waiting.slice(batch.length);
        stored(records);
      }
      const told = outage.over();
      if (told.length > 0) stored(store.append(told));
      return true;
    } catch (error) {
      outage.begin(error);
      flushTimer = clock.timer(RETRY_MS, flush);
      return false;
    }
  };

  const prune = (): void => {
    let gone = 0;
    try {
      gone = store.prune();
    } catch (error) {
      outage.begin(error);
    }
    // A prune is bounded in time: while there is more to delete, the next piece follows soon.
    pruneTimer = clock.timer(gone > 0 ? FLUSH_MS : PRUNE_MS, prune);
  };
  pruneTimer = clock.timer(PRUNE_MS, prune);

  return {
    add(drafts) {
      for (const draft of drafts) {
        const room = draft.kind === 'log' ? MOST_WAITING : 2 * MOST_WAITING;
        if (waiting.length < room) waiting.push(draft);
        else outage.lose();
      }
      // A start or an exit is stored in this very turn: a kill would take with it what explains the kill.
      const weighty = drafts.some((draft) => draft.kind !== 'log');
      if ((weighty || waiting.length >= FLUSH_COUNT) && !outage.lasts()) flush();
      else flushTimer ??= clock.timer(FLUSH_MS, flush);
    },
    flush,
    close() {
      flush();
      flushTimer?.cancel();
      pruneTimer?.cancel();
    },
  };
}

/** A stretch in which the store takes nothing: told once when it begins, and once, with what was lost, when it is over. */
function createOutage(clock: Clock, log: Log) {
  let since: number | undefined;
  let lost = 0;
  return {
    /** @throws what is no passing trouble of the store. */
    begin(error: unknown): void {
      if (!(error instanceof DatabaseError) || !error.retry) throw error;
      if (since === undefined)
        log.error('cannot write the time line: records wait', { reason: error.message });
      since ??= clock.now();
    },
    lose(): void {
      lost += 1;
    },
    lasts: () => since !== undefined,
    /** The record that tells of it, at its end. */
    over(): RecordDraft[] {
      if (since === undefined) return [];
      const seconds = Math.round((clock.now() - since) / 1000);
      const message = `the time line could not be written for ${seconds} s; ${lost} records are lost`;
      since = undefined;
      lost = 0;
      const base = { time: clock.micros(), service: '', life: '', sender: 'daemon' };
      return [{ ...base, kind: 'note', level: LEVELS.error, message }];
    },
  };
}
