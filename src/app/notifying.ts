import { hostname } from 'node:os';
import { dirname } from 'node:path';
import * as v from 'valibot';
import type { Channel } from '../core/channel.ts';
import type { Clock } from '../core/clock.ts';
import { approximateDuration } from '../core/durations.ts';
import type { Log } from '../core/log.ts';
import { LEVELS, type RecordDraft, type RecordStore } from '../core/record.ts';
import { resolveReference } from '../core/references.ts';
import { asError, err, type Result } from '../core/result.ts';
import type { Scope } from '../core/scope.ts';
import { DatabaseError } from '../core/sqlite.ts';
import { ownZone } from '../core/zoned-time.ts';
import type { ChannelKind } from '../notify/channel-kind.ts';
import type { RunRow } from '../jobs/history.ts';
import type { PlannedJob } from '../jobs/job.ts';
import { CHANNEL_KINDS } from '../notify/channels/registry.ts';
import { createNotifier, type Notifier } from '../notify/notifier.ts';
import type { ChannelSpec, NotifierDeps, NotifierSettings } from '../notify/notifier-options.ts';
import type { Outbox } from '../notify/outbox.ts';
import type { NotifyPolicy } from '../notify/stages/stage.ts';
import { clockTime } from './clock-time.ts';
import { jobOf, type NotifyingJobs, presentJobs, reportOf } from './notifying-jobs.ts';
import { createFailing } from './pipeline/failing.ts';
import type { Plan, PlannedChannel } from './plan.ts';
import type { StatePaths, StateStore } from './state.ts';
import type { Supervised, Supervision } from './supervision.ts';

/** Trouble of the outbox that does not pass: services go on, and it is tried again. */
const AGAIN_MS = 60_000;

export interface NotifyingOptions {
  readonly outbox: Outbox;
  readonly store: RecordStore;
  readonly supervision: Supervision;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** Brings what waits into the time line; false where that cannot be now. */
  readonly flush: () => boolean;
  /** Begins the lives of processes of this daemon. */
  readonly stateId: string;
  readonly jobs: NotifyingJobs;
  /** Where the services of this daemon lie, and what it remembers. */
  readonly paths: StatePaths;
  readonly state: Pick<StateStore, 'loadMark' | 'saveMark'>;
}

/** Tells people of what the time line says, by the channels of the plan that is in force. */
export interface Notifying {
  readonly notifier: Notifier;
  /** From here on the present states are compared with the time line: the plan runs. Until `hold`. */
  use(plan: Plan): void;
  /** A reload is under way: services come and go. */
  hold(): void;
  /** A run of a job is over, and stored. */
  ran(job: PlannedJob, row: RunRow): void;
  /** Lasts until `drain`. */
  run(scope: Pick<Scope, 'drain' | 'stop'>): Promise<void>;
}

/** What changes with the plan. */
interface Course {
  /** Services come and go. */
  holds: boolean;
  /** Who is told of what names nobody. */
  usual: readonly string[];
}

/** What a run had to say longer ago is not said any more. */
const FRESH_MS = 86_400_000;

export function createNotifying(plan: Plan, options: NotifyingOptions): Notifying {
  const { flush, clock } = options;
  const channels = createChannels(options);
  const course: Course = { holds: true, usual: plan.told ?? [] };
  const notifier = createNotifier(depsOf(course, options), channels.of(plan));
  const failing = createFailing({
    ...options,
    host: hostname(),
    tell: notifier.tellJob,
    heldOf: (service) =>
      options.supervision.holding.silences
        .silencesOf({ service, watch: null }, clock.now())
        .some(({ by }) => by !== 'needs'),
  });
  const tellRun = (job: PlannedJob, row: RunRow): void => {
    if (job.report === undefined) return;
    flush();
    const report = reportOf(job, row, options.store, course.usual);
    if (report !== undefined) notifier.tellJob(report);
  };
  /** What ended in the last moment of the daemon before may not have been told; what was is not said again. */
  let begin = (): void => {
    begin = () => {};
    for (const { job } of options.jobs.scheduler.all()) {
      const last = options.jobs.store.last(job.name);
      if (last?.ended != null && clock.now() - last.ended < FRESH_MS) tellRun(job, last);
    }
  };
  return {
    notifier,
    use(next) {
      course.usual = next.told ?? [];
      notifier.apply(channels.of(next));
      failing.use(next);
      course.holds = false;
      notifier.wake();
      begin();
    },
    ran: tellRun,
    hold() {
      course.holds = true;
    },
    run: async ({ drain, stop }) =>
      void (await Promise.all([runOn(notifier, { drain, stop }, options), failing.run(drain)])),
  };
}

async function runOn(
  notifier: Notifier,
  { drain, stop }: Pick<Scope, 'drain' | 'stop'>,
  { clock, log, records }: NotifyingOptions,
): Promise<void> {
  while (!drain.aborted) {
    try {
      await notifier.run({ drain, stop, ready: () => {}, clock, log });
    } catch (thrown) {
      if (!(thrown instanceof DatabaseError)) throw thrown;
      const message = `nobody can be told for now: ${thrown.message}`;
      records([{ ...ABOUT, time: clock.micros(), level: LEVELS.error, message }]);
      await clock.sleep(AGAIN_MS, drain);
    }
  }
}

