import type { Clock } from '../../core/clock.ts';
import type { StreamSink } from '../../core/source.ts';
import { errorMeaning, errorName } from '../../wire/kafka/errors.ts';
import { askOffsets, askRecords, type FetchedPartition } from '../../wire/kafka/requests.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import { type Taking, takeFetched } from './kafka-fetched.ts';
import type { Partition, Partitions } from './kafka-partitions.ts';
import { judgePartition, partitionMarkText } from './kafka-standing.ts';
import { standingEvent } from './message-envelope.ts';

/** How long a broker waits when it has nothing new. */
const WAIT_MS = 500;
/** However long a broker wants to be left alone, we ask again after this. */
const MOST_THROTTLE_MS = 30_000;

/** What a worker needs of the session it belongs to. */
export interface Session extends Taking {
  readonly topic: string;
  readonly clock: Clock;
  readonly sink: StreamSink;
  readonly partitions: Partitions;
  readonly stop: AbortSignal;
  /** How much one fetch may bring, bytes. */
  readonly fetchBytes: () => number;
  /** Something is wrong with partitions: they wait, and the topic is looked at anew. */
  readonly trouble: (partitions: readonly Partition[], reason: string) => void;
  /** The session can't go on. */
  readonly end: (reason: string) => void;
}

/** Fetches from one broker what it has, until it has nothing that is ours, or the connection is over. Rejects only for a bug, or where the sink throws. */
export async function fetchFrom(node: number, connection: KafkaConnection, session: Session): Promise<void> {
  const { partitions, stop, clock } = session;
  const mine = (): Partition[] => partitions.all().filter(({ leader }) => leader === node);
  let turn = 0;
  for (let ours = mine(); ours.length > 0 && !stop.aborted; ours = mine()) {
    const lost = (reason: string): void => {
      if (!stop.aborted) session.trouble(mine(), reason);
    };
    const placed = await place(ours, connection, session);
    if (placed !== undefined) return lost(placed);
    const from = mine().flatMap(({ id, next }) =>
      next === undefined ? [] : [{ partition: id, offset: next }],
    );
    if (from.length === 0) continue;
    // What comes first in a request comes first in its answer: each has its turn.
    turn += 1;
    from.push(...from.splice(0, turn % from.length));
    const bytes = session.fetchBytes();
    const limits = { waitMs: WAIT_MS, bytes, bytesPerPartition: Math.ceil(bytes / 2) };
    const fetched = await connection.ask(askRecords(session.topic, from, limits));
    if (!fetched.ok) return lost(fetched.error);
    const asked = new Map(from.map(({ partition, offset }) => [partition, offset]));
    for (const each of fetched.value.partitions) {
      const partition = partitions.all().find(({ id }) => id === each.partition);
      // What others did meanwhile makes the answer stale.
      if (partition?.leader === node && partition.next === asked.get(partition.id))
        await takeAnswer(partition, each, session);
    }
    const { throttleMs } = fetched.value;
    if (throttleMs > 0) await clock.sleep(Math.min(throttleMs, MOST_THROTTLE_MS), stop);
    if (!(await session.room())) return;
  }
}

async function takeAnswer(partition: Partition, fetched: FetchedPartition, session: Session): Promise<void> {
  if (fetched.error !== 0) return hearError(partition, fetched.error, session);
  const taken = await takeFetched(partition, fetched, session);
  if (taken.kind === 'reset') return session.partitions.forget();
  if (taken.kind === 'unreadable') return session.trouble([partition], taken.reason);
  partition.attempt = 0;
  if (taken.records > 0) partition.unreadable = undefined;
}

function hearError(partition: Partition, code: number, session: Session): void {
  switch (errorMeaning(code)) {
    case 'out-of-range':
      partition.next = undefined;
      // Once is usual, where retention was faster than we. Again at once, something else is wrong.
      if (partition.attempt > 0) session.trouble([partition], 'the broker says OFFSET_OUT_OF_RANGE again');
      partition.attempt += 1;
      return;
    case 'refused':
      return session.end(`partition ${partition.id}: the broker says ${errorName(code)}`);
    case 'moved':
    case 'unknown-topic':
    case 'trouble':
      session.trouble([partition], `the broker says ${errorName(code)}`);
  }
}

/** Looks where partitions stand that we do not know it of, and says what is missing. Answers what is wrong with the connection. */
async function place(
  ours: readonly Partition[],
  connection: KafkaConnection,
  session: Session,
): Promise<string | undefined> {
  const unknown = ours.filter(({ next }) => next === undefined);
  if (unknown.length === 0) return undefined;
  const ids = unknown.map(({ id }) => id);
  const first = await connection.ask(askOffsets(session.topic, 'first', ids));
  if (!first.ok) return first.error;
  const end = await connection.ask(askOffsets(session.topic, 'end', ids));
  if (!end.ok) return end.error;
  for (const partition of unknown) {
    const from = first.value.find((each) => each.partition === partition.id);
    const to = end.value.find((each) => each.partition === partition.id);
    const code = from === undefined || to === undefined ? 3 : from.error || to.error;
    if (session.stop.aborted || partition.leader !== ours[0]?.leader) continue;
    if (code !== 0) hearError(partition, code, session);
    else placeAt(partition, { first: from?.offset ?? 0, end: to?.offset ?? 0 }, session);
  }
  return undefined;
}

function placeAt(
  partition: Partition,
  range: { readonly first: number; readonly end: number },
  { partitions, sink, now }: Session,
): void {
  const { next, expect, say, mark } = judgePartition(partitions.factsOf(partition), range);
  if (say !== undefined) sink.take(say);
  if (say?.kind === 'reset') return partitions.forget();
  partition.next = next;
  partition.expect = expect;
  if (mark !== undefined) sink.take(standingEvent([String(partition.id), partitionMarkText(mark)], now()));
}
