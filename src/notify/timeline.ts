import type { RecordStore, StoredRecord } from '../core/record.ts';
import { INTAKE_KINDS } from './intake.ts';

/** Records that are taken in one step. */
const BATCH = 500;

/** How far the notifier has read the time line. */
export interface TimeLine {
  /** What comes next, oldest first, and how far that reaches; no more than a step can take. */
  read(): { readonly records: readonly StoredRecord[]; readonly cursor: number; readonly isEnd: boolean };
  /** What is read counts as taken. */
  taken(cursor: number): void;
  /** What was taken last. */
  cursor(): number;
}

/**
 * Goes on from a stored cursor. Without one it begins at the end: what was before anybody wanted to hear of it is not told.
 * @param lost told, in words, where records went before they were read.
 */
export function openTimeLine(
  store: Pick<RecordStore, 'query'>,
  stored: number | undefined,
  lost: (words: string) => void,
): TimeLine {
  let cursor = beginOf(store, stored, lost);
  return {
    read() {
      const end = newestOf(store);
      const records = store.query({ after: cursor, kinds: INTAKE_KINDS, take: 'oldest', limit: BATCH });
      const isEnd = records.length < BATCH;
      const last = records.at(-1)?.seq ?? cursor;
      return { records, cursor: isEnd ? Math.max(end, last) : last, isEnd };
    },
    taken(next) {
      cursor = next;
    },
    cursor: () => cursor,
  };
}

function newestOf(store: Pick<RecordStore, 'query'>): number {
  return store.query({ take: 'newest', limit: 1 })[0]?.seq ?? 0;
}

function beginOf(
  store: Pick<RecordStore, 'query'>,
  stored: number | undefined,
  lost: (words: string) => void,
): number {
  const newest = newestOf(store);
  if (stored === undefined) return newest;
  if (newest < stored) {
    if (newest > 0)
      lost(
        `the time line ends at record ${newest}, before record ${stored}, which was read already: it was replaced`,
      );
    return newest;
  }
  const oldest = store.query({ take: 'oldest', limit: 1 })[0]?.seq ?? newest + 1;
  if (oldest > stored + 1) lost(`records ${stored + 1} to ${oldest - 1} went before they were read`);
  return stored;
}
