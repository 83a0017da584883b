import type { Notice } from '../core/channel.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Scope } from '../core/scope.ts';
import { DatabaseError } from '../core/sqlite.ts';
import { createBeating } from './beating.ts';
import { type Bell, createBell } from './bell.ts';
import type { ChannelState } from './channel-state.ts';
import { compose as composeNotice } from './compose.ts';
import { createDeciding, type Deciding } from './deciding.ts';
import { createDeliverers, type Deliverers } from './deliverers.ts';
import { dueDigests } from './due-digests.ts';
import { INTAKE_KINDS } from './intake.ts';
import { type JobReport, jobPlans } from './job-report.ts';
import type { NotifierDeps, NotifierSettings } from './notifier-options.ts';
import type { OutboxRow } from './outbox-row.ts';
import { droppedRecord, retriedRecord } from './records.ts';
import { testNotice } from './test-notice.ts';
import { type NotificationsView, type ViewQuery, viewNotifications } from './view.ts';

const RETRY_MS = 1_000;
const PRUNE_MS = 60 * 60_000;
const KEEP_MS = 90 * 24 * 60 * 60_000;
const KEEP_MOST = 10_000;
/** A loop that has not come round for so long is in trouble: the outbox cannot be written. */
const HANGS_MS = 5 * 60_000;

/** Tells people of trouble. Everything that it must not forget lies in its outbox. */
export interface Notifier {
  /** Lasts until `drain`: what could not be told by then waits for the next one. @throws what the outbox cannot get over. */
  run(scope: Scope): Promise<void>;
  /** Goes over to other channels and another beat. */
  apply(settings: NotifierSettings): void;
  /** Something changed that decides who is told: a snooze, an acknowledgement. */
  wake(): void;
  /** What a run of a job has to say, to the channels that it names; durable when it returns. The same run a second time is not said again. */
  tellJob(report: JobReport): void;
  /** One try, now; what the far side said, or why it failed. */
  test(channel: string, signal: AbortSignal): Promise<Result<string, string>>;
  /** A person wants a message to be tried now, and with it what waits in its channel. False where it does not wait. */
  retry(id: string, who: string): boolean;
  /** A person gives a message up: it is not tried again. False where it does not wait. */
  drop(id: string, who: string): boolean;
  view(query?: ViewQuery): NotificationsView;
}

/** @throws DatabaseError where the outbox cannot be read. */
export function createNotifier(deps: NotifierDeps, first: NotifierSettings): Notifier {
  const { outbox, clock } = deps;
  const deciding = createDeciding(deps);
  const bell = createBell(clock);
  const states = new Map<string, ChannelState>(outbox.channels().map((state) => [state.name, state]));
  const compose = (row: OutboxRow): Notice => composeRow(row, deps, deciding);
  const deliverers = createDeliverers({ ...deps, states, refold: deciding.refold, compose });
  let cameRoundAt = clock.monotonic();
  const hangs = (): string =>
    clock.monotonic() - cameRoundAt > HANGS_MS ? 'notifications are not decided on' : '';
  const beating = createBeating({ ...deps, unwell: () => deps.unwell() || hangs() });
  let settings = first;
  const apply = (next: NotifierSettings): void => {
    settings = next;
    deliverers.apply(next.channels);
    beating.apply(next.beat);
    bell.ring();
  };
  apply(first);

  const step = (): number => {
    const { channels, againMs } = deciding.step(settings);
    const digests = dueDigests(settings, states, deps);
    if (digests.channels.length > 0) {
      outbox.commit({ plans: digests.plans, channels: digests.channels });
      for (const state of digests.channels) states.set(state.name, state);
    }
    deliverers.wake([...channels, ...digests.channels.map(({ name }) => name)]);
    cameRoundAt = clock.monotonic();
    return Math.min(againMs, digests.againMs);
  };

  return {
    ...createDesk(deps, deliverers),
    apply,
    wake: () => bell.ring(),
    async run({ drain, ready }) {
      cameRoundAt = clock.monotonic();
      const running = together(
        [
          (signal) => follow(deps, bell, signal),
          (signal) => decideAll(step, bell, deps, signal),
          (signal) => pruneAll(deps, signal),
          (signal) => deliverers.run(signal),
          (signal) => beating.run(signal),
        ],
        drain,
      );
      ready();
      await running;
      tolerate(() => deciding.close());
    },
    view: (query) => viewNotifications(outbox, [...settings.channels.keys()], query),
  };
}

