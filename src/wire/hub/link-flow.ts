import { backoffDelay } from '../../core/backoff.ts';
import type { HubFrame } from './frames.ts';
import { type LinkEffect, type LinkState, MOST_RECORDS, WINDOW } from './link-state.ts';

/** What is in flight over an open connection: part of the machine in link-machine.ts. */

export const RETRY = { minMs: 1_000, maxMs: 60_000, jitter: 0.5 };
/** Nobody makes us wait longer. */
export const LONGEST_WAIT_MS = 3_600_000;
/** A hub that refuses for no time at all is not asked at once either. */
const SHORTEST_WAIT_MS = 50;
const DEFAULT_TIMEOUT_MS = 30_000;

export interface Step {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

export interface Moment {
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly random: () => number;
}

export function stay(state: LinkState): Step {
  return { state, effects: [] };
}

type Answer = Extract<HubFrame, { is: 'stored' | 'refused' }>;

/** The hub's word on the first batch in flight. */
export function answered(state: LinkState, frame: Answer, moment: Moment): Step {
  const [head, ...flight] = state.flight;
  if (head === undefined) return stay(state);
  const left = { ...state, flight };
  // What follows a refused batch is refused with it, and sent again in any case.
  if (state.rewind !== undefined) return pump(left, moment);
  if (frame.is === 'stored') {
    const { stored, doubled } = frame;
    const after = state.replaced !== undefined && head.last > state.replaced ? undefined : state.replaced;
    const most = Math.min(MOST_RECORDS, state.most * 2);
    const further = { ...left, acked: head.last, attempt: 0, refusals: 0, most, replaced: after };
    const pumped = pump(further, moment);
    return {
      state: pumped.state,
      effects: [{ do: 'stored', batch: head, stored, doubled }, ...pumped.effects],
    };
  }
  const { kind, message, retryMs } = frame;
  if (kind === 'bad' && head.count > 1)
    return rewind({ ...left, most: Math.ceil(head.count / 2) }, head.after, 0, moment);
  if (kind === 'bad' && state.replaced !== head.after) {
    const turned = rewind({ ...left, replaced: head.after }, head.after, 0, moment);
    return { ...turned, effects: [{ do: 'replace', after: head.after, message }, ...turned.effects] };
  }
  const backoff = backoffDelay({ ...RETRY, attempt: state.refusals, random: moment.random });
  const forMs = Math.min(Math.max(retryMs ?? backoff, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
  const turned = rewind({ ...left, refusals: state.refusals + 1 }, head.after, forMs, moment);
  return { ...turned, effects: [{ do: 'refused', message, forMs }, ...turned.effects] };
}

function rewind(state: LinkState, to: number, forMs: number, moment: Moment): Step {
  const turn = state.turn + 1;
  return pump(
    { ...state, rewind: { to, at: moment.now + forMs }, turn, reading: 'no', isWoken: false },
    moment,
  );
}

/** Asks the source for more where there is room for it. */
export function pump(state: LinkState, { now }: Moment): Step {
  let ready = state;
  if (state.rewind !== undefined && state.flight.length === 0 && now >= state.rewind.at)
    ready = { ...state, next: state.rewind.to, rewind: undefined };
  const { reading, rewind: waits, next: after, most, turn } = ready;
  if (reading !== 'no' || waits !== undefined || !hasRoom(ready)) return stay(ready);
  return { state: { ...ready, reading: 'asked' }, effects: [{ do: 'read', after, most, turn }] };
}

function hasRoom({ welcome, flight, most, refusals }: LinkState): boolean {
  if (welcome?.kind !== 'agent') return false;
  // One at a time while the hub is short of room, or a record is looked for that it refuses.
  if (flight.length === 0 || refusals > 0 || most < MOST_RECORDS) return flight.length === 0;
  const { batches, bytes } = welcome.credit;
  const used = flight.reduce((sum, batch) => sum + batch.bytes, 0);
  // Another batch may be as large as the largest.
  const room = Math.min(bytes, WINDOW.bytes) - used - Math.max(...flight.map((batch) => batch.bytes));
  return flight.length < Math.min(batches, WINDOW.batches) && room > 0;
}

/** So often a frame of ours is due, milliseconds. */
export function pingEvery({ welcome }: LinkState): number {
  return Math.max(500, (welcome?.timeoutMs ?? DEFAULT_TIMEOUT_MS) / 3);
}
