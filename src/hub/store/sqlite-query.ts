import { type Database, nullable, number, type RowOf, text } from '../../core/sqlite.ts';
import type { RecordKind, RecordQuery, StoredRecord } from '../../core/record.ts';

/**
 * Sequence numbers that share one row of `spans`, which knows the earliest and latest event time among them.
 * Sequence and time rise together but for stragglers, so that this little table takes the place of an index on
 * time (which would cost a fifth of the store), and answers still come in the order of `seq`.
 */
export const SPAN = 1024;
export const spanOf = (seq: number): number => Math.floor(seq / SPAN);

const DEFAULT_LIMIT = 100;
const HIGHEST_LIMIT = 10_000;
/** SQLite refuses patterns above 50,000 bytes; nobody searches for that. */
const LONGEST_TEXT = 10_000;
/** Above this many values one scan with a filter is cheaper than a search for each. */
const MOST_SEARCHES = 16;

type Value = string | number;

const ROW = {
  seq: number,
  time: number,
  delay: number,
  agent: text,
  host: text,
  service: text,
  life: text,
  kind: text,
  level: number,
  sender: text,
  message: text,
  fields: nullable(text),
} as const;

/** Sequence numbers, both inclusive. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** One search: a part of the table in the order of `seq`, through an index that has just that part. */
interface Search {
  readonly from: string;
  readonly where: string;
  readonly values: readonly Value[];
}

interface Filter {
  readonly where: string;
  readonly values: readonly Value[];
}

function list(column: string, values: readonly Value[] | undefined): Filter[] {
  if (values === undefined) return [];
  // The plus keeps SQLite from choosing an index by this term.
  return [{ where: `+${column} IN (${values.map(() => '?').join(', ')})`, values }];
}

function filters(query: RecordQuery): Filter[] {
  const found = [
    ...list('service', query.services),
    ...list('kind', query.kinds),
    ...list('sender', query.senders),
  ];
  if (query.since !== undefined) found.push({ where: 'time >= ?', values: [query.since] });
  if (query.until !== undefined) found.push({ where: 'time < ?', values: [query.until] });
  if (query.life !== undefined) found.push({ where: 'life = ?', values: [query.life] });
  if (query.level !== undefined) found.push({ where: '+level >= ?', values: [query.level] });
  if (query.text !== undefined) {
    if (query.text.length > LONGEST_TEXT)
      throw new RangeError(
        `cannot search for a text of ${query.text.length} characters: at most ${LONGEST_TEXT}`,
      );
    const pattern = query.text.replace(/[\\%_]/g, '\\$&');
    found.push({ where: "message LIKE ? ESCAPE '\\'", values: [`%${pattern}%`] });
  }
  return found;
}

/** The narrowest way in. Indices are named, so that a change of SQLite's planner can't make a search slow. */
function searches({ kinds, services, level }: RecordQuery): Search[] {
  const loud = level !== undefined && level >= 13;
  if (kinds !== undefined && !kinds.includes('log')) {
    return kinds.map((kind) => ({
      from: 'INDEXED BY records_kind',
      where: "kind = ? AND kind <> 'log'",
      values: [kind],
    }));
  }
  if (services !== undefined && services.length <= MOST_SEARCHES) {
    const [from, also] = loud
      ? ['INDEXED BY records_loud_service', ' AND level >= 13']
      : ['INDEXED BY records_service', ''];
    return services.map((service) => ({ from, where: `service = ?${also}`, values: [service] }));
  }
  if (loud) return [{ from: 'INDEXED BY records_loud', where: 'level >= 13', values: [] }];
  return [{ from: 'NOT INDEXED', where: 'TRUE', values: [] }];
}

/** The stretches of `seq` that may hold an answer, oldest first. */
function ranges(db: Database, query: RecordQuery): Range[] {
  const from = (query.after ?? 0) + 1;
  const to = (query.before ?? Number.MAX_SAFE_INTEGER) - 1;
  if (query.since === undefined && query.until === undefined) return from <= to ? [{ from, to }] : [];
  const spans = db.all(
    { span: number },
    'SELECT DISTINCT span FROM spans WHERE span BETWEEN ? AND ? AND latest >= ? AND earliest < ? ORDER BY span',
    [
      spanOf(from),
      spanOf(to),
      query.since ?? Number.MIN_SAFE_INTEGER,
      query.until ?? Number.MAX_SAFE_INTEGER,
    ],
  );
  const found: { from: number; to: number }[] = [];
  for (const { span } of spans) {
    const last = found.at(-1);
    if (last !== undefined && last.to === span * SPAN - 1) last.to += SPAN;
    else found.push({ from: span * SPAN, to: span * SPAN + SPAN - 1 });
  }
  return found.map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }));
}

function toRecord({ delay, kind, fields, ...row }: RowOf<typeof ROW>): StoredRecord {
  const record = { ...row, received: row.time + delay, kind: kind as RecordKind };
  return fields === null ? record : { ...record, fields: JSON.parse(fields) as Record<string, unknown> };
}

/** Runs a query. What is read is what this store wrote, so it is checked for its types alone. */
export function selectRecords(db: Database, query: RecordQuery): StoredRecord[] {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1 || limit > HIGHEST_LIMIT)
    throw new RangeError(`cannot take ${limit} records: 1 to ${HIGHEST_LIMIT}`);
  // Nothing is among no values, and SQLite finds no way to look for that in a named index.
  if ([query.services, query.kinds, query.senders].some((values) => values?.length === 0)) return [];
  const newest = (query.take ?? 'newest') === 'newest';
  const order = newest
    ? (a: { seq: number }, b: { seq: number }) => b.seq - a.seq
    : (a: { seq: number }, b: { seq: number }) => a.seq - b.seq;
  const all = filters(query);
  const ways = searches(query);
  const found: RowOf<typeof ROW>[] = [];
  const stretches = ranges(db, query);
  if (newest) stretches.reverse();
  for (const { from, to } of stretches) {
    const left = limit - found.length;
    if (left === 0) break;
    const rows = ways.flatMap((way) =>
      db.all(
        ROW,
        `SELECT seq, time, delay, agent, host, service, life, kind, level, sender, message, fields FROM records ${way.from}
         CROSS JOIN writers ON writers.id = records.writer
         WHERE seq BETWEEN ? AND ? AND ${[way, ...all].map((term) => term.where).join(' AND ')}
         ORDER BY seq ${newest ? 'DESC' : 'ASC'} LIMIT ?`,
        [from, to, ...way.values, ...all.flatMap((filter) => filter.values), left],
      ),
    );
    if (ways.length > 1) rows.sort(order);
    found.push(...rows.slice(0, left));
  }
  if (newest) found.reverse();
  return found.map(toRecord);
}
