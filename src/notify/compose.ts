import type { Notice, NoticeItem } from '../core/channel.ts';
import { approximateDuration } from '../core/durations.ts';
import { LEVELS, type RecordStore, type StoredRecord } from '../core/record.ts';
import { DatabaseError } from '../core/sqlite.ts';
import { cutText, type Incident, subjectName } from './incident.ts';
import type { Folded, OutboxRow } from './outbox-row.ts';
import { listNames, type Said, titleOf } from './wording.ts';

/** One message tells of so many incidents in full; of the others it gives the names. */
const MOST_ITEMS = 50;
const TAIL_LINES = 20;

export interface ComposeContext {
  readonly host: string;
  readonly now: number;
  /** Where the last lines of a life, and its end, are looked up. */
  readonly store: Pick<RecordStore, 'query'>;
  incidentOf(id: string): Incident | undefined;
  /** The first notice of an incident that the channel took. */
  threadOf(incident: string): string | undefined;
  /** What happens next to a service in trouble, in words; empty where nothing is known. */
  nextOf(service: string, watch: string): string;
}

/** What a row tells of, as far as it is still known. */
export function saidBy(
  { entries }: OutboxRow,
  { incidentOf }: Pick<ComposeContext, 'incidentOf'>,
): readonly Said[] {
  return entries.flatMap(({ incident: id, event }) => {
    const incident = incidentOf(id);
    return incident === undefined ? [] : [{ incident, event }];
  });
}

/** The message of a row, as it is at its first try: what was done and said until then is in it. */
export function compose(row: OutboxRow, context: ComposeContext): Notice {
  const { host, now, threadOf } = context;
  // What is told as lasting is told as lasting: its end is the next message's.
  const lasts = row.class === 'trouble';
  const said = saidBy(row, context)
    .map((each) => (lasts ? { ...each, incident: { ...each.incident, until: null } } : each))
    .toSorted((a, b) => b.incident.level - a.incident.level || a.incident.since - b.incident.since);
  const full = said.slice(0, MOST_ITEMS).map(({ incident, event }) => {
    const end = lastExit(incident, context);
    const explained =
      end === undefined ? incident : { ...incident, reason: cutText(`${incident.reason}: ${end.message}`) };
    return { incident: explained, event, end };
  });
  const rest = said.slice(MOST_ITEMS).map(({ incident }) => `${incident.service} ${subjectName(incident)}`);
  const thread =
    said.map(({ incident: { id } }) => threadOf(id)).find((each) => each !== undefined) ?? row.id;
  const base = { id: row.id, thread, event: row.event, host, at: row.at, dueAt: null, triedAt: now };
  return {
    ...base,
    title:
      said.length > 0
        ? titleOf([...full, ...said.slice(MOST_ITEMS)], host, now)
        : olderTitle(row.older, host),
    level: Math.max(LEVELS.info, ...said.map(({ incident }) => incident.level)),
    items: full.map((each) => itemOf(each, each.end, context)),
    lines: [
      ...full.flatMap(({ incident: { service, ending } }) =>
        ending === '' ? [] : [`${service}: ${ending}`],
      ),
      ...(rest.length > 0 ? [`besides: ${listNames(rest, 200)}`] : []),
      ...row.older.map(olderLine),
    ],
    snooze: lasts ? snoozeOf(said) : '',
  };
}

function itemOf(
  { incident, event }: Said,
  end: StoredRecord | undefined,
  context: ComposeContext,
): NoticeItem {
  const { id, service, watch, state, level, since, until, value, reason, deeds, nextStartAt } = incident;
  const { now, nextOf } = context;
  const isDue = nextStartAt !== null && nextStartAt > now;
  const next =
    nextOf(service, watch) || (isDue ? `next start at ${new Date(nextStartAt).toISOString()}` : '');
  return {
    id,
    service,
    subject: subjectName(incident),
    state,
    level,
    since,
    until,
    value,
    reason,
    actions: deeds,
    tail: event === 'recovery' ? [] : tailOf(incident, end, context),
    next: until === null ? next : '',
  };
}

/** How the life ended that put a service into its lane, or was its last one. */
function lastExit({ service, kind, state }: Incident, { store }: ComposeContext): StoredRecord | undefined {
  if (kind !== 'lane' && state !== 'done' && state !== 'failed') return undefined;
  return ask(store, { services: [service], kinds: ['exit'], take: 'newest', limit: 1 })[0];
}

function tailOf(
  { service, life }: Incident,
  end: StoredRecord | undefined,
  { store }: ComposeContext,
): readonly string[] {
  const kept = end?.fields?.['tail'];
  if (Array.isArray(kept) && kept.length > 0)
    return kept.map((line) => cutText(String(line))).slice(-TAIL_LINES);
  const ofLife = life === '' ? {} : { life };
  const lines = ask(store, {
    services: [service],
    ...ofLife,
    kinds: ['log'],
    take: 'newest',
    limit: TAIL_LINES,
  });
  return lines.map(({ message }) => cutText(message));
}

/** A message without its last lines is better than none. */
function ask(
  store: ComposeContext['store'],
  query: Parameters<RecordStore['query']>[0],
): readonly StoredRecord[] {
  try {
    return store.query(query);
  } catch (thrown) {
    if (thrown instanceof DatabaseError) return [];
    throw thrown;
  }
}

function snoozeOf(said: readonly Said[]): string {
  const services = new Set(said.map(({ incident }) => incident.service));
  const [service] = services;
  return services.size === 1 && service !== undefined ? `vahti snooze ${service} 2h --why …` : '';
}

function olderTitle(older: readonly Folded[], host: string): string {
  const count = older.reduce((sum, each) => sum + each.count, 0);
  return `${count} older messages of ${host} that could not be delivered`;
}

function olderLine({ service, subject, count, since, until, downMs }: Folded): string {
  const from = new Date(since).toISOString();
  const to = new Date(until).toISOString();
  const what = service === '' ? 'others' : `${service} ${subject}`;
  const down = downMs === 0 ? '' : `, ${approximateDuration(downMs)} in all`;
  return `earlier: ${what}: ${count} times from ${from} to ${to}${down}`;
}
