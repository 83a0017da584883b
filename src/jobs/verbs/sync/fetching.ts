import { lutimes, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LedgerFile } from '../../../core/ledger.ts';
import { approximateSize } from '../../../core/sizes.ts';
import { errorCode } from '../../../core/result.ts';
import { type Content, readContent } from '../../files/content.ts';
import { lookAt } from '../../files/identity.ts';
import { makeFolders } from '../../files/folders.ts';
import { shownPath } from '../../files/outcome.ts';
import { tooYoung } from '../../files/settling.ts';
import { durably, LeftAlone } from '../../files/trouble.ts';
import { batches, copyOf, type Course, endFor, loadOf, prove, provedRows } from './course.ts';
import { type FarFile, STAGING } from '../../far/far.ts';
import { SYNC_DEFAULTS } from './options.ts';
import { note } from './sending.ts';
import { createFilter } from './source.ts';

/** Where files lie until they are known to be whole: a folder that no verb looks into. */
const FETCHED = '.vahti/fetched';

/**
 * Fetches files: into a folder beside, read here and there, and given their names when both are equal. A file here that is neither what
 * was fetched before nor equal is never written over.
 */
export async function fetchAll(course: Course): Promise<void> {
  const { tally, dryRun, say, far } = course;
  const due = await findDue(course);
  if (due === undefined) return;
  if (dryRun) {
    for (const { path, bytes } of due)
      say(`would fetch ${shownPath(path)}, ${approximateSize(bytes)}, from ${far.target}`);
    if (due.length > 0) tally.add('files', due.length);
    return;
  }
  const total = due.reduce((sum, { bytes }) => sum + bytes, 0);
  let through = 0;
  for (const batch of batches(due)) {
    if (tally.hasEnded()) return;
    course.progress(through, total, batch[0]?.path ?? '');
    await fetchBatch(course, batch);
    through += batch.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  if (!tally.hasEnded()) await rm(join(course.root.path, FETCHED), { recursive: true, force: true });
}

/** What lies there, is over, and is not here yet. */
async function findDue(course: Course): Promise<readonly FarFile[] | undefined> {
  const { far, options, clock, signal, tally } = course;
  const listed = await far.list();
  if (!listed.ok) {
    endFor(course, listed.error);
    return undefined;
  }
  if (listed.value.length === 0 && provedRows(course).length > 0) {
    tally.end('failed', `${far.target} is empty, and was not: is its disk not mounted?`);
    return undefined;
  }
  const settleMs = options.settle ?? SYNC_DEFAULTS.settleMs;
  const filter = createFilter(options);
  const fresh: FarFile[] = [];
  for (const file of listed.value.filter(({ path }) => isSafe(path) && filter(path))) {
    const problem = far.nameProblem(file.path);
    if (isHere(course, file)) continue;
    if (problem !== undefined) tally.refuse(file.path, problem);
    else if (tooYoung(clock.now() - file.mtimeMs, settleMs) === undefined) fresh.push(file);
    else tally.add('waiting');
  }
  for (const path of options.files ?? [])
    if (!listed.value.some((file) => file.path === path)) tally.refuse(path, `it is not at ${far.target}`);
  if (fresh.length === 0) return [];
  if (!(await clock.sleep(settleMs, signal))) signal.throwIfAborted();
  const again = await far.list();
  if (!again.ok) {
    endFor(course, again.error);
    return undefined;
  }
  const now = new Map(again.value.map((file) => [file.path, file]));
  const due = fresh.filter(
    ({ path, bytes, mtimeMs }) => now.get(path)?.bytes === bytes && now.get(path)?.mtimeMs === mtimeMs,
  );
  if (due.length < fresh.length) tally.add('waiting', fresh.length - due.length);
  return due;
}

/** What the far side calls a path must stay below the root, and outside of what is Vahti's. */
function isSafe(path: string): boolean {
  const names = path.split('/');
  return (
    !names.includes('..') &&
    !names.includes('.') &&
    !names.includes('') &&
    names[0] !== '.vahti' &&
    !names.includes(STAGING) &&
    !path.endsWith('.open.ndjson')
  );
}

function isHere(course: Course, { path, bytes, mtimeMs }: FarFile): boolean {
  const row = course.root.rows.get(path);
  const copy = row === undefined ? undefined : copyOf(course, path);
  if (row === undefined || copy === undefined || copy.bytes !== bytes) return false;
  // Clocks of file systems are more or less fine.
  const isSameTime = Math.abs(row.mtimeMs - mtimeMs) < 1;
  return isSameTime && (row.purged !== null || row.archived !== null || course.root.tree.entries.has(path));
}

async function fetchBatch(course: Course, batch: readonly FarFile[]): Promise<void> {
  const { far, root, tally } = course;
  const before = await far.checksums(loadOf(batch), false);
  if (!before.ok) {
    endFor(course, before.error);
    return;
  }
  const wanted: FarFile[] = [];
  for (const file of batch) {
    try {
      if (!(await isEqualHere(course, file, before.value.get(file.path)))) wanted.push(file);
    } catch (thrown) {
      note(course, thrown, file.path);
    }
    if (tally.hasEnded()) return;
  }
  if (wanted.length === 0) return;
  const staging = join(root.path, FETCHED);
  await mkdir(staging, { recursive: true });
  const carried = await far.fetch(staging, loadOf(wanted));
  for (const file of wanted) {
    try {
      await settleOne(course, file, before.value.get(file.path), carried.trouble !== undefined);
    } catch (thrown) {
      note(course, thrown, file.path);
    }
  }
  if (carried.trouble !== undefined) endFor(course, carried.trouble);
}

/** Whether it is here already. @throws LeftAlone where another file of its name is. */
async function isEqualHere(course: Course, file: FarFile, sum: string | undefined): Promise<boolean> {
  const { root, files, signal, ledger } = course;
  const row = ledger.file(root.path, file.path);
  const content = await readContent(join(root.path, file.path), signal, files).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
  if (content === undefined) {
    refuseArchived(row, sum);
    return false;
  }
  if (content.sha256 === sum) {
    account(course, file, content, 'found');
    return true;
  }
  if (row === undefined || row.sha256 !== content.sha256 || copyOf(course, file.path) === undefined)
    throw new LeftAlone('another file of this name is here, that was not fetched: it is not written over');
  refuseArchived(row, sum);
  return false;
}

function refuseArchived(row: LedgerFile | undefined, sum: string | undefined): void {
  if (row === undefined || row.sha256 === sum) return;
  if (row.archived !== null || row.purged !== null || row.purging !== null)
    throw new LeftAlone(
      'another content of this name was archived or deleted here before; it is not fetched',
    );
}

/** Gives a file that came whole its name. */
async function settleOne(
  course: Course,
  file: FarFile,
  sum: string | undefined,
  isBroken: boolean,
): Promise<void> {
  const { root, files, signal, far } = course;
  const staged = join(root.path, FETCHED, file.path);
  const content = await readContent(staged, signal, files).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
  if (content === undefined || content.sha256 !== sum) {
    if (isBroken) return;
    throw new LeftAlone(
      content === undefined
        ? `it did not come from ${far.target}`
        : `it changed at ${far.target} while it was fetched`,
    );
  }
  const final = join(root.path, file.path);
  await lutimes(staged, file.mtimeMs / 1000, file.mtimeMs / 1000);
  const fd = await files.open(staged, 'read');
  try {
    await durably(staged, files.datasync(fd));
  } finally {
    await files.close(fd);
  }
  await makeFolders(files, root.path, dirname(file.path));
  await files.rename(staged, final);
  await durably(`the name of ${final}`, files.syncFolder(dirname(final)));
  account(course, file, { ...content, look: await lookAt(final) }, 'sent');
}

function account(
  course: Course,
  { path, mtimeMs }: FarFile,
  { sha256, bytes }: Content,
  how: 'found' | 'sent',
): void {
  const { ledger, root, tally, say, far } = course;
  // The time there, by which the next run knows it.
  ledger.take({ root: root.path, path, sha256, bytes, mtimeMs });
  prove(course, path, { path, sha256, bytes });
  tally.add(how === 'sent' ? 'files' : 'found');
  if (how === 'sent') tally.add('bytes', bytes);
  say(
    `${shownPath(path)}, ${approximateSize(bytes)}: ${how === 'sent' ? 'fetched' : 'here already'}, equal to ${far.target}`,
  );
}
