import type { Random } from '../wire/atproto/random.ts';
import type { MessageBase, PassingBase, StreamTime } from './fault-times.ts';

/** What faults make of the messages of one connection. */
export interface Egress<A> {
  /** What happens before the next message; empty: nothing (more). */
  acts(upcoming: Upcoming): readonly A[];
  /** The message as it goes out; undefined: it is swallowed. */
  shape(outgoing: Outgoing): Uint8Array | undefined;
}

/** What a connection comes to. */
export interface Upcoming {
  /** The next message's number, undefined where there is none yet. */
  readonly seq: number | undefined;
  /** How many are left of what is replayed; undefined where nothing is. */
  readonly left?: number | undefined;
}

export interface Outgoing {
  /** Its place in the history, which no other message ever has. */
  readonly position: number;
  readonly seq: number;
  readonly message: Uint8Array;
}

/** What the faults of a protocol do. */
export interface Deeds<P extends PassingBase, M extends MessageBase, A> {
  readonly actOf: (fault: P, random: Random) => A;
  /** The message with the fault in it; undefined where it does not fit this message. The message given is left as it is. */
  readonly rewrite: (fault: M, message: Uint8Array, seed: number) => Uint8Array | 'swallowed' | undefined;
  /** On how many messages a fault happens that does not say so. */
  readonly usualCount: (fault: M) => number;
}

/** The faults of the stream, shared by all connections. */
export interface StreamState<P extends PassingBase, M extends MessageBase> {
  readonly passing: readonly Entry<P>[];
  readonly messages: readonly MessageEntry<M>[];
  /** Messages sent, over all connections. */
  sent: number;
  readonly seed: number;
  readonly random: Random;
}

interface Entry<F> {
  readonly fault: F;
  /** On how many connections more it happens. */
  left: number;
}

interface MessageEntry<M> extends Entry<M> {
  /** The places where it has happened: it is there at every replay. */
  readonly hit: Set<number>;
  /** The last of them. */
  last: number;
  /** The first place of a fault without end. */
  from: number | undefined;
}

/** A fault on this connection. */
interface Local<E> {
  readonly entry: E;
  /** Whether its time has come here. */
  due: boolean;
  /** Whether it has happened here: it counts once a connection. */
  counted: boolean;
}

/** @param connection which one it is, from 1. @param previous the number before the first message that it will send. */
export function createEgress<P extends PassingBase, M extends MessageBase, A>(
  stream: StreamState<P, M>,
  deeds: Deeds<P, M, A>,
  connection: number,
  previous: number,
): Egress<A> {
  const passing = stream.passing.map(toLocal);
  const messages = stream.messages.map(toLocal);
  let sent = 0;
  let last = previous;

  const isTime = (when: StreamTime | undefined, upcoming: Upcoming): boolean => {
    const { connection: k = 1, afterAll = 0, after = 0, seq, beforeLive } = when ?? {};
    if (connection < k || stream.sent < afterAll || sent < after) return false;
    if (beforeLive !== undefined && !(upcoming.left !== undefined && upcoming.left <= beforeLive))
      return false;
    return seq === undefined || (upcoming.seq !== undefined && last < seq && upcoming.seq >= seq);
  };

  return {
    acts(upcoming) {
      // A repeat, or a reset, goes back: that place is passed anew.
      if (upcoming.seq !== undefined && upcoming.seq <= last) last = upcoming.seq - 1;
      for (const local of messages) local.due ||= isTime(local.entry.fault.when, upcoming);
      const acts: A[] = [];
      for (const local of passing) {
        const { entry, counted } = local;
        if (counted || entry.left === 0 || !isTime(entry.fault.when, upcoming)) continue;
        count(local);
        acts.push(deeds.actOf(entry.fault, stream.random));
      }
      return acts;
    },
    shape({ position, seq, message }) {
      last = seq;
      let shaped: Uint8Array | undefined = message;
      for (const local of messages) shaped &&= applyTo(local, position, shaped, deeds, stream.seed);
      if (shaped === undefined) return undefined;
      sent++;
      stream.sent++;
      return shaped;
    },
  };
}

function toLocal<E>(entry: E): Local<E> {
  return { entry, due: false, counted: false };
}

function count(local: Local<Entry<unknown>>): void {
  if (local.counted) return;
  local.counted = true;
  local.entry.left--;
}

/** The message with a fault in it where it had it before, or where the fault finds its place now; undefined: swallowed. */
function applyTo<P extends PassingBase, M extends MessageBase, A>(
  local: Local<MessageEntry<M>>,
  position: number,
  message: Uint8Array,
  { rewrite, usualCount }: Deeds<P, M, A>,
  seed: number,
): Uint8Array | undefined {
  const { entry } = local;
  const { fault } = entry;
  if (entry.left === 0 && !local.counted) return message;
  const limit = fault.count ?? usualCount(fault);
  if (!isPlace(local, position, limit)) return message;
  const rewritten = rewrite(fault, message, seed);
  if (rewritten === undefined) return message;
  count(local);
  if (limit === Number.POSITIVE_INFINITY) entry.from ??= position;
  else entry.hit.add(position);
  entry.last = Math.max(entry.last, position);
  return rewritten === 'swallowed' ? undefined : rewritten;
}

function isPlace<M>({ entry, due }: Local<MessageEntry<M>>, position: number, limit: number): boolean {
  const { from, hit, last } = entry;
  if (from !== undefined) return position >= from;
  if (hit.has(position)) return true;
  if (hit.size >= limit) return false;
  // What has begun goes on behind its last place; the messages before it stay as they were seen.
  return hit.size === 0 ? due : position > last;
}
