import { type Database, number, transaction } from '../../core/sqlite.ts';
import type { Arrival, InboxLedger, Sighting } from './ledger.ts';
import { giveFiles, settleRoot } from './making.ts';
import { FILE, FILE_COLUMNS, readInboxFile } from './rows.ts';
import type { FileIdentity, InboxFile } from './types.ts';

/** States in which a file has not been taken yet: what it looks like may still change. */
const UNSETTLED: readonly string[] = ['seen', 'settling', 'waiting'];
/** Of a walk over all files of an inbox, in one read. */
const PAGE = 1000;

const NEWEST = `SELECT ${FILE_COLUMNS} FROM file WHERE kind = 'inbox' AND origin = ? AND path = ? ORDER BY rev DESC LIMIT 1`;

function newest(db: Database, inbox: string, path: string): InboxFile | undefined {
  const row = db.get(FILE, NEWEST, [inbox, path]);
  return row === undefined ? undefined : readInboxFile(row);
}

export function inboxWrites(db: Database): InboxLedger {
  return {
    async *inboxFiles(inbox) {
      for (let after = ''; ; ) {
        // Of each name the newest: its revisions stand together in the index.
        const rows = db.all(
          FILE,
          `SELECT ${FILE_COLUMNS}, max(rev) FROM file WHERE kind = 'inbox' AND origin = ? AND path > ?
           GROUP BY path ORDER BY path LIMIT ${PAGE}`,
          [inbox, after],
        );
        for (const row of rows) if (row.state !== 'gone') yield readInboxFile(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return;
        after = last.path;
      }
    },
    inboxFile: async (inbox, path) => newest(db, inbox, path),
    async isFirstLook(inbox) {
      const sql = `SELECT id FROM file WHERE kind = 'inbox' AND origin = ? LIMIT 1`;
      return db.get({ id: number }, sql, [inbox]) === undefined;
    },
    sight: async (inbox, sightings, now) =>
      transaction(db, () => sightings.map((sighting) => sight(db, inbox, sighting, now))),
    arrive: async (inbox, arrivals, now) =>
      transaction(db, () => arrivals.map((arrival) => arrive(db, inbox, arrival, now))),
    async gone(ids, now) {
      transaction(db, () => {
        const sql = `UPDATE file SET state = 'gone', ended = ? WHERE id = ? AND state <> 'ready'`;
        for (const id of ids) db.run(sql, [now, id]);
      });
    },
  };
}

function sight(db: Database, inbox: string, sighting: Sighting, now: number): InboxFile {
  const { path, state, due = null, why = null, settledAt = null } = sighting;
  const known = newest(db, inbox, path);
  const id =
    known !== undefined && UNSETTLED.includes(known.state)
      ? look(db, known.id, sighting)
      : insert(db, inbox, sighting, known === undefined ? 0 : known.rev + 1, state, now);
  const ended = state === 'ignored' || state === 'failed' || state === 'done' ? now : null;
  const sql = 'UPDATE file SET state = ?, due = ?, why = ?, settled_at = ?, ended = ? WHERE id = ?';
  db.run(sql, [state, due, why, settledAt, ended, id]);
  return reread(db, id);
}

function arrive(db: Database, inbox: string, arrival: Arrival, now: number): InboxFile {
  const known = newest(db, inbox, arrival.path);
  if (
    known !== undefined &&
    !UNSETTLED.includes(known.state) &&
    known.state !== 'gone' &&
    isSame(known, arrival)
  )
    return known;
  const id =
    known !== undefined && UNSETTLED.includes(known.state)
      ? look(db, known.id, arrival)
      : insert(db, inbox, arrival, known === undefined ? 0 : known.rev + 1, 'ready', now);
  const sql = `UPDATE file SET state = 'ready', due = NULL, why = NULL, settled_at = ?, ended = NULL WHERE id = ?`;
  db.run(sql, [arrival.settledAt, id]);
  for (const draft of arrival.drafts) giveFiles(db, draft, [id], now);
  if (arrival.drafts.length === 0)
    db.run(`UPDATE file SET state = 'ignored', ended = ?, why = 'no step takes it' WHERE id = ?`, [now, id]);
  else settleRoot(db, id, now);
  return reread(db, id);
}

function isSame(a: FileIdentity, b: FileIdentity): boolean {
  if (a.sha256 !== undefined && b.sha256 !== undefined) return a.sha256 === b.sha256;
  return a.size === b.size && a.mtimeNs === b.mtimeNs;
}

function look(db: Database, id: number, { ino, size, mtimeNs, sha256 }: FileIdentity): number {
  const sql = 'UPDATE file SET ino = ?, size = ?, mtime_ns = ?, sha256 = ? WHERE id = ?';
  db.run(sql, [ino, size, mtimeNs, sha256 ?? null, id]);
  return id;
}

function insert(
  db: Database,
  inbox: string,
  { path, ino, size, mtimeNs, sha256 }: FileIdentity & { readonly path: string },
  rev: number,
  state: string,
  now: number,
): number {
  const sql = `INSERT INTO file (kind, origin, path, rev, state, ino, size, mtime_ns, sha256, first_seen)
    VALUES ('inbox', ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`;
  return (
    db.get({ id: number }, sql, [inbox, path, rev, state, ino, size, mtimeNs, sha256 ?? null, now])?.id ?? 0
  );
}

function reread(db: Database, id: number): InboxFile {
  const row = db.get(FILE, `SELECT ${FILE_COLUMNS} FROM file WHERE id = ?`, [id]);
  if (row === undefined) throw new Error(`cannot find file ${id} in the ledger`);
  return readInboxFile(row);
}
