import { LEVELS, type RecordDraft } from '../core/record.ts';
import { createBook, type Draft, RECENT_MS } from './book.ts';
import { saidBy } from './compose.ts';
import { decide, type Situation } from './decide.ts';
import { fold, type FoldPlan } from './fold.ts';
import type { Incident } from './incident.ts';
import { takeRecord } from './intake.ts';
import type { NotifierDeps, NotifierSettings } from './notifier-options.ts';
import type { OutboxChange } from './outbox.ts';
import type { OutboxRow } from './outbox-row.ts';
import { notificationRecord } from './records.ts';
import { reconcile } from './reconcile.ts';
import type { Entry } from './telling.ts';
import { openTimeLine, type TimeLine } from './timeline.ts';
import { titleOf } from './wording.ts';

const COMPARE_MS = 60_000;
/** A cursor that only passed log lines is stored so often. */
const CURSOR_MS = 60_000;
/** Without any event everything is looked at again after this long: silences may have changed. */
const LOOK_MS = 30_000;

/** From the time line to the outbox: what is in trouble, and who is told. */
export interface Deciding {
  /** Takes what is new and decides, all of it stored at once. */
  step(settings: NotifierSettings): Step;
  /** Brings what waits in a channel into the fewest messages. */
  refold(channel: string, pending: readonly OutboxRow[]): FoldPlan;
  incidentOf(id: string): Incident | undefined;
  /** Stores how far the time line is read. */
  close(): void;
}

export interface Step {
  /** Something new is in their outbox. */
  readonly channels: readonly string[];
  /** When to come again, unless something happens before. */
  readonly againMs: number;
}

/** @throws DatabaseError where the outbox cannot be read. */
export function createDeciding(deps: NotifierDeps): Deciding {
  const { outbox, clock } = deps;
  const memory = outbox.load(clock.now() - RECENT_MS);
  const book = createBook(memory);
  const reading = createReading(deps, memory.cursor);
  const known = (draft?: Draft) => (id: string) =>
    draft?.incidents.get(id) ?? book.incidents.get(id) ?? outbox.incident(id);

  return {
    incidentOf: known(),
    refold: (channel, pending) => foldInto(channel, pending, [], known(), deps),
    step(settings) {
      const draft = book.draft();
      const read = reading.takeInto(draft);
      const now = clock.now();
      const { tellings, settled, entries, nextAt } = decide(situationOf(draft, settings, deps), now);
      for (const incident of settled) draft.put(incident);
      for (const telling of tellings) draft.tell(telling);
      const plans = [...entries].map(([channel, news]) =>
        foldInto(channel, outbox.pending(channel), news, known(draft), deps),
      );
      reading.store({ ...draft.changes(), plans }, read);
      draft.accept(now);
      deps.records(told(plans, entries, known(draft), clock.micros()));
      const againMs = Math.min(LOOK_MS, Math.max(0, (nextAt ?? now + LOOK_MS) - now));
      return { channels: [...entries.keys()], againMs: read.isEnd ? againMs : 0 };
    },
    close: () => reading.close(),
  };
}

interface Read {
  readonly cursor: number;
  readonly isEnd: boolean;
  /** It was compared with the present. */
  readonly isCompared: boolean;
}