function depsOf(course: Course, options: NotifyingOptions): NotifierDeps {
  const { supervision, flush, clock, jobs } = options;
  const { silences } = supervision.holding;
  return {
    ...options,
    host: hostname(),
    present: () => {
      if (course.holds || !flush()) return undefined;
      return supervision.all().map(({ service, watches }) => ({
        snapshot: service.snapshot(),
        watches: watches().watches,
      }));
    },
    presentJobs: () => presentJobs(jobs),
    policyOf(service, watch) {
      const job = jobOf(service, jobs);
      return job === undefined
        ? policyOf(supervision.get(service), watch)
        : { channels: job.notify ?? course.usual, tells: 'flip' };
    },
    silenceOf: (service, watch, now) =>
      silences
        .silencesOf({ service, watch: watch === '' ? null : watch }, now)
        .find(({ by }) => by !== 'needs'),
    silences: () =>
      silences
        .list(clock.now())
        .map((each) => ({ service: each.service ?? '', watch: each.watch ?? '', silence: each })),
    needsOf: (service) => supervision.get(service)?.planned.needs.map(({ name }) => name) ?? [],
    nextOf: (service, watch) => nextOf(supervision.get(service), watch, clock.now()),
    unwell: () => (flush() ? '' : 'the time line cannot be written'),
  };
}

const ABOUT = { service: '', life: '', kind: 'note', sender: 'notify' } as const;

/** Whom a subject's trouble is told. What is not in the plan any more is told nobody. */
function policyOf(supervised: Supervised | undefined, watch: string): NotifyPolicy {
  const { notify, watch: watches = [] } = supervised?.planned ?? {};
  const channels = notify?.ofWatches[watch] ?? notify?.channels ?? [];
  const planned = watches.find(({ name }) => name === watch);
  if (planned === undefined) return { channels, tells: 'flip' };
  const { steps, gate, everyMs, timeoutMs } = planned;
  const tells = steps.some((step) => step.do === 'page') ? 'page' : 'flip';
  return { channels, tells, healMs: gate.graceMs + gate.ok * everyMs + timeoutMs };
}

/** What happens next to a service in trouble, in words. */
function nextOf(supervised: Supervised | undefined, watch: string, now: number): string {
  if (supervised === undefined) return '';
  const { state, nextStartAt, waitsFor } = supervised.service.snapshot();
  const ahead = (at: number): string =>
    `at ${clockTime(at)} (in ${approximateDuration(Math.max(0, at - now))})`;
  if (state === 'waiting' && nextStartAt !== null) return `it is started ${ahead(nextStartAt)}`;
  if (state === 'blocked' && waitsFor.length > 0)
    return `it starts as soon as there is ${waitsFor.join(' and ')}`;
  if (state === 'stuck') return 'it is tried again every 30 s';
  if (state === 'done' || state === 'stopped') return 'nothing until a person starts it';
  const action = supervised.watches().watches.find(({ name }) => name === watch)?.nextAction;
  return action == null ? '' : `${action.what} ${ahead(action.at)}, unless ${watch} is well by then`;
}

/** Opens the channels of plans; those that did not change stay as they are. */
function createChannels(options: NotifyingOptions) {
  let known = new Map<string, ChannelSpec>();
  return {
    of(plan: Plan): NotifierSettings {
      const folder = dirname(plan.file);
      const next = new Map<string, ChannelSpec>();
      const channels = new Map<string, ChannelSpec>();
      for (const planned of plan.notify ?? []) {
        const key = JSON.stringify([planned, folder, plan.zone]);
        const spec = known.get(key) ?? specOf(planned, plan, options);
        next.set(key, spec);
        channels.set(planned.name, spec);
      }
      known = next;
      const { beat } = plan;
      if (beat === undefined) return { channels };
      const url = resolveReference(beat.url, folder, process.env);
      if (url.ok) return { channels, beat: { url: url.value, everyMs: beat.everyMs } };
      const message = `cannot say that the daemon is well: ${url.error}`;
      options.records([{ ...ABOUT, time: options.clock.micros(), level: LEVELS.error, message }]);
      return { channels };
    },
  };
}

function specOf(planned: PlannedChannel, plan: Plan, options: NotifyingOptions): ChannelSpec {
  const { name, kind: word, options: written, ...timing } = planned;
  const kind = CHANNEL_KINDS.find(({ kind: each }) => each === word);
  if (kind === undefined) throw new Error(`cannot find the kind of channel "${word}"`);
  return { ...timing, timeoutMs: kind.timeoutMs, channel: openLate(kind, written, name, plan, options) };
}

/** A channel that is opened, and so loads what it needs, when it is first used. */
function openLate(
  kind: ChannelKind,
  written: Readonly<Record<string, unknown>>,
  name: string,
  plan: Plan,
  { clock, stateId }: NotifyingOptions,
): Channel {
  let opened: Promise<Channel> | undefined;
  const open = (): Promise<Channel> =>
    kind.open(v.parse(kind.options, written), {
      name,
      clock,
      folder: dirname(plan.file),
      env: environment(),
      zone: plan.zone ?? ownZone(),
      // A colon is in no service's name.
      life: `${stateId}/channel:${name}`,
    });
  return {
    async send(notice, signal, taken) {
      opened ??= open();
      const channel = await settled(opened);
      if (channel.ok) return channel.value.send(notice, signal, taken);
      opened = undefined;
      return { kind: 'failed', reason: `cannot open ${name}: ${channel.error}`, retry: true };
    },
  };
}

async function settled<T>(promise: Promise<T>): Promise<Result<T, string>> {
  try {
    return { ok: true, value: await promise };
  } catch (thrown) {
    return err(asError(thrown).message);
  }
}

function environment(): Readonly<Record<string, string>> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
