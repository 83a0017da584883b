import type { Clock } from '../../core/clock.ts';
import type { Failure } from '../ledger/looks.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { reasonOf } from './reasons.ts';

/** What has failed for one reason. */
export interface FailureGroup {
  /** The step, or the inbox where it failed before its first step. */
  readonly of: string;
  readonly reason: string;
  readonly count: number;
  /** When the last of them failed. Wall milliseconds. */
  readonly last: number;
}

export interface Failures {
  /** The newest first. */
  readonly groups: readonly FailureGroup[];
  /** Groups that are not shown. */
  readonly more: number;
  /** Files that failed before their first step; of the newest, where it is cut. Their tasks are not there to be counted. */
  readonly files: number;
  /** Only the newest failures were looked at. */
  readonly cut: boolean;
}

/** Of tasks, and of files. */
const MOST_LOOKED = 10_000;
const MOST_GROUPS = 12;
/** To look takes a 50th of the time at most. */
const SHARE = 50;
/** The stamp of a pipeline that has none. */
export const NO_FAILURES = '';
const NONE: Failures = { groups: [], more: 0, files: 0, cut: false };

/**
 * Groups failures by reason. They are looked at only when there are others: `stamp` says so, and is the same while nothing has changed.
 */
export function createFailures(
  ledger: Pick<LedgerReader, 'badTasks' | 'badFiles'>,
  clock: Pick<Clock, 'monotonic'>,
): (stamp: string) => Promise<Failures> {
  let known = NONE;
  let stamped = '';
  let restUntil = 0;
  return async (stamp) => {
    // Mended is seen at once.
    if (stamp === NO_FAILURES) return NONE;
    const begun = clock.monotonic();
    if (stamp === stamped || begun < restUntil) return known;
    const [tasks, files] = [await ledger.badTasks(MOST_LOOKED), await ledger.badFiles(MOST_LOOKED)];
    const cut = Math.max(tasks.length, files.length) === MOST_LOOKED;
    known = { ...grouped([...tasks, ...files]), files: files.length, cut };
    stamped = stamp;
    const ended = clock.monotonic();
    restUntil = ended + (ended - begun) * SHARE;
    return known;
  };
}

function grouped(failures: readonly Failure[]): Pick<Failures, 'groups' | 'more'> {
  const groups = new Map<string, { of: string; reason: string; count: number; last: number }>();
  for (const { of, error, ended } of failures) {
    const reason = reasonOf(error);
    const key = `${of}\n${reason}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { of, reason, count: 1, last: ended });
    else {
      group.count++;
      group.last = Math.max(group.last, ended);
    }
  }
  const all = [...groups.values()].toSorted((a, b) => b.last - a.last || b.count - a.count);
  return { groups: all.slice(0, MOST_GROUPS), more: Math.max(0, all.length - MOST_GROUPS) };
}
