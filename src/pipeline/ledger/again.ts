import { type Database, number, transaction } from '../../core/sqlite.ts';
import { forService } from './aside.ts';
import { giveFiles, settleRoot } from './making.ts';
import { FILE, FILE_COLUMNS, NEWEST_OF_NAME, readInboxFile } from './rows.ts';
import type { InboxFile, TaskDraft } from './types.ts';

/** Files of inboxes that failed before there was a task for them: another content under a known name, a group without all members. */
export interface AgainLedger {
  /** Lets them go on, in one transaction; answers with how many those were. One for which there is no draft is ignored from then on. */
  again(
    files: readonly { readonly id: number; readonly drafts: readonly TaskDraft[] }[],
    now: number,
  ): Promise<number>;
}

const UNTASKED = `kind = 'inbox' AND state = 'failed'
  AND NOT EXISTS (SELECT 1 FROM task_root WHERE task_root.root = file.id)
  AND ${NEWEST_OF_NAME}`;

export function untaskedFiles(
  db: Database,
  ids: readonly number[] | undefined,
  limit: number,
): readonly InboxFile[] {
  const sql = `SELECT ${FILE_COLUMNS} FROM file WHERE ${UNTASKED}
    AND (?1 IS NULL OR id IN (SELECT value FROM json_each(?1))) ORDER BY id LIMIT ?2`;
  return db.all(FILE, sql, [ids === undefined ? null : JSON.stringify(ids), limit]).map(readInboxFile);
}

export function againLedger(db: Database): AgainLedger {
  return {
    again: async (files, now) =>
      transaction(db, () => {
        let count = 0;
        forService(db, () => {
          const made = new Set<number>();
          for (const { id, drafts } of files) {
            if (!isUntasked(db, id)) continue;
            count++;
            for (const task of goOn(db, id, drafts, now)) made.add(task);
          }
          return made;
        });
        return count;
      }),
  };
}

function isUntasked(db: Database, id: number): boolean {
  return db.get({ id: number }, `SELECT id FROM file WHERE id = ? AND ${UNTASKED}`, [id]) !== undefined;
}

/** Answers with the tasks that a file is given to. */
function goOn(db: Database, id: number, drafts: readonly TaskDraft[], now: number): readonly number[] {
  const [state, why] = drafts.length > 0 ? ['ready', null] : ['ignored', 'no step takes it'];
  const ended = drafts.length > 0 ? null : now;
  db.run('UPDATE file SET state = ?, why = ?, ended = ?, settled_at = coalesce(settled_at, ?) WHERE id = ?', [
    state,
    why,
    ended,
    now,
    id,
  ]);
  const tasks = drafts.flatMap((draft) => giveFiles(db, draft, [id], now));
  if (drafts.length > 0) settleRoot(db, id, now);
  return tasks;
}
