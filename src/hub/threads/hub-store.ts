import type { Clock, Timer } from '../../core/clock.ts';
import { createBell } from '../store/sqlite-follow.ts';
import type { Gone } from '../blocks/retention.ts';
import { type Asking, createAsking } from './asking.ts';
import { createFollowing, type Following } from './following.ts';
import type { Append, MergeAnswer, ReaderCall, Sender, ThreadData, WriterCall } from './messages.ts';
import { startThread, type Thread, type Told } from './thread.ts';

/** Where a hub keeps the records of many agents. Nothing of it stops the event loop. */
export interface HubStore extends Asking, Following {
  /**
   * Stores a batch, see readSentRecords: resolves when it is durable, or refused. Sent again it is stored once. `later` where too
   * much waits already: whoever sends has to wait.
   */
  append(from: Sender, json: Uint8Array): Promise<Append>;
  /** The highest number that is stored of a series; 0 where nothing is. */
  lastOf(series: string): Promise<number>;
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
  const follower = onDemand(() => startThread<ReaderCall>('reader-thread', data, told, fails));
  const merging = startMerging(writer, keeper, clock);
  const { append } = createAppending(writer);
  return {
    append,
    lastOf: (series) => writer.ask({ what: 'last', series }),
    ...createAsking(reader, () => position, clock),
    ...createFollowing(follower.get, () => position, { bell, clock }),
    position: () => position,
    purge: () => writer.ask({ what: 'purge' }),
    async close() {
      bell.close();
      await merging.close();
      await writer.ask({ what: 'close' });
      await Promise.all([writer.end(), reader.end(), keeper.end(), follower.end()]);
    },
  };
}

/** Most hubs have nobody who follows for most of the time, and a thread takes some MB. */
function onDemand<C extends ReaderCall>(start: () => Thread<C>): { get(): Thread<C>; end(): Promise<void> } {
  let thread: Thread<C> | undefined;
  return {
    get: () => (thread ??= start()),
    end: async () => thread?.end(),
  };
}

/** Batches on their way to the writer are bounded: beyond that whoever sends is told to wait. */
function createAppending(writer: Thread<WriterCall>): Pick<HubStore, 'append'> {
  let [batches, bytes] = [0, 0];
  return {
    async append(from, json) {
      if (batches >= MOST_WAITING || bytes + json.length > MOST_WAITING_BYTES) {
        await writer.ask({ what: 'missed', from });
        return { ok: false, kind: 'later', message: 'cannot take more now: too much waits to be stored' };
      }
      batches++;
      bytes += json.length;
      try {
        return await writer.ask<Append>({ what: 'append', from, json });
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
  const carryOut = async (made: MergeAnswer): Promise<boolean> => {
    if (made.kind === 'merged') return writer.ask<boolean>({ what: 'replace', merged: made.merged });
    if (made.kind === 'over') return writer.ask<boolean>({ what: 'shrink', path: made.path });
    return false;
  };
  const turn = async (): Promise<void> => {
    const made = await keeper.ask<MergeAnswer>({ what: 'merge' });
    // Where it could not be done, for want of room, doing it again at once helps nobody.
    arm((await carryOut(made)) ? 0 : MERGE_MS);
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
