import { join } from 'node:path';
import { readContent } from '../../files/content.ts';
import { shownPath } from '../../files/outcome.ts';
import { batches, type Course, endFor, loadOf, prove, provedRows } from './course.ts';
import { note } from './sending.ts';
import { SYNC_DEFAULTS } from './options.ts';

type Proved = ReturnType<typeof provedRows>[number] & { readonly path: string; readonly bytes: number };

/**
 * Reads a share of what was proved before back again, longest ago first; of what was deleted here too: there it may be the only one.
 * Where one of them is not as it was, all the others are read as well. Answers with the names of what is proved no longer.
 * @param left names that are read back in this run anyway.
 */
export async function reverify(course: Course, left: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const share = course.options.reverify ?? SYNC_DEFAULTS.share;
  const all = provedRows(course)
    .filter(({ row }) => !left.has(row.path))
    .map((one): Proved => ({ ...one, path: one.copy.path, bytes: one.copy.bytes }))
    .toSorted((a, b) => a.copy.verifiedAt - b.copy.verifiedAt);
  const first = all.slice(0, Math.ceil(all.length * share));
  if (course.dryRun) {
    if (first.length > 0)
      course.say(`would read back ${first.length} of ${all.length} that were proved before`);
    return new Set();
  }
  const disproved = await readBack(course, first);
  if (disproved.size === 0 || course.tally.hasEnded() || first.length === all.length) return disproved;
  course.say(
    `${disproved.size} of ${first.length} are not as they were at ${course.far.target}: all the others are read back too`,
  );
  return new Set([...disproved, ...(await readBack(course, all.slice(first.length)))]);
}

async function readBack(course: Course, some: readonly Proved[]): Promise<ReadonlySet<string>> {
  const disproved = new Set<string>();
  for (const batch of batches(some)) {
    const sums = await course.far.checksums(loadOf(batch), false);
    if (!sums.ok) {
      endFor(course, sums.error);
      return disproved;
    }
    for (const one of batch) {
      const sum = sums.value.get(one.path);
      if (sum === one.copy.sha256) {
        prove(course, one.row.path, one.copy);
        course.tally.add('reverified');
        await compareOwn(course, one);
      } else {
        disprove(course, one, sum);
        disproved.add(one.row.path);
      }
    }
  }
  return disproved;
}

/** What lies here is read as well: a good copy is never written over with bytes that went bad here. */
async function compareOwn(course: Course, { row, copy }: Proved): Promise<void> {
  const { root, files, signal, tally } = course;
  if (row.purged !== null || root.tree.entries.get(copy.path) !== 'file') return;
  try {
    const { sha256 } = await readContent(join(root.path, copy.path), signal, files);
    if (sha256 === copy.sha256) return;
    tally.refuse(
      copy.path,
      'its bytes changed here, but neither its size nor its time: is the disk faulty? Its copy there is as it was sent',
    );
  } catch (thrown) {
    note(course, thrown, copy.path);
  }
}

function disprove(course: Course, { row, copy }: Proved, sum: string | undefined): void {
  const { ledger, root, job, far, tally, say } = course;
  const what =
    sum === undefined
      ? 'it is not there any more, or cannot be read'
      : `it has other bytes now (SHA-256 ${sum})`;
  ledger.disproved(root.path, row.path, job, far.target, what);
  tally.add('disproved');
  say(`${shownPath(copy.path)} at ${far.target}: ${what}`);
  if (root.tree.entries.has(copy.path)) return;
  const end =
    row.purged === null ? 'is not here any more either' : 'was deleted here on the word of its copies';
  tally.refuse(copy.path, `at ${far.target} ${what}, and it ${end}`);
}
