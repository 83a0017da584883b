import { approximateSize, formatSize } from '../../../core/sizes.ts';
import { formsOf } from '../../files/root.ts';
import { shownPath } from '../../files/outcome.ts';
import { batches, type Course, endFor, loadOf, provedRows } from './course.ts';

/**
 * Deletes there what this job has put there and a person has deleted here: nothing else, never what a purge deleted on the word of that
 * copy, never what is not the very bytes that were proved, and nothing at all when it is more than the caps allow.
 */
export async function mirrorDeletions(course: Course): Promise<void> {
  const { options, root, far, tally, say, dryRun } = course;
  const caps = options.delete;
  if (caps === undefined || tally.hasEnded()) return;
  if (root.tree.closed.length > 0) {
    say('nothing is deleted there: a part of the folder here cannot be looked into');
    return;
  }
  const gone = provedRows(course)
    .filter(
      ({ row }) =>
        row.purged === null &&
        row.purging === null &&
        !formsOf(row).some((path) => root.tree.entries.has(path)),
    )
    .map(({ row, copy }) => ({ name: row.path, path: copy.path, sha256: copy.sha256, bytes: copy.bytes }));
  const bytes = gone.reduce((sum, one) => sum + one.bytes, 0);
  if (gone.length > caps['max-files'] || bytes > caps['max-bytes']) {
    const most = `max-files ${caps['max-files']}, max-bytes ${formatSize(caps['max-bytes'])}`;
    const what = `${gone.length} files (${approximateSize(bytes)}) are gone here, more than one run may delete there (${most})`;
    tally.end('failed', `${what}: nothing was deleted at ${far.target}`);
    return;
  }
  if (dryRun) {
    for (const { path } of gone) say(`would delete ${shownPath(path)} at ${far.target}: it is gone here`);
    return;
  }
  for (const batch of batches(gone)) if (!tally.hasEnded()) await deleteThere(course, batch);
}

interface Gone {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

async function deleteThere(course: Course, batch: readonly Gone[]): Promise<void> {
  const { far, ledger, root, job, tally, say } = course;
  const sums = await far.checksums(loadOf(batch), false);
  if (!sums.ok) {
    endFor(course, sums.error);
    return;
  }
  const same = batch.filter(({ path, sha256 }) => sums.value.get(path) === sha256);
  for (const { path, name } of batch) {
    const sum = sums.value.get(path);
    if (sum === undefined) ledger.disproved(root.path, name, job, far.target, 'it is not there any more');
    else if (!same.some((one) => one.path === path))
      tally.refuse(path, `it is not deleted at ${far.target}: it is not what was sent there`);
  }
  if (same.length === 0) return;
  // Before: killed in between, the ledger must not say that a copy is there which is not.
  for (const { name } of same)
    ledger.disproved(root.path, name, job, far.target, 'it was deleted here, and now there');
  const trouble = await far.remove(same.map(({ path }) => path));
  if (trouble !== undefined) {
    endFor(course, trouble);
    return;
  }
  for (const { path, bytes } of same) {
    tally.add('deleted');
    tally.add('deletedBytes', bytes);
    say(`deleted ${shownPath(path)} at ${far.target}: it is gone here`);
  }
}