/** What the time line says, compared with the present now and then, and how far it is read. */
function createReading(deps: NotifierDeps, begin: number | undefined) {
  const { outbox, store, clock, present, presentJobs } = deps;
  let timeLine: TimeLine | undefined;
  let stored = begin;
  let storedAt = clock.monotonic();
  let comparedAt = Number.NEGATIVE_INFINITY;
  const lost = (words: string): void => {
    const message = `notifications: ${words}; what is in trouble now is compared instead`;
    const base = { time: clock.micros(), service: '', life: '', sender: 'notify' } as const;
    deps.records([{ ...base, kind: 'note', level: LEVELS.warn, message }]);
  };
  const commit = (change: OutboxChange, cursor: number): void => {
    outbox.commit({ ...change, cursor });
    stored = cursor;
    storedAt = clock.monotonic();
  };

  return {
    takeInto(draft: Draft): Read {
      timeLine ??= openTimeLine(store, begin, lost);
      const { records, cursor, isEnd } = timeLine.read();
      for (const record of records)
        for (const incident of takeRecord(draft.open, record, outbox.newId)) draft.put(incident);
      const isDue = clock.monotonic() - comparedAt >= COMPARE_MS;
      const presents = isEnd && isDue ? present() : undefined;
      if (presents === undefined) return { cursor, isEnd, isCompared: false };
      for (const incident of reconcile(draft.open, presents, clock.now(), outbox.newId, presentJobs?.()))
        draft.put(incident);
      return { cursor, isEnd, isCompared: true };
    },
    /** Stores what follows from what was read. A cursor that only passed log lines can wait for a while. */
    store(change: OutboxChange, { cursor, isCompared }: Read): void {
      const { incidents = [], tellings = [], plans = [] } = change;
      const isNews = incidents.length + tellings.length + plans.length > 0;
      const isStale = cursor !== stored && clock.monotonic() - storedAt >= CURSOR_MS;
      if (isNews || isStale || stored === undefined) commit(change, cursor);
      timeLine?.taken(cursor);
      if (isCompared) comparedAt = clock.monotonic();
    },
    close(): void {
      const cursor = timeLine?.cursor();
      if (cursor !== undefined && cursor !== stored) commit({}, cursor);
    },
  };
}

function situationOf(
  draft: Draft,
  { channels }: NotifierSettings,
  { outbox, policyOf, silenceOf, needsOf }: NotifierDeps,
): Situation {
  const all = [...draft.incidents.values()];
  const byService = Map.groupBy(all, ({ service }) => service);
  let pending: Set<string> | undefined;
  const readPending = (): Set<string> =>
    new Set(
      [...channels.keys()].flatMap((channel) =>
        outbox
          .pending(channel)
          .flatMap(({ entries }) => entries.map(({ incident }) => `${channel}\0${incident}`)),
      ),
    );
  return {
    incidents: all.filter(({ settled }) => !settled),
    tellings: draft.tellings,
    isPending: (incident, channel) => (pending ??= readPending()).has(`${channel}\0${incident}`),
    channels,
    policyOf,
    silenceOf,
    needsOf,
    incidentsOf: (service) => byService.get(service) ?? [],
  };
}

type Known = (id: string) => Incident | undefined;

/** News, folded into what waits; each new row with a title for lists: the message itself is composed when it is sent. */
function foldInto(
  channel: string,
  pending: readonly OutboxRow[],
  news: readonly Entry[],
  incidentOf: Known,
  { outbox, host, clock }: NotifierDeps,
): FoldPlan {
  const now = clock.now();
  const { newId, nextPlace } = outbox;
  const plan = fold(pending, news, { channel, now, incidentOf, newId, nextPlace });
  const rows = plan.rows.map((row) => ({ ...row, title: titleOf(saidBy(row, { incidentOf }), host, now) }));
  return { ...plan, rows };
}

/** What the time line hears: the messages that have something new to say. */
function told(
  plans: readonly FoldPlan[],
  entries: ReadonlyMap<string, readonly Entry[]>,
  incidentOf: Known,
  at: number,
): readonly RecordDraft[] {
  return plans
    .flatMap(({ rows }) => rows)
    .filter((row) => {
      const news = new Set((entries.get(row.channel) ?? []).map(({ incident }) => incident));
      return row.entries.some(({ incident }) => news.has(incident));
    })
    .map((row) => {
      const services = new Set(row.entries.flatMap(({ incident }) => incidentOf(incident)?.service ?? []));
      return notificationRecord(row, [...services], at);
    });
}
