import { type Database, number, transaction } from '../../core/sqlite.ts';
import { inboxReads, newestOf } from './inbox-reads.ts';
import type { Arrival, InboxLedger, Sighting } from './ledger.ts';
import { beginTask, giveFiles, settleRoot } from './making.ts';
import {
  type FileIdentity,
  type InboxFile,
  type InboxFileState,
  isTaken,
  UNSETTLED_STATES,
} from './types.ts';

export function inboxWrites(db: Database): InboxLedger {
  return {
    ...inboxReads(db),
    sight: async (inbox, sightings, now) =>
      transaction(db, () => {
        const known = newestOf(db, inbox, sightings);
        return sightings.map((sighting) => sight(db, inbox, sighting, known, now));
      }),
    arrive: async (inbox, arrivals, now) =>
      transaction(db, () => {
        const known = newestOf(db, inbox, arrivals);
        return arrivals.map((arrival) => arrive(db, inbox, arrival, known, now));
      }),
    async gone(ids, now) {
      transaction(db, () => {
        const sql = `UPDATE file SET state = 'gone', ended = ? WHERE id = ? AND state <> 'ready'`;
        for (const id of ids) db.run(sql, [now, id]);
      });
    },
  };
}

/** The newest revisions under some names, by name; kept up to date as new ones are written. */
type Known = Map<string, InboxFile>;

function sight(db: Database, inbox: string, sighting: Sighting, known: Known, now: number): InboxFile {
  const { state, due = null, why = null, settledAt = null } = sighting;
  const ended = state === 'ignored' || state === 'failed' || state === 'done' ? now : null;
  return put(db, inbox, sighting, { state, due, why, settledAt, ended, open: 0 }, known, now);
}

function arrive(db: Database, inbox: string, arrival: Arrival, known: Known, now: number): InboxFile {
  const { drafts, settledAt } = arrival;
  const before = known.get(arrival.path);
  if (before !== undefined && isTaken(before) && isSame(before, arrival)) {
    // Written anew with what it held: the steps that have yet to take it must know it again.
    if (before.ino !== arrival.ino || before.mtimeNs !== arrival.mtimeNs) look(db, before.id, arrival);
    return before;
  }
  const plain = { due: null, why: null, settledAt, ended: null };
  if (drafts.length === 0) {
    const over = { ...plain, state: 'ignored' as const, why: 'no step takes it', ended: now, open: 0 };
    return put(db, inbox, arrival, over, known, now);
  }
  // A task of one file is whole as it is made: nothing of it has to be looked up, or counted one by one.
  const isAlone = drafts.every(({ most }) => most === 1);
  const ready = { ...plain, state: 'ready' as const, open: isAlone ? drafts.length : 0 };
  const file = put(db, inbox, arrival, ready, known, now);
  if (isAlone) for (const draft of drafts) beginTask(db, draft, file.id, now);
  else {
    for (const draft of drafts) giveFiles(db, draft, [file.id], now);
    settleRoot(db, file.id, now);
  }
  return file;
}

function isSame(a: FileIdentity, b: FileIdentity): boolean {
  if (a.sha256 !== undefined && b.sha256 !== undefined) return a.sha256 === b.sha256;
  return a.size === b.size && a.mtimeNs === b.mtimeNs;
}

function look(db: Database, id: number, { ino, size, mtimeNs, sha256 }: FileIdentity): void {
  const sql = 'UPDATE file SET ino = ?, size = ?, mtime_ns = ?, sha256 = ? WHERE id = ?';
  db.run(sql, [ino, size, mtimeNs, sha256 ?? null, id]);
}

interface Place {
  readonly state: InboxFileState;
  readonly due: number | null;
  readonly why: string | null;
  readonly settledAt: number | null;
  readonly ended: number | null;
  /** How many tasks are made of it. */
  readonly open: number;
}

const UPDATE = `UPDATE file SET ino = ?, size = ?, mtime_ns = ?, sha256 = ?, state = ?, due = ?, why = ?, settled_at = ?, ended = ?,
  failed_at = ?, open = open + ? WHERE id = ?`;
const INSERT = `INSERT INTO file (kind, origin, path, rev, ino, size, mtime_ns, sha256, state, due, why, settled_at, ended, failed_at, open, first_seen)
  VALUES ('inbox', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`;

/** Writes down a file as it is now: what is on its way goes on, everything else is a new revision. */
function put(
  db: Database,
  inbox: string,
  seen: FileIdentity & { readonly path: string },
  { open, ...place }: Place,
  known: Known,
  now: number,
): InboxFile {
  const { path, ino, size, mtimeNs, sha256 } = seen;
  const { state, due, why, settledAt, ended } = place;
  const failedAt = state === 'failed' ? ended : null;
  const words = [ino, size, mtimeNs, sha256 ?? null, state, due, why, settledAt, ended, failedAt, open];
  const before = known.get(path);
  const goesOn = before !== undefined && UNSETTLED_STATES.includes(before.state);
  const rev = before === undefined ? 0 : goesOn ? before.rev : before.rev + 1;
  let id = before?.id;
  if (goesOn) db.run(UPDATE, [...words, before.id]);
  else id = db.get({ id: number }, INSERT, [inbox, path, rev, ...words, now])?.id;
  if (id === undefined) throw new Error(`cannot write ${path} of ${inbox} into the ledger`);
  const identity = { path, ino, size, mtimeNs, ...(sha256 === undefined ? {} : { sha256 }) };
  const firstSeen = goesOn ? before.firstSeen : now;
  const file: InboxFile = { kind: 'inbox', id, origin: inbox, rev, firstSeen, ...identity, ...place };
  known.set(path, file);
  return file;
}
