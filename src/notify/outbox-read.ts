import { ok, type Result } from '../core/result.ts';
import { type Database, type DatabaseError, openDatabaseReadOnly, text } from '../core/sqlite.ts';
import type { ChannelState } from './channel-state.ts';
import type { Incident } from './incident.ts';
import { MIGRATIONS } from './outbox-schema.ts';
import type { OutboxRow } from './outbox-row.ts';
import type { Telling } from './telling.ts';

export const ROW = { body: text } as const;

export function readRow({ body }: { readonly body: string }): OutboxRow {
  return JSON.parse(body) as OutboxRow;
}

/** What can be asked of an outbox, beside its writer or without it. */
export interface OutboxReader {
  /** What waits in a channel, in its order. */
  pending(channel: string): readonly OutboxRow[];
  /** The channels that something waits in, those that are not in the config any more among them. */
  waitingChannels(): readonly string[];
  row(id: string): OutboxRow | undefined;
  /** The newest messages, newest first. */
  newest(most: number, pendingOnly: boolean): readonly OutboxRow[];
  incident(id: string): Incident | undefined;
  /** Open incidents, oldest first. */
  open(): readonly Incident[];
  /** Those that lasted at some time since then, newest first. */
  incidentsSince(since: number, most: number): readonly Incident[];
  tellings(incident: string): readonly Telling[];
  /** The id of the first notice of an incident that a channel took. */
  thread(incident: string, channel: string): string | undefined;
  channels(): readonly ChannelState[];
}

export function outboxReader(db: Database): OutboxReader {
  const rows = (sql: string, parameters: readonly (string | number)[] = []): OutboxRow[] =>
    db.all(ROW, sql, parameters).map(readRow);
  const bodies = <T>(sql: string, parameters: readonly (string | number)[] = []): T[] =>
    db.all(ROW, sql, parameters).map(({ body }) => JSON.parse(body) as T);
  return {
    pending: (channel) =>
      rows("SELECT body FROM outbox WHERE state = 'pending' AND channel = ? ORDER BY place", [channel]),
    waitingChannels: () =>
      db
        .all({ channel: text }, "SELECT DISTINCT channel FROM outbox WHERE state = 'pending'")
        .map(({ channel }) => channel),
    row: (id) => rows('SELECT body FROM outbox WHERE id = ?', [id])[0],
    newest: (most, pendingOnly) =>
      rows(
        `SELECT body FROM outbox ${pendingOnly ? "WHERE state = 'pending' " : ''}ORDER BY at DESC, place DESC LIMIT ?`,
        [most],
      ),
    incident: (id) => bodies<Incident>('SELECT body FROM incident WHERE id = ?', [id])[0],
    open: () => bodies('SELECT body FROM incident WHERE settled = 0 AND until IS NULL ORDER BY since, id'),
    incidentsSince: (since, most) =>
      bodies('SELECT body FROM incident WHERE until IS NULL OR until >= ? ORDER BY since DESC LIMIT ?', [
        since,
        most,
      ]),
    tellings: (incident) =>
      bodies('SELECT body FROM telling WHERE incident = ? ORDER BY channel', [incident]),
    thread: (incident, channel) =>
      db.get({ thread: text }, 'SELECT thread FROM thread WHERE incident = ? AND channel = ?', [
        incident,
        channel,
      ])?.thread,
    channels: () => bodies('SELECT body FROM channel ORDER BY name'),
  };
}

/** Opens an existing outbox for queries alone. Errors: as `openDatabaseReadOnly`. */
export function openOutboxReadOnly(path: string): Result<OutboxReader & { close(): void }, DatabaseError> {
  const opened = openDatabaseReadOnly(path, { version: MIGRATIONS.length, name: 'the outbox' });
  if (!opened.ok) return opened;
  return ok({ ...outboxReader(opened.value), close: () => opened.value.close() });
}
