import { backoffDelay } from '../../core/backoff.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSink } from '../../core/source.ts';
import type { TopicMetadata } from '../../wire/kafka/requests.ts';
import type { BrokerServer } from './broker-address.ts';
import { connectBroker } from './kafka-connection.ts';
import type { ContactOptions } from './kafka-contact.ts';
import type { Partition, Partitions } from './kafka-partitions.ts';
import { fetchFrom, type Session } from './kafka-worker.ts';
import type { MessageOptions } from './message-envelope.ts';
import { onceAborted } from './once-aborted.ts';

/** The topic is looked at so often, for new partitions and other leaders, when nothing is wrong. */
const LOOK_MS = 60_000;
/** What is wrong with a partition may be over after this, and then after twice as long, up to the longest. */
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;
/** All fetches together may bring so much at once, and each at least so much. */
const ALL_FETCHES_BYTES = 2_097_152;
const LEAST_FETCH_BYTES = 262_144;

export interface FollowOptions extends MessageOptions, ContactOptions {
  readonly random: () => number;
}

export type Bell = ReturnType<typeof createBell>;

/** Wakes who rests, also when it rings before. */
export function createBell() {
  let rung = false;
  let wake = (): void => {};
  return {
    ring(): void {
      rung = true;
      wake();
    },
    /** Until it rings, a partition may be tried again, or it is time to look. */
    async rest(partitions: Partitions, { clock, stop }: Scope): Promise<void> {
      const now = clock.monotonic();
      const waiting = partitions.all().filter(({ leader }) => leader === undefined);
      const until = waiting.map(({ notBefore }) => Math.max(RETRY_MIN_MS, notBefore - now));
      const woken = new AbortController();
      wake = () => woken.abort();
      if (!rung) await clock.sleep(Math.min(LOOK_MS, ...until), AbortSignal.any([woken.signal, stop]));
      rung = false;
      wake = () => {};
    },
  };
}

/** Who fetches: one for each broker that leads a partition. */
export function createCrew(
  options: FollowOptions,
  scope: Scope,
  sink: StreamSink,
  partitions: Partitions,
  bell: Bell,
) {
  const workers = new Map<number, Promise<void>>();
  let ended: string | undefined;
  let failure: { readonly thrown: unknown } | undefined;
  const end = (reason: string): void => {
    ended ??= reason;
    bell.ring();
  };
  const fetchBytes = (): number =>
    Math.max(LEAST_FETCH_BYTES, Math.floor(ALL_FETCHES_BYTES / Math.max(1, workers.size)));
  const session = { ...createSession(options, scope, sink, partitions, bell), end, fetchBytes };

  const work = async (node: number, server: BrokerServer | undefined): Promise<void> => {
    const mine = (): Partition[] => partitions.all().filter(({ leader }) => leader === node);
    if (server === undefined) return session.trouble(mine(), `nobody knows where broker ${node} is`);
    const connected = await connectBroker(server, options.access, scope);
    if (!connected.ok) return scope.stop.aborted ? undefined : session.trouble(mine(), connected.error);
    try {
      await fetchFrom(node, connected.value, session);
    } finally {
      connected.value.close();
    }
  };

  return {
    start({ brokers }: TopicMetadata): void {
      for (const { leader } of partitions.all()) {
        if (leader === undefined || workers.has(leader)) continue;
        const server = brokers.find(({ node }) => node === leader);
        const working = work(leader, server).then(
          () => {},
          (thrown: unknown) => {
            failure ??= { thrown };
            end('failed');
          },
        );
        workers.set(leader, working);
        void working.then(() => {
          workers.delete(leader);
          bell.ring();
        });
      }
    },
    ended: () => ended,
    /** Resolves when nobody works any more. Rejects with what one of them failed of. */
    async gone(): Promise<void> {
      await Promise.all(workers.values());
      if (failure !== undefined) throw failure.thrown;
    },
  };
}

/** What the workers share, but for what the crew itself knows. */
function createSession(
  options: FollowOptions,
  { clock, stop }: Scope,
  sink: StreamSink,
  partitions: Partitions,
  bell: Bell,
): Omit<Session, 'end' | 'fetchBytes'> {
  return {
    topic: options.address.name,
    clock,
    stop,
    sink,
    options,
    partitions,
    now: () => clock.now(),
    trouble(those, reason) {
      for (const partition of those) wait(partition, reason, clock.monotonic(), options.random, sink);
      bell.ring();
    },
    async room() {
      const stopped = onceAborted(stop);
      await Promise.race([sink.drained(), stopped.promise]).finally(stopped.release);
      return !stop.aborted;
    },
  };
}

/** Lets a partition wait, each time longer. Said once, until it goes on. */
function wait(
  partition: Partition,
  reason: string,
  now: number,
  random: () => number,
  sink: StreamSink,
): void {
  const { attempt, id } = partition;
  if (attempt === 0) sink.take({ kind: 'info', name: 'Waiting', message: `partition ${id}: ${reason}` });
  partition.leader = undefined;
  partition.notBefore =
    now + backoffDelay({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS, attempt, random, jitter: 0.5 });
  partition.attempt += 1;
}
