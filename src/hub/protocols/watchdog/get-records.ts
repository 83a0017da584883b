import * as v from 'valibot';
import { err, ok, type Result } from '../../../core/result.ts';
import type { HubPage, HubQuery, Place } from '../../blocks/query.ts';
import type { HubRow } from '../../blocks/row.ts';
import { rowToJson } from '../../queries/row-json.ts';
import type { Doors } from '../../server/doors.ts';
import type { Action, ActionAnswer } from '../../server/session.ts';
import type { UploadKind } from './entries.ts';
import { fromOldLevel, isInt4, oldLevelOf } from './levels.ts';
import { answered, invalid, refused, targetOf } from './targets.ts';

/** A page may look for so long; who asks in the old form is answered once, for all that is read in this time. */
const PAGE_MS = 2000;
const OLD_MS = 10_000;
const OLD_ROWS = 10_000;
/** Characters of messages and senders in an answer of the old form. */
const OLD_TEXT = 8 * 1024 * 1024;
const MOST_SECONDS = 10_000_000_000;
const MICROS = 1_000_000;

const TEXT = v.pipe(v.string('is no text'), v.maxLength(512, 'has more than 512 characters'));
const MOMENT = v.pipe(v.number('is no number'), v.safeInteger('is no whole number of microseconds'));
const REQUEST = v.object({
  agent: v.optional(TEXT),
  wdcode: v.optional(TEXT),
  timewindow: v.optional(
    v.pipe(
      v.number('is no number of seconds'),
      v.minValue(0, 'is less than 0 seconds'),
      v.maxValue(MOST_SECONDS, `is more than ${MOST_SECONDS} seconds`),
    ),
  ),
  sender: v.nullish(TEXT),
  level: v.nullish(
    v.pipe(
      v.number('is no number'),
      v.check((value) => isInt4(value), 'is no whole number of 32 bits'),
    ),
  ),
  service: v.optional(TEXT),
  since: v.optional(MOMENT),
  until: v.optional(MOMENT),
  limit: v.optional(
    v.pipe(
      v.number('is no number'),
      v.integer('is no whole number'),
      v.minValue(1, 'is below 1'),
      v.maxValue(10_000, 'is above 10000'),
    ),
  ),
  cursor: v.optional(v.pipe(v.string('is no text'), v.maxLength(100, 'is none of ours'))),
});
type Request = v.InferOutput<typeof REQUEST>;

/** `getLogs` and `getNotifications`. */
export function getRecords(doors: Doors, name: string, kind: UploadKind): Action<Request> {
  const key = kind === 'log' ? 'logs' : 'notifications';
  return {
    name,
    schema: REQUEST,
    async run(request, session): Promise<ActionAnswer> {
      const target = targetOf(session, request);
      if (!target.ok) return refused(target.error);
      const reading = session.version === 1 ? readOld : readPage;
      const read = await reading(doors, target.value, kind, request, session.signal);
      if (!read.ok) return invalid(`cannot use ${name}: ${read.error}`);
      return answered({ [key]: read.value.rows, ...read.value.more });
    },
  };
}

interface Answer {
  readonly rows: readonly unknown[];
  readonly more?: Readonly<Record<string, unknown>>;
}
type Read = Promise<Result<Answer, string>>;

/** Version 2: a page of rows, newest first, and where to go on. */
async function readPage(
  doors: Doors,
  agent: string,
  kind: UploadKind,
  request: Request,
  signal: AbortSignal,
): Read {
  const { timewindow, sender, level, service, since, until, limit = 100, cursor } = request;
  const behind = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && behind === undefined) return err('cursor is none of ours');
  if (level !== undefined && level !== null && (level < 1 || level > 24))
    return err('level is no whole number from 1 to 24');
  if (timewindow !== undefined && since !== undefined) return err('it has both since and timewindow');
  const from = timewindow === undefined ? since : startOf(doors, timewindow);
  const query: HubQuery = {
    agents: [agent],
    kinds: [kind],
    limit,
    ...(from === undefined ? {} : { since: from }),
    ...(until === undefined ? {} : { until }),
    ...(isGiven(sender) ? { senders: [sender] } : {}),
    ...(isGiven(level) ? { levelAtLeast: level } : {}),
    ...(service === undefined ? {} : { services: [service] }),
    ...(behind === undefined ? {} : { behind }),
  };
  const found = await doors.store.newest(query, PAGE_MS, signal);
  if (!found.ok) return found;
  const { rows, next, cut, scanned, of } = found.value;
  return ok({ rows: rows.map(rowToJson), more: { cursor: next && writeCursor(next), cut, scanned, of } });
}

/** Version 1: all of a stretch of time that fits into an answer, newest first, as lists. */
async function readOld(
  doors: Doors,
  agent: string,
  kind: UploadKind,
  request: Request,
  signal: AbortSignal,
): Read {
  const { timewindow, sender, level } = request;
  if (timewindow === undefined) return err('timewindow is missing');
  const end = doors.clock.monotonic() + OLD_MS;
  const query: HubQuery = {
    agents: [agent],
    kinds: [kind],
    since: startOf(doors, timewindow),
    limit: OLD_ROWS,
    ...(isGiven(sender) ? { senders: [sender] } : {}),
    // Ours do not tell all of theirs apart: what is too much goes by what was given.
    ...(isGiven(level) ? { levelAtLeast: fromOldLevel(level) } : {}),
  };
  const rows: unknown[] = [];
  let text = 0;
  for (let behind: Place | undefined; ; ) {
    const found: Result<HubPage, string> = await doors.store.newest(
      { ...query, ...(behind === undefined ? {} : { behind }) },
      PAGE_MS,
      signal,
    );
    if (!found.ok) return found;
    for (const row of found.value.rows) {
      const old = oldLevelOf(row.level, row.fields);
      if (isGiven(level) && old > level) continue;
      text += row.message.length + row.sender.length;
      if (rows.length === OLD_ROWS || text > OLD_TEXT) return ok({ rows, more: shortened(rows.length) });
      rows.push(tuple(row, kind, old));
    }
    if (found.value.next === null) return ok({ rows });
    if (doors.clock.monotonic() >= end || signal.aborted) return ok({ rows, more: shortened(rows.length) });
    behind = found.value.next;
  }
}

/** Two forms, as they were: logs have no time. */
function tuple({ sender, message, time }: HubRow, kind: UploadKind, level: number): readonly unknown[] {
  return kind === 'log' ? [sender, message, level] : [sender, message, level, time / MICROS];
}

function shortened(count: number): Readonly<Record<string, unknown>> {
  return { cut: true, comment: `Only the newest ${count} of them: ask for a shorter timewindow.` };
}

function startOf({ clock }: Doors, seconds: number): number {
  return clock.micros() - Math.round(seconds * MICROS);
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function writeCursor({ time, position }: Place): string {
  return `${time}.${position}`;
}

function readCursor(cursor: string): Place | undefined {
  const [, time, position] = /^(-?\d{1,16})\.(\d{1,16})$/.exec(cursor) ?? [];
  const place = { time: Number(time), position: Number(position) };
  return Number.isSafeInteger(place.time) && Number.isSafeInteger(place.position) ? place : undefined;
}
