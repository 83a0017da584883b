import { createRandom } from '../../wire/atproto/random.ts';
import { createEgress, type Egress, type StreamState } from './egress.ts';
import {
  type ConnectFault,
  type FirehoseFault,
  isConnectFault,
  isFrameFault,
  isPassingFault,
  timesOf,
} from './faults.ts';

/** The faults of a server's connections, and what has become of them. */
export interface FaultPlan {
  /** An attempt to connect, in its order. */
  arrive(): Arrival;
}

/** One attempt to connect. */
export interface Arrival {
  /** Counted from 1. */
  readonly number: number;
  /** Takes the first fault of these kinds that is due now: it counts as happened. */
  take<K extends ConnectFault['kind']>(
    ...kinds: readonly K[]
  ): Extract<ConnectFault, { kind: K }> | undefined;
  /** What becomes of the frames; undefined where no fault touches or counts them. `previous`: the number before its first one. */
  egress(previous: number): Egress | undefined;
}

export function createFaultPlan(faults: readonly FirehoseFault[], seed: number): FaultPlan {
  const connect = faults.filter(isConnectFault).map((fault) => ({ fault, left: timesOf(fault) }));
  const stream: StreamState = {
    passing: faults.filter(isPassingFault).map((fault) => ({ fault, left: timesOf(fault) })),
    frames: faults
      .filter(isFrameFault)
      .map((fault) => ({ fault, left: timesOf(fault), hit: new Set(), from: undefined, last: -1 })),
    sent: 0,
    seed,
    random: createRandom(seed),
  };
  const isCounted = connect.some(({ fault }) => fault.when?.afterAllFrames !== undefined);
  const isQuiet = stream.passing.length + stream.frames.length === 0 && !isCounted;
  let arrived = 0;

  return {
    arrive() {
      const number = ++arrived;
      return {
        number,
        take<K extends ConnectFault['kind']>(...kinds: readonly K[]) {
          for (const pending of connect) {
            const { fault } = pending;
            const { connection = 1, afterAllFrames = 0 } = fault.when ?? {};
            if (pending.left === 0 || number < connection || stream.sent < afterAllFrames) continue;
            if (!isOf(fault, kinds)) continue;
            pending.left--;
            return fault;
          }
          return undefined;
        },
        egress: (previous) => (isQuiet ? undefined : createEgress(stream, number, previous)),
      };
    },
  };
}

function isOf<K extends ConnectFault['kind']>(
  fault: ConnectFault,
  kinds: readonly K[],
): fault is Extract<ConnectFault, { kind: K }> {
  return (kinds as readonly string[]).includes(fault.kind);
}
