import { createRandom } from '../wire/atproto/random.ts';
import { createEgress, type Deeds, type Egress, type StreamState } from './egress.ts';
import type { ConnectBase, MessageBase, PassingBase, Times } from './fault-times.ts';

/** The faults of a server's connections, and what has become of them. */
export interface FaultPlan<C extends ConnectBase, A> {
  /** An attempt to connect, in its order. */
  arrive(): Arrival<C, A>;
}

/** One attempt to connect. */
export interface Arrival<C extends ConnectBase, A> {
  /** Counted from 1. */
  readonly number: number;
  /** Takes the first fault of these kinds that is due now: it counts as happened. */
  take<K extends C['kind']>(...kinds: readonly K[]): Extract<C, { kind: K }> | undefined;
  /** What becomes of the messages; undefined where no fault touches or counts them. `previous`: the number before its first one. */
  egress(previous: number): Egress<A> | undefined;
}

/** The faults of a server, by what they are about, and what those of the stream do. */
export interface FaultPlanOptions<C extends ConnectBase, P extends PassingBase, M extends MessageBase, A> {
  readonly connect: readonly C[];
  readonly passing: readonly P[];
  readonly messages: readonly M[];
  /** On how many connections a fault happens. */
  readonly timesOf: (fault: C | P | M) => number;
  readonly deeds: Deeds<P, M, A>;
  readonly seed: number;
}

export function createFaultPlan<C extends ConnectBase, P extends PassingBase, M extends MessageBase, A>(
  options: FaultPlanOptions<C, P, M, A>,
): FaultPlan<C, A> {
  const { deeds, timesOf, seed } = options;
  const connect = options.connect.map((fault) => ({ fault, left: timesOf(fault) }));
  const stream: StreamState<P, M> = {
    passing: options.passing.map((fault) => ({ fault, left: timesOf(fault) })),
    messages: options.messages.map((fault) => ({
      fault,
      left: timesOf(fault),
      hit: new Set(),
      from: undefined,
      last: -1,
    })),
    sent: 0,
    seed,
    random: createRandom(seed),
  };
  const isCounted = connect.some(({ fault }) => fault.when?.afterAll !== undefined);
  const isQuiet = stream.passing.length + stream.messages.length === 0 && !isCounted;
  let arrived = 0;

  return {
    arrive() {
      const number = ++arrived;
      return {
        number,
        take<K extends C['kind']>(...kinds: readonly K[]) {
          for (const pending of connect) {
            const { fault } = pending;
            const { connection = 1, afterAll = 0 } = fault.when ?? {};
            if (pending.left === 0 || number < connection || stream.sent < afterAll) continue;
            if (!isOf(fault, kinds)) continue;
            pending.left--;
            return fault;
          }
          return undefined;
        },
        egress: (previous) => (isQuiet ? undefined : createEgress(stream, deeds, number, previous)),
      };
    },
  };
}

function isOf<C extends ConnectBase, K extends C['kind']>(
  fault: C,
  kinds: readonly K[],
): fault is Extract<C, { kind: K }> {
  return (kinds as readonly string[]).includes(fault.kind);
}

/** Whether faults of a kind are always there, or happen once, unless `times` says otherwise. */
export type Usually = 'once' | 'always';

/** On how many connections a fault happens. */
export function timesFor(fault: Times, usually: Usually): number {
  return fault.times ?? (usually === 'always' ? Number.POSITIVE_INFINITY : 1);
}
