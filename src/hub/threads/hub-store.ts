import type { Clock, Timer } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { createBell } from '../store/sqlite-follow.ts';
import type { HubFilter, HubPage, HubQuery } from '../blocks/query.ts';
import type { Followed } from '../blocks/read.ts';
import type { Gone } from '../blocks/retention.ts';
import type { Append, MergeAnswer, ReaderCall, ReaderValues, ThreadData, WriterCall } from './messages.ts';
import { RefusedError, startThread, type Thread, type Told } from './thread.ts';

/** Where a hub keeps the records of many agents. Nothing of it stops the event loop. */
export interface HubStore {
  /**
   * Stores a batch, see readSentRecords: resolves when it is durable, or refused. Sent again it is stored once. `later` where too
   * much waits already: whoever sends has to wait.
   */
  append(agent: string, json: Uint8Array): Promise<Append>;
  /** The highest number that is stored of an agent. */
  lastOf(agent: string): Promise<number>;
  /** The error is a clause: what of the query cannot be used. @param ms how long it may take. */
  newest(query: HubQuery, ms: number): Promise<Result<HubPage, string>>;
  counts(filter: Pick<HubFilter, 'agents' | 'since' | 'until'>, ms: number): Promise<ReaderValues['counts']>;
  /**
   * What matches behind a position, page by page, then what comes, until the signal aborts: whoever is slow reads from the store, so
   * nothing queues up. Also pages without rows come, so that the position is known. @throws RefusedError for a filter that cannot be used.
   */
  follow(filter: HubFilter, position: number, signal: AbortSignal): AsyncGenerator<Followed>;
  /** The position up to which everything is stored. */
  position(): number;
  /** Deletes what is past its time or too much. */
  purge(): Promise<readonly Gone[]>;
  /** Stores what waits, and ends the threads. */
  close(): Promise<void>;
}

export interface HubStoreOptions extends ThreadData {
  readonly clock: Clock;
  /** Something that a person should know. */
  readonly note: (message: string) => void;
  /** The store cannot go on; the process has to end. */
  readonly died: (error: Error) => void;
}

const MOST_WAITING = 1000;
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
const MERGE_MS = 1000;

export async function openHubStore(options: HubStoreOptions): Promise<HubStore> {
  const { folder, keep, clock, note, died } = options;
  const bell = createBell();
  const begun = Promise.withResolvers<void>();
  let position = 0;
  const data = { folder, keep };
  const told = (message: Told): void => {
    if (message.note !== undefined) note(message.note);
    if (message.position === undefined) return;
    position = message.position;
    begun.resolve();
    bell.ring();
  };
  const fails = (error: Error): void => {
    begun.reject(error);
    died(error);
  };
  const writer = startThread<WriterCall>('writer-thread', data, told, fails);
  await begun.promise;
  const reader = startThread<ReaderCall>('reader-thread', data, told, fails);
  const keeper = startThread<ReaderCall>('reader-thread', data, told, fails);
  const merging = startMerging(writer, keeper, clock);
  const { append } = createAppending(writer);
  return {
    append,
    lastOf: (agent) => writer.ask({ what: 'last', agent }),
    newest: (query, ms) => newest(reader, query, ms),
    counts: (filter, ms) => reader.ask({ what: 'counts', filter, ms }),
    async *follow(filter, from, signal) {
      for (let at = from; !signal.aborted && !bell.closed; ) {
        if (at >= position) await bell.wait(signal);
        if (at >= position) continue;
        const page: Followed = await reader.ask({ what: 'behind', filter, position: at, upTo: position });
        at = page.position;
        yield page;
      }
    },
    position: () => position,
    purge: () => writer.ask({ what: 'purge' }),
    async close() {
      bell.close();
      await merging.close();
      await writer.ask({ what: 'close' });
      await Promise.all([writer.end(), reader.end(), keeper.end()]);
    },
  };
}

async function newest(
  reader: Thread<ReaderCall>,
  query: HubQuery,
  ms: number,
): Promise<Result<HubPage, string>> {
  try {
    return ok(await reader.ask<HubPage>({ what: 'newest', query, ms }));
  } catch (error) {
    if (error instanceof RefusedError) return err(error.message);
    throw error;
  }
}

/** Batches on their way to the writer are bounded: beyond that whoever sends is told to wait. */
function createAppending(writer: Thread<WriterCall>): Pick<HubStore, 'append'> {
  let [batches, bytes] = [0, 0];
  return {
    async append(agent, json) {
      if (batches >= MOST_WAITING || bytes + json.length > MOST_WAITING_BYTES)
        return { ok: false, kind: 'later', message: 'cannot take more now: too much waits to be stored' };
      batches++;
      bytes += json.length;
      try {
        return await writer.ask<Append>({ what: 'append', agent, json });
      } finally {
        batches--;
        bytes -= json.length;
      }
    },
  };
}

/** Makes large blocks of small ones, one at a time, as long as there are some. */
function startMerging(
  writer: Thread<WriterCall>,
  keeper: Thread<ReaderCall>,
  clock: Clock,
): { close(): Promise<void> } {
  let timer: Timer | undefined;
  let isOver = false;
  let running: Promise<void> = Promise.resolve();
  const turn = async (): Promise<void> => {
    const made = await keeper.ask<MergeAnswer>({ what: 'merge' });
    if (made.kind === 'merged') await writer.ask({ what: 'replace', merged: made.merged });
    if (made.kind === 'over') await writer.ask({ what: 'shrink', path: made.path });
    arm(made.kind === 'nothing' ? MERGE_MS : 0);
  };
  const arm = (ms: number): void => {
    if (isOver) return;
    timer = clock.timer(ms, () => {
      // A thread that is gone says so by itself.
      running = turn().catch(() => {});
    });
  };
  arm(MERGE_MS);
  return {
    async close() {
      isOver = true;
      timer?.cancel();
      await running;
    },
  };
}
