import type { NoticeEvent } from '../core/channel.ts';
import { type Incident, subjectName } from './incident.ts';
import { addOlder, mergeOlder } from './older.ts';
import { type Folded, newRow, type OutboxRow } from './outbox-row.ts';
import type { Entry, EntryEvent } from './telling.ts';

/** Messages that the far side refused, or that some recipients have, are tried one by one; more than these become one. */
const MOST_APART = 10;
/** A message tells of so many ended outages one by one; of older ones it gives the numbers. */
const MOST_ENDED = 50;

/** What changes in a channel's outbox. */
export interface FoldPlan {
  readonly rows: readonly OutboxRow[];
  readonly folded: readonly { readonly id: string; readonly into: string }[];
  /** Rows that go behind what is new. */
  readonly moved: readonly { readonly id: string; readonly place: number }[];
}

export interface FoldContext {
  readonly channel: string;
  readonly now: number;
  incidentOf(id: string): Incident | undefined;
  newId(): string;
  nextPlace(): number;
}

type Entries = Map<string, EntryEvent>;

/**
 * Brings news into what a channel has not got yet, so that it never has more to say than one message of what is in trouble and
 * one of what is over, however long it is dead: an outage that ends before it was delivered becomes one message that says both.
 * What the far side may have already (a try whose outcome is not known) is left as it is. Pure but for the ids it takes.
 * @param pending the rows of the channel that wait, in their order.
 */
export function fold(pending: readonly OutboxRow[], news: readonly Entry[], context: FoldContext): FoldPlan {
  const free = foldable(pending, news);
  const troubleRows = free.filter((row) => row.class === 'trouble');
  const recoveryRows = free.filter((row) => row.class === 'recovery');
  const { trouble, recovery } = merge(troubleRows, recoveryRows, news);
  const ended = shorten(recovery, mergeOlder(recoveryRows.flatMap(({ older }) => older)), context);

  const rows: OutboxRow[] = [];
  const keptRecovery = kept(recoveryRows, ended.entries);
  const bringsBoth = [...recovery.values()].includes('both');
  if (keptRecovery === undefined && (ended.entries.length > 0 || ended.older.length > 0)) {
    const before = bringsBoth ? free : recoveryRows;
    rows.push(rowOf({ class: 'recovery', event: 'recovery', ...ended }, before, context));
  }
  const entries = entriesOf(trouble);
  const keptTrouble = kept(troubleRows, entries);
  if (keptTrouble === undefined && entries.length > 0)
    rows.push(rowOf({ class: 'trouble', event: eventOf(entries), entries, older: [] }, troubleRows, context));

  const intoRecovery = rows.find((row) => row.class === 'recovery') ?? keptRecovery;
  const intoTrouble = rows.find((row) => row.class === 'trouble') ?? keptTrouble ?? intoRecovery;
  // What is in trouble now is newer than what is over: it must be the last word.
  const isOvertaken = keptTrouble !== undefined && rows.length > 0;
  return {
    rows,
    folded: [...goneInto(recoveryRows, intoRecovery), ...goneInto(troubleRows, intoTrouble)],
    moved: isOvertaken ? [{ id: keptTrouble.id, place: context.nextPlace() }] : [],
  };
}

/**
 * The rows that may change: nobody has them. Those apart only where they are many; a refused one also where it says what is not so
 * any more.
 */
function foldable(pending: readonly OutboxRow[], news: readonly Entry[]): readonly OutboxRow[] {
  const own = pending.filter((row) => (row.class === 'trouble' || row.class === 'recovery') && !row.trying);
  const mayBeThere = ({ unsure, taken }: OutboxRow): boolean => unsure || taken.length > 0;
  const isApart = (row: OutboxRow): boolean => row.refused || mayBeThere(row);
  const isMany = own.filter(isApart).length > MOST_APART;
  const ended = new Set(news.filter(({ event }) => isEnd(event)).map(({ incident }) => incident));
  const isObsolete = (row: OutboxRow): boolean =>
    !mayBeThere(row) && row.entries.some(({ incident }) => ended.has(incident));
  return own.filter((row) => isMany || !isApart(row) || isObsolete(row));
}

function isEnd(event: EntryEvent): boolean {
  return event === 'recovery' || event === 'both';
}

function merge(
  troubleRows: readonly OutboxRow[],
  recoveryRows: readonly OutboxRow[],
  news: readonly Entry[],
): { readonly trouble: Entries; readonly recovery: Entries } {
  const trouble: Entries = new Map();
  const recovery: Entries = new Map();
  for (const { incident, event } of [...troubleRows, ...recoveryRows]
    .flatMap((row) => row.entries)
    .concat(news)) {
    const into = isEnd(event) ? recovery : trouble;
    // What was never heard of is news, whatever came after.
    if (into.get(incident) !== 'outage' && into.get(incident) !== 'both') into.set(incident, event);
  }
  for (const [incident, event] of trouble) {
    if (!recovery.has(incident)) continue;
    trouble.delete(incident);
    if (event === 'outage') recovery.set(incident, 'both');
  }
  return { trouble, recovery };
}

function entriesOf(entries: Entries): Entry[] {
  return [...entries].map(([incident, event]) => ({ incident, event }));
}

/** Gives only the numbers of the oldest where they are many. */
function shorten(
  recovery: Entries,
  older: readonly Folded[],
  { incidentOf }: FoldContext,
): { readonly entries: readonly Entry[]; readonly older: readonly Folded[] } {
  const entries = entriesOf(recovery);
  if (entries.length <= MOST_ENDED) return { entries, older };
  const endOf = ({ incident }: Entry): number => incidentOf(incident)?.until ?? 0;
  const byEnd = entries.toSorted((a, b) => endOf(a) - endOf(b));
  const gone = byEnd.slice(0, -MOST_ENDED).flatMap(({ incident }) => incidentOf(incident) ?? []);
  const numbers = gone.map((incident): Folded => {
    const until = incident.until ?? incident.since;
    const { service, since } = incident;
    return { service, subject: subjectName(incident), count: 1, since, until, downMs: until - since };
  });
  return { entries: byEnd.slice(-MOST_ENDED), older: numbers.reduce(addOlder, older) };
}

/** The row that says just this already. */
function kept(rows: readonly OutboxRow[], entries: readonly Entry[]): OutboxRow | undefined {
  const [only, ...more] = rows;
  if (only === undefined || more.length > 0) return undefined;
  return JSON.stringify(only.entries) === JSON.stringify(entries) ? only : undefined;
}

function eventOf(entries: readonly Entry[]): NoticeEvent {
  const has = (wanted: EntryEvent): boolean => entries.some(({ event }) => event === wanted);
  return has('outage') ? 'outage' : has('update') ? 'update' : 'repeat';
}

function rowOf(
  said: Pick<OutboxRow, 'class' | 'event' | 'entries' | 'older'>,
  before: readonly OutboxRow[],
  { channel, now, newId, nextPlace }: FoldContext,
): OutboxRow {
  const dueAt = Math.min(now, ...before.map((row) => row.dueAt));
  const error = before.at(-1)?.error ?? '';
  return newRow({ id: newId(), channel, place: nextPlace(), at: now, ...said, dueAt, error });
}

function goneInto(
  rows: readonly OutboxRow[],
  into: OutboxRow | undefined,
): readonly { readonly id: string; readonly into: string }[] {
  if (into === undefined) return [];
  return rows.flatMap(({ id }) => (id === into.id ? [] : [{ id, into: into.id }]));
}
