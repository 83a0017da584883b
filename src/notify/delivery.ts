import type { Channel, Notice } from '../core/channel.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft } from '../core/record.ts';
import { serially } from '../core/serially.ts';
import { DatabaseError } from '../core/sqlite.ts';
import { attempt } from './attempt.ts';
import { createBell } from './bell.ts';
import type { ChannelState } from './channel-state.ts';
import type { Outbox, Thread } from './outbox.ts';
import type { FoldPlan } from './fold.ts';
import type { OutboxRow } from './outbox-row.ts';
import { afterTry, hurried, isUnsure, nextTry, steady, type TryOutcome } from './retry.ts';
import { deliveryRecords } from './records.ts';

const TIMEOUT_MS = 30_000;
const LONGEST_TIMEOUT_MS = 120_000;
/** A try that is under way when the daemon ends has so long to end. */
const DRAIN_MS = 5_000;
/** With nothing to do, how long until the next look. */
const IDLE_MS = 60_000;
const STORE_RETRY_MS = 1_000;
/** A message that is later than this says so. */
const LATE_MS = 60_000;

export interface DeliveryDeps {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly compose: (row: OutboxRow) => Notice;
  /** Brings what waits in a channel into the fewest messages. */
  readonly refold: (channel: string, pending: readonly OutboxRow[]) => FoldPlan;
  readonly states: Map<string, ChannelState>;
}

/** What delivers the messages of one channel, one after another: it waits for nobody, and nobody for it. */
export interface Deliverer {
  /** There is something new to deliver. */
  wake(): void;
  /** A person wants this message to be tried now: no wait of its own or of the channel holds it. */
  hurry(id: string): void;
  /** Lasts until the signal aborts; a try that is under way then has a moment to end. */
  run(signal: AbortSignal): Promise<void>;
  /** One try of a message that is not kept, in turn with the others. */
  once(notice: Notice, signal: AbortSignal): Promise<TryOutcome>;
}

export function createDeliverer(
  name: string,
  channel: Channel,
  { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number },
  deps: DeliveryDeps,
): Deliverer {
  const { outbox, clock, states } = deps;
  const log = deps.log.child({ channel: name });
  const bell = createBell(clock);
  /** The message that a person wants to be tried first. */
  let urgent: string | undefined;
  const most = Math.min(timeoutMs, LONGEST_TIMEOUT_MS);
  const send = serially((notice: Notice, taken: readonly string[], signal: AbortSignal) =>
    attempt(channel, notice, { timeoutMs: most, taken, signal, clock, log }),
  );

  const step = async (signal: AbortSignal, ended: AbortSignal): Promise<void> => {
    const now = clock.now();
    const state = steady(states.get(name) as ChannelState, now);
    states.set(name, state);
    const next = nextOf(outbox.pending(name), state, now, urgent);
    urgent = undefined;
    if (next === undefined || next.inMs > 0) return bell.wait(next?.inMs ?? IDLE_MS, signal);
    const notice = stamped(next.row, deps, now);
    const tried = outbox.beginTry(next.row, notice);
    const outcome = await send(notice, tried.taken, ended);
    // The daemon ends: whether it got there is for the next one to find out, under the same id.
    if (ended.aborted && isUnsure(outcome)) return;
    await persisted(() => keep(name, tried, outcome, deps), ended, clock);
  };

  const hurry = (): void => {
    outbox.hurry(name);
    states.set(name, hurried(states.get(name) as ChannelState));
    bell.ring();
  };

  return {
    wake: () => bell.ring(),
    hurry(id) {
      urgent = id;
      bell.ring();
    },
    async once(notice, signal) {
      const outcome = await send(notice, [], signal);
      if (outcome.kind === 'delivered') await tolerant(async () => hurry(), signal, { clock, log });
      return outcome;
    },
    async run(signal) {
      const ended = new AbortController();
      const finished = new AbortController();
      const onDrain = async (): Promise<void> => {
        await clock.sleep(DRAIN_MS, finished.signal);
        ended.abort();
      };
      signal.addEventListener('abort', () => void onDrain(), { once: true });
      try {
        // Another daemon, or another config: what failed may go well now.
        await tolerant(async () => hurry(), signal, { clock, log });
        while (!signal.aborted) await tolerant(() => step(signal, ended.signal), signal, { clock, log });
      } finally {
        finished.abort();
      }
    },
  };
}

/** What is tried next: what a person wants to be tried goes before all else, and waits for nothing. */
function nextOf(
  pending: readonly OutboxRow[],
  state: ChannelState,
  now: number,
  urgent: string | undefined,
): ReturnType<typeof nextTry> {
  const wanted = pending.find(({ id }) => id === urgent);
  return wanted === undefined ? nextTry(pending, state, now) : { row: wanted, inMs: 0 };
}

/** The notice of a row for the try that begins now. */
function stamped(row: OutboxRow, { compose }: DeliveryDeps, now: number): Notice {
  const notice = row.notice ?? compose(row);
  return { ...notice, triedAt: now, dueAt: now - row.dueAt >= LATE_MS ? row.dueAt : null };
}

/** Stores what came of a try, and tells the time line. */
function keep(name: string, tried: OutboxRow, outcome: TryOutcome, deps: DeliveryDeps): void {
  const { outbox, clock, random, states, records, refold } = deps;
  const now = clock.now();
  const before = states.get(name) as ChannelState;
  const { row: after, channel } = afterTry(tried, before, outcome, { now, random });
  // A person may have given it up meanwhile.
  const isGivenUp = after.state === 'pending' && outbox.row(tried.id)?.state === 'dropped';
  const row: OutboxRow = isGivenUp ? { ...after, state: 'dropped' } : after;
  const pending = outbox.pending(name).map((each) => (each.id === row.id ? row : each));
  const plan = row.state === 'pending' ? [refold(name, pending)] : [];
  const threads = row.state === 'delivered' ? threadsOf(row) : [];
  outbox.update(row, { channels: [channel], plans: plan, threads });
  states.set(name, channel);
  records(deliveryRecords(row, tried, outcome, { at: clock.micros(), nextAt: channel.notBefore }));
}

/** What follows about these incidents belongs to what was delivered first. */
function threadsOf({ channel, entries, notice, id }: OutboxRow): readonly Thread[] {
  return entries.map(({ incident }) => ({ incident, channel, thread: notice?.thread ?? id }));
}

/** The store of the outbox may be full or held for a while: what was to be stored waits for that. */
async function persisted(work: () => void, signal: AbortSignal, clock: Clock): Promise<void> {
  for (;;) {
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof DatabaseError) || !thrown.retry) throw thrown;
      if (!(await clock.sleep(STORE_RETRY_MS, signal))) return;
    }
  }
}

/** Goes on after passing trouble of the store. @throws what is a bug, or lasts. */
async function tolerant(
  work: () => Promise<void>,
  signal: AbortSignal,
  { clock, log }: Pick<DeliveryDeps, 'clock' | 'log'>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (!(thrown instanceof DatabaseError) || !thrown.retry) throw thrown;
    log.error('cannot deliver for now', { reason: thrown.message });
    await clock.sleep(STORE_RETRY_MS, signal);
  }
}
