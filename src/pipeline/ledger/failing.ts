import { type Database, nullable, number, text } from '../../core/sqlite.ts';
import { NEWEST_OF_NAME } from './rows.ts';

/** A file of an inbox that failed, or a part of what was made of it. */
export interface FailedFile {
  readonly id: number;
  readonly origin: string;
  readonly path: string;
  /** `STEP: why`, or why it never came to a step. */
  readonly why: string | null;
  /** Since when it is failed, whatever else was done of it later: wall milliseconds. */
  readonly ended: number;
}

/** What is failed now. */
export interface Failing {
  /** Whether the newest content of some name is. */
  readonly isBad: boolean;
  /** What failed since it was last asked, the oldest first; not those that are done again. */
  readonly news: readonly FailedFile[];
  /** Files that were failed, and are done again now, or have another content that is on its way. */
  readonly again: number;
}

export interface FailingQuery {
  /** The last failure that is known: when, and of which file. */
  readonly ended: number;
  readonly id: number;
  /** Files that were failed, of which is asked whether they are done again. */
  readonly files: readonly number[];
  /** Failures in one answer, the oldest. */
  readonly most: number;
}

const BAD = `state IN ('failed', 'partial', 'parked')`;

/** What people are told of. */
export function failingNow(db: Database, { ended, id, files, most }: FailingQuery): Failing {
  // Not as `file_tally` counts: a content that another one has taken the place of stays failed until it is forgotten.
  const bad = db.get(
    { id: number },
    `SELECT id FROM file INDEXED BY file_state WHERE kind = 'inbox' AND ${BAD} AND ${NEWEST_OF_NAME} LIMIT 1`,
  );
  const shape = { id: number, origin: text, path: text, why: nullable(text), ended: number };
  const news = db.all(
    shape,
    `SELECT id, origin, path, why, failed_at AS ended FROM file INDEXED BY file_failed WHERE failed_at IS NOT NULL
     AND failed_at >= ? AND (failed_at > ? OR id > ?) AND ${BAD} ORDER BY failed_at, id LIMIT ?`,
    [ended, ended, id, most],
  );
  const again = db.get(
    { count: number },
    `SELECT count(*) AS count FROM json_each(?) JOIN file AS known ON known.id = value
     JOIN file ON file.kind = 'inbox' AND file.origin = known.origin AND file.path = known.path AND file.rev >= known.rev
     WHERE file.state IN ('seen', 'settling', 'waiting', 'ready')`,
    [JSON.stringify(files)],
  );
  return { isBad: bad !== undefined, news, again: again?.count ?? 0 };
}
