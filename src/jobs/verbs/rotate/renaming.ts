import { dirname, join } from 'node:path';
import { asError, errorCode } from '../../../core/result.ts';
import { fileKey, hiddenWriters, type Holder } from '../../files/holders.ts';
import { type FileLook, lookAt } from '../../files/identity.ts';
import { noteTrouble, shownPath } from '../../files/outcome.ts';
import { giveRights } from '../../files/rights.ts';
import { lookOrGone } from '../../files/settling.ts';
import { durably, LeftAlone } from '../../files/trouble.ts';
import { type Course, newName } from './course.ts';
import { ROTATE_DEFAULTS } from './options.ts';
import { shownHolders, type Target, targetsOf, tellWriters } from './telling.ts';

/** The first pause between two looks at who has a log open, and the longest; milliseconds. */
const POLL_MS = 20;
const LONGEST_POLL_MS = 500;

/** A log that was renamed, and may still be written to. Paths are relative to the root. */
interface Renamed {
  readonly path: string;
  readonly look: FileLook;
}

/**
 * Gives logs new names, has their writers open new ones, and waits until they have left the old ones.
 * @param logs those that are due; @param before renamed by earlier runs, and not yet through.
 * @returns the renamed logs that nobody writes to any more.
 */
export async function renameLogs(
  course: Course,
  logs: readonly string[],
  before: readonly string[],
): Promise<readonly string[]> {
  const renamed: Renamed[] = [];
  for (const path of before) {
    const look = await lookOrGone(join(course.root.path, path));
    if (look?.kind === 'file') renamed.push({ path, look });
  }
  for (const log of logs) {
    course.context.signal.throwIfAborted();
    try {
      renamed.push(await renameOne(course, log));
    } catch (thrown) {
      noteTrouble(thrown, log, course.tally);
      if (course.tally.hasEnded()) return [];
    }
  }
  return leave(course, renamed);
}

/** What is in the way of a rename is found before it. */
export async function checkRename(course: Course, log: string): Promise<FileLook> {
  const look = await lookAt(join(course.root.path, log));
  const hidden = hiddenWriters(look);
  if (hidden !== undefined) throw new LeftAlone(hidden);
  const targets = await targetsOf(course.options, holdersOf(course, look));
  if (!targets.ok) throw new LeftAlone(targets.error);
  return look;
}

function holdersOf({ holders }: Course, look: FileLook): readonly Holder[] {
  return holders([look]).get(fileKey(look)) ?? [];
}

async function renameOne(course: Course, log: string): Promise<Renamed> {
  const { root, files, options, context } = course;
  const look = await checkRename(course, log);
  const path = await newName(course, log);
  const [from, to] = [join(root.path, log), join(root.path, path)];
  await files.rename(from, to);
  if (options.create === true) await createLike(course, from, look);
  await durably(`the name of ${to}`, files.syncFolder(dirname(to)));
  context.say(`renamed ${shownPath(log)} to ${shownPath(path)}`);
  course.tally.add('files');
  course.tally.add('bytes', look.bytes);
  return { path, look };
}

async function createLike({ files }: Course, path: string, look: FileLook): Promise<void> {
  try {
    const fd = await files.open(path, 'create');
    try {
      await giveRights(fd, look);
    } finally {
      await files.close(fd);
    }
  } catch (thrown) {
    // Its writer was faster.
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
  }
}

/** Tells the writers, and waits for them; those that do not leave are told again by the next run. */
async function leave(course: Course, renamed: readonly Renamed[]): Promise<readonly string[]> {
  const { context, options, tally, holders } = course;
  if (renamed.length === 0) return [];
  const open = (): ReadonlyMap<string, readonly Holder[]> => holders(renamed.map(({ look }) => look));
  const ofEach = open();
  const isAnyOpen = [...ofEach.values()].some((each) => each.length > 0);
  const troubles = isAnyOpen ? await tellAll(course, renamed, ofEach) : new Map<string, string>();
  const waitMs = options.wait ?? ROTATE_DEFAULTS.waitMs;
  const until = context.clock.monotonic() + waitMs;
  let now = isAnyOpen ? open() : ofEach;
  for (let pollMs = POLL_MS; [...now.values()].some((each) => each.length > 0); now = open()) {
    const left = until - context.clock.monotonic();
    // Who was not told does not leave.
    if (left <= 0 || troubles.size === renamed.length) break;
    if (!(await context.clock.sleep(Math.min(pollMs, left), context.signal))) context.signal.throwIfAborted();
    pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS);
  }
  const through: string[] = [];
  for (const { path, look } of renamed) {
    const still = now.get(fileKey(look)) ?? [];
    const trouble = troubles.get(path);
    if (still.length === 0) through.push(path);
    else
      tally.refuse(
        path,
        trouble ??
          `${shownHolders(still)} still writes to it after ${Math.round(waitMs / 1000)} s; it is left as it is, and nothing of it is lost`,
      );
  }
  return through;
}

/** Why writers were not told, by the path of the renamed log. */
async function tellAll(
  course: Course,
  renamed: readonly Renamed[],
  holders: ReadonlyMap<string, readonly Holder[]>,
): Promise<ReadonlyMap<string, string>> {
  const troubles = new Map<string, string>();
  const targets: Target[] = [];
  for (const { path, look } of renamed) {
    const each = await targetsOf(course.options, holders.get(fileKey(look)) ?? []);
    if (each.ok) targets.push(...each.value);
    else troubles.set(path, each.error);
  }
  const trouble = await tellWriters(course, targets).catch((thrown: unknown) => {
    if (course.context.signal.aborted) throw thrown;
    return asError(thrown).message;
  });
  if (trouble !== undefined) for (const { path } of renamed) troubles.set(path, trouble);
  return troubles;
}
