import { join } from 'node:path';
import { readContent } from '../../files/content.ts';
import { type Course, lookOf } from './course.ts';
import type { HistoryRow } from './history-tables.ts';
import type { Candidate } from './selection.ts';
import { PUBLISH_DEFAULTS } from './options.ts';

/** How a file stands before a run does anything about it. */
export type Standing =
  /** It is to be published, for the first time or again after it failed. */
  | { readonly kind: 'open'; readonly row: HistoryRow | undefined; readonly hasFailed: boolean }
  /** There is nothing to do about it. */
  | { readonly kind: 'done' }
  /** It was published with another content. */
  | {
      readonly kind: 'changed';
      readonly row: HistoryRow;
      readonly sha256: string;
      /** It was tried with this very content. */
      readonly hasFailed: boolean;
    };

const OPEN = (row: HistoryRow | undefined, hasFailed = false): Standing => ({ kind: 'open', row, hasFailed });
const DONE: Standing = { kind: 'done' };

/** Rejects as `readContent` does: a file is read only where size or time differ from what the history has. */
export async function standingOf(course: Course, candidate: Candidate): Promise<Standing> {
  const row = course.history.all.get(candidate.path);
  if (row === undefined) return OPEN(undefined);
  switch (row.state) {
    case 'begun':
    case 'error':
      return OPEN(row, row.attempts > 0);
    case 'blacklisted':
      return OPEN(row);
    case 'quarantined': {
      const allowed = course.options.conflict?.supplements ?? PUBLISH_DEFAULTS.supplements;
      const isStill = allowed <= row.supplement && (await contentOf(course, candidate, row)).isSame;
      return isStill ? DONE : OPEN(row);
    }
    case 'ignored':
    case 'published':
    case 'supplement': {
      const { isSame, sha256 } = await contentOf(course, candidate, row);
      if (isSame) return DONE;
      if (row.state === 'ignored') return OPEN(row);
      return { kind: 'changed', row, sha256, hasFailed: row.changedTo === sha256 };
    }
  }
}

/** Whether a file still has the content that the history has of it; where it has not, its checksum. */
async function contentOf(
  { root, history, files, signal }: Course,
  candidate: Candidate,
  row: HistoryRow,
): Promise<{ readonly isSame: boolean; readonly sha256: string }> {
  const { path, bytes, mtimeNs, sha256 } = candidate;
  const same = { isSame: true, sha256: row.sha256 ?? '' };
  if (sha256 !== undefined && row.sha256 !== null)
    return sha256 === row.sha256 ? same : { isSame: false, sha256 };
  if (row.bytes === bytes && row.mtimeNs === mtimeNs) return same;
  const isUnknown = row.sha256 === null && row.bytes === null && row.mtimeNs === null;
  if (row.changedTo !== null && row.changedLook === lookOf(candidate))
    return { isSame: false, sha256: row.changedTo };
  // Another system published it, and told nothing of what that was: it is taken for what lies here now.
  if (isUnknown) history.later(row.id, { bytes, mtimeNs, ...(sha256 === undefined ? {} : { sha256 }) });
  if (isUnknown) return same;
  const read = sha256 ?? (await readContent(join(root, path), signal, files)).sha256;
  if (read !== row.sha256) return { isSame: false, sha256: read };
  history.later(row.id, { bytes, mtimeNs });
  return same;
}
