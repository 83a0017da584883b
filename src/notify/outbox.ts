import { randomBytes } from 'node:crypto';
import type { Notice } from '../core/channel.ts';
import { ok, type Result } from '../core/result.ts';
import { type Database, type DatabaseError, openDatabase, text, transaction } from '../core/sqlite.ts';
import type { ChannelState } from './channel-state.ts';
import type { FoldPlan } from './fold.ts';
import type { Incident } from './incident.ts';
import { MIGRATIONS } from './outbox-schema.ts';
import { readRow, ROW, type OutboxReader, outboxReader } from './outbox-read.ts';
import type { OutboxRow } from './outbox-row.ts';
import type { Telling } from './telling.ts';

/** What a step of the notifier stores at once: all of it, or, when the process dies, none. */
export interface OutboxChange {
  /** The `seq` up to which the time line is taken. */
  readonly cursor?: number;
  readonly incidents?: readonly Incident[];
  readonly tellings?: readonly Telling[];
  readonly plans?: readonly FoldPlan[];
  readonly channels?: readonly ChannelState[];
  /** Kept where none is yet. */
  readonly threads?: readonly Thread[];
}

/** The first delivered notice of an incident in a channel. */
export interface Thread {
  readonly incident: string;
  readonly channel: string;
  readonly thread: string;
}

/** What the notifier must still know after it was killed. */
export interface OutboxMemory {
  /** Undefined in a new file. */
  readonly cursor: number | undefined;
  /** Those that are not settled, and those that ended since `recently`. */
  readonly incidents: readonly Incident[];
  /** Of the incidents that are not settled. */
  readonly tellings: readonly Telling[];
  readonly channels: readonly ChannelState[];
}

/** The messages that are to be delivered, and everything that decides about them. Durable whenever a method returns. */
export interface Outbox extends OutboxReader {
  load(recently: number): OutboxMemory;
  /** An id that nothing else has, in this outbox or another one. Kept from being given again by the next `commit`. */
  newId(): string;
  nextPlace(): number;
  commit(change: OutboxChange): void;
  /** Says before a try that the far side may have it from now on; answers with the row as it is then. */
  beginTry(row: OutboxRow, notice: Notice): OutboxRow;
  /** What was refused is tried again now. */
  hurry(channel: string): void;
  /** What came of a try, or of a person's word. */
  update(row: OutboxRow, change: OutboxChange): void;
  /** Forgets what was delivered, or is settled, longer ago; and more than `most` messages. */
  prune(before: number, most: number): number;
  close(): void;
}

/** Opens or makes an outbox in one SQLite file. Errors: as `openDatabase`. */
export function openOutbox(path: string): Result<Outbox, DatabaseError> {
  const opened = openDatabase(path, { migrations: MIGRATIONS, synchronous: 'full', name: 'the outbox' });
  return opened.ok ? ok(createOutbox(opened.value)) : opened;
}

/** The outbox on an open database; `openOutbox` is the way in, this one is for tests that hinder the database. */
export function createOutbox(db: Database): Outbox {
  const instance = transaction(db, () => {
    db.run("INSERT OR IGNORE INTO meta VALUES ('instance', ?)", [randomBytes(4).toString('hex')]);
    return metaText(db, 'instance') ?? '';
  });
  let counter = Number(metaText(db, 'counter') ?? 0);
  const write = (change: OutboxChange): void => {
    writeChange(db, change);
    setMeta(db, 'counter', counter);
  };
  const reader = outboxReader(db);
  return {
    ...reader,
    load: (recently) => load(db, recently),
    newId: () => `${instance}-${(counter += 1)}`,
    nextPlace: () => (counter += 1),
    commit: (change) => transaction(db, () => write(change)),
    beginTry(row, notice) {
      // What the last process was trying when it died may have arrived.
      const unsure = row.unsure || row.trying;
      const tried: OutboxRow = { ...row, notice, tries: row.tries + 1, trying: true, unsure };
      transaction(db, () => saveRow(db, tried));
      return tried;
    },
    hurry: (channel) =>
      transaction(db, () => {
        for (const row of reader.pending(channel))
          if (row.notBefore > 0) saveRow(db, { ...row, notBefore: 0 });
      }),
    update: (row, change) =>
      transaction(db, () => {
        saveRow(db, row);
        write(change);
      }),
    prune: (before, most) => transaction(db, () => prune(db, before, most)),
    close: () => db.close(),
  };
}