/** What others want of the notifier, beside the time line. */
function createDesk(
  deps: NotifierDeps,
  deliverers: Deliverers,
): Pick<Notifier, 'tellJob' | 'test' | 'retry' | 'drop'> {
  const { outbox, clock } = deps;
  return {
    tellJob(report) {
      outbox.commit({ plans: jobPlans(report, deps) });
      deliverers.wake(report.channels);
    },
    async test(channel, signal) {
      const notice = testNotice(channel, outbox.newId(), deps);
      // So that no later notice gets the same id.
      outbox.commit({});
      const outcome = await deliverers.once(channel, notice, signal);
      if (outcome === undefined) return err(`cannot test ${channel}: there is no such channel`);
      return outcome.kind === 'delivered' ? ok(outcome.detail) : err(outcome.reason);
    },
    retry(id, who) {
      const row = outbox.row(id);
      if (row?.state !== 'pending') return false;
      if (!deliverers.hurry(row)) return false;
      deps.records([retriedRecord(row, who, clock.micros())]);
      return true;
    },
    drop(id, who) {
      const row = outbox.row(id);
      if (row?.state !== 'pending') return false;
      outbox.update({ ...row, state: 'dropped' }, {});
      deps.records([droppedRecord(row, who, clock.micros())]);
      return true;
    },
  };
}

/** Runs all of them until the signal aborts, or one of them fails: then all end. */
async function together(
  parts: readonly ((signal: AbortSignal) => Promise<void>)[],
  drain: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([drain, over.signal]);
  const running = parts.map((part) => part(signal));
  try {
    await Promise.all(running);
  } finally {
    over.abort();
    await Promise.allSettled(running);
  }
}

function composeRow(row: OutboxRow, deps: NotifierDeps, { incidentOf }: Deciding): Notice {
  const { host, store, clock, outbox, nextOf } = deps;
  const threadOf = (incident: string): string | undefined => outbox.thread(incident, row.channel);
  return composeNotice(row, { host, now: clock.now(), store, incidentOf, threadOf, nextOf });
}

/** Rings for every record that matters; what it says is read from the store. */
async function follow({ store, log }: NotifierDeps, bell: Bell, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const _ of store.follow({ kinds: INTAKE_KINDS }, signal)) bell.ring();
      // The store is closed: nothing comes any more.
      return;
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
      log.warn('cannot follow the time line for now', { reason: thrown.message });
      bell.ring();
    }
  }
}

async function decideAll(
  step: () => number,
  bell: Bell,
  { clock, log }: NotifierDeps,
  signal: AbortSignal,
): Promise<void> {
  let isTold = false;
  while (!signal.aborted) {
    let waitMs = RETRY_MS;
    try {
      waitMs = step();
      isTold = false;
    } catch (thrown) {
      // A full disk: nothing was taken, and the same step comes again.
      if (!isPassing(thrown)) throw thrown;
      if (!isTold) log.error('cannot decide on notifications for now', { reason: thrown.message });
      isTold = true;
      await clock.sleep(RETRY_MS, signal);
      continue;
    }
    await bell.wait(waitMs, signal);
  }
}

async function pruneAll({ outbox, clock, log }: NotifierDeps, signal: AbortSignal): Promise<void> {
  do {
    try {
      outbox.prune(clock.now() - KEEP_MS, KEEP_MOST);
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
      log.warn('cannot prune the outbox for now', { reason: thrown.message });
    }
  } while (await clock.sleep(PRUNE_MS, signal));
}

/** What passing trouble of a file keeps from being done now is done later, or need not be. */
function tolerate(work: () => void): void {
  try {
    work();
  } catch (thrown) {
    if (!isPassing(thrown)) throw thrown;
  }
}

function isPassing(thrown: unknown): thrown is DatabaseError {
  return thrown instanceof DatabaseError && thrown.retry;
}
