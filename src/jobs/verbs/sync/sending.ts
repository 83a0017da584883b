import type { Ledger } from '../../../core/ledger.ts';
import { approximateSize } from '../../../core/sizes.ts';
import { isSame, lookAt } from '../../files/identity.ts';
import { shownPath } from '../../files/outcome.ts';
import { troubleOf } from '../../files/trouble.ts';
import { batches, type Course, endFor, loadOf, prove } from './course.ts';
import type { Carried } from '../../far/far.ts';
import type { Item } from './source.ts';
import { takeIn, type Taken } from './taking.ts';

/** An item with its size, as it was last looked at. */
export interface Due extends Item {
  readonly bytes: number;
}

/**
 * Sends files and proves them: reads each here, asks what lies there already, sends the rest, reads it back, and writes down what is
 * equal. Killed anywhere and called again it goes on: what has come whole is not sent again.
 */
export async function sendAll(course: Course, due: readonly Due[]): Promise<void> {
  const total = due.reduce((sum, { bytes }) => sum + bytes, 0);
  let through = 0;
  for (const batch of batches(due)) {
    if (course.tally.hasEnded()) return;
    course.progress(through, total, batch[0]?.path ?? '');
    await sendBatch(course, batch);
    through += batch.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  course.progress(through, total, '');
}

async function sendBatch(course: Course, batch: readonly Due[]): Promise<void> {
  const { far, root } = course;
  const taken = await takeBatch(course, batch);
  if (taken.length === 0) return;
  const there = await far.checksums(loadOf(taken), true);
  if (!there.ok) {
    endFor(course, there.error);
    return;
  }
  const missing = taken.filter((file) => there.value.get(file.path) !== file.sha256);
  const isMissing = new Set(missing);
  account(
    course,
    taken.filter((file) => !isMissing.has(file)),
    'found',
  );
  if (missing.length === 0) return;
  const carried = await far.send(root.path, loadOf(missing));
  const back = await far.checksums(loadOf(missing), true);
  if (carried.trouble !== undefined) endFor(course, carried.trouble);
  if (!back.ok) {
    endFor(course, back.error);
    return;
  }
  const came = missing.filter((file) => back.value.get(file.path) === file.sha256);
  account(course, came, 'sent');
  if (carried.trouble !== undefined) return;
  const isThere = new Set(came);
  for (const file of missing)
    if (!isThere.has(file))
      course.tally.refuse(file.path, await whyNot(file, back.value.get(file.path), carried, far.target));
  // What keeps all files from coming is no trouble of single ones: somebody has to hear of it.
  const [first] = missing.map(({ path }) => carried.complaint(path)).filter((line) => line !== undefined);
  if (came.length === 0 && first !== undefined)
    course.tally.end('failed', `nothing comes to ${far.target}: ${first}`);
}

/** Reads files and takes them into the ledger, which is written once for all of them. */
async function takeBatch(course: Course, batch: readonly Due[]): Promise<readonly Taken[]> {
  const taken: Taken[] = [];
  const writes: (() => void)[] = [];
  const { ledger } = course;
  const later: Ledger = {
    ...ledger,
    take: (file) => void writes.push(() => ledger.take(file)),
    archived: (root, path, archive) => void writes.push(() => ledger.archived(root, path, archive)),
  };
  for (const item of batch) {
    try {
      taken.push(await takeIn({ ...course, ledger: later }, item));
    } catch (thrown) {
      note(course, thrown, item.path);
      if (course.tally.hasEnded()) return [];
    }
  }
  try {
    ledger.together(() => {
      for (const write of writes) write();
    });
  } catch (thrown) {
    note(course, thrown, taken[0]?.path ?? '');
    return [];
  }
  return taken;
}

/** Writes down that copies are proved, all at once. */
function account(course: Course, proved: readonly Taken[], how: 'found' | 'sent'): void {
  const { tally, say, far, ledger } = course;
  if (proved.length === 0) return;
  ledger.together(() => {
    for (const file of proved) prove(course, file.name, file);
  });
  const did = how === 'sent' ? 'sent, read back and equal' : 'read there, equal already';
  for (const file of proved) {
    if (how === 'found') tally.add('found');
    else {
      tally.add('files');
      tally.add('bytes', file.bytes);
    }
    say(`${shownPath(file.path)}, ${approximateSize(file.bytes)}: ${did} at ${far.target}`);
  }
}

/** Why a file that was sent is not proved. */
async function whyNot(
  file: Taken,
  sum: string | undefined,
  carried: Carried,
  target: string,
): Promise<string> {
  const now = await lookAt(file.full).catch(() => undefined);
  if (now === undefined) return 'it went away while it was sent';
  if (!isSame(file.look, now)) return 'it changed while it was sent; the next run sends it again';
  const line = carried.complaint(file.path);
  const why = line === undefined ? '' : `: ${line}`;
  if (sum !== undefined) return `what lies at ${target} does not read back as it was sent${why}`;
  return `it did not come to ${target}${why}`;
}

/** Puts down what went wrong with a file; throws a bug again. */
export function note({ tally }: Course, thrown: unknown, path: string): void {
  const trouble = troubleOf(thrown);
  if (trouble === undefined) throw thrown;
  if (trouble.kind === 'stopped') tally.end('partly', trouble.reason);
  else if (trouble.kind === 'ends') tally.end('failed', trouble.reason);
  if (trouble.kind !== 'stopped') tally.refuse(path, trouble.reason);
}