function metaText(db: Database, key: string): string | undefined {
  return db.get({ value: text }, 'SELECT value FROM meta WHERE key = ?', [key])?.value;
}

function setMeta(db: Database, key: string, value: number): void {
  db.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', [key, String(value)]);
}

function load(db: Database, recently: number): OutboxMemory {
  const cursor = metaText(db, 'cursor');
  const bodies = <T>(sql: string, parameters: readonly number[] = []): T[] =>
    db.all({ body: text }, sql, parameters).map(({ body }) => JSON.parse(body) as T);
  return {
    cursor: cursor === undefined ? undefined : Number(cursor),
    incidents: bodies('SELECT body FROM incident WHERE settled = 0 OR until >= ? ORDER BY since, id', [
      recently,
    ]),
    tellings: bodies(
      'SELECT t.body AS body FROM telling t JOIN incident i ON i.id = t.incident WHERE i.settled = 0',
    ),
    channels: bodies('SELECT body FROM channel'),
  };
}

function writeChange(db: Database, change: OutboxChange): void {
  const { cursor, incidents = [], tellings = [], plans = [], channels = [], threads = [] } = change;
  if (cursor !== undefined) setMeta(db, 'cursor', cursor);
  for (const incident of incidents) {
    const { id, service, since, until, settled } = incident;
    db.run('INSERT OR REPLACE INTO incident VALUES (?, ?, ?, ?, ?, ?)', [
      id,
      service,
      since,
      until,
      settled ? 1 : 0,
      JSON.stringify(incident),
    ]);
  }
  for (const telling of tellings)
    db.run('INSERT OR REPLACE INTO telling VALUES (?, ?, ?)', [
      telling.incident,
      telling.channel,
      JSON.stringify(telling),
    ]);
  for (const channel of channels)
    db.run('INSERT OR REPLACE INTO channel VALUES (?, ?)', [channel.name, JSON.stringify(channel)]);
  for (const { incident, channel, thread } of threads)
    db.run('INSERT OR IGNORE INTO thread VALUES (?, ?, ?)', [incident, channel, thread]);
  for (const plan of plans) writePlan(db, plan);
}

function writePlan(db: Database, { rows, folded, moved }: FoldPlan): void {
  for (const row of rows) saveRow(db, row);
  for (const { id, into } of folded)
    editRow(db, id, (row) => ({ ...row, state: 'folded', foldedInto: into }));
  for (const { id, place } of moved) editRow(db, id, (row) => ({ ...row, place }));
}

function editRow(db: Database, id: string, edit: (row: OutboxRow) => OutboxRow): void {
  const found = db.get(ROW, 'SELECT body FROM outbox WHERE id = ?', [id]);
  if (found !== undefined) saveRow(db, edit(readRow(found)));
}

function saveRow(db: Database, row: OutboxRow): void {
  const { id, channel, state, place, at } = row;
  const sql =
    'INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, place = excluded.place, body = excluded.body';
  db.run(sql, [id, channel, state, place, at, JSON.stringify(row)]);
}

/** What waits stays, however old; and so do the incidents that it tells of. */
function prune(db: Database, before: number, most: number): number {
  const old = db.run("DELETE FROM outbox WHERE state <> 'pending' AND at < ?", [before]);
  const many = db.run(
    "DELETE FROM outbox WHERE state <> 'pending' AND id NOT IN (SELECT id FROM outbox ORDER BY at DESC, place DESC LIMIT ?)",
    [most],
  );
  const told =
    "SELECT json_extract(e.value, '$.incident') FROM outbox o, json_each(o.body, '$.entries') e WHERE o.state = 'pending'";
  db.run(
    `DELETE FROM incident WHERE settled = 1 AND id NOT IN (${told}) AND (until < ? OR id NOT IN (SELECT id FROM incident ORDER BY since DESC LIMIT ?))`,
    [before, most],
  );
  for (const table of ['telling', 'thread'])
    db.run(`DELETE FROM ${table} WHERE incident NOT IN (SELECT id FROM incident)`);
  return old + many;
}
