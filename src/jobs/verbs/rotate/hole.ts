import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryPath } from '../../../core/atomic-file.ts';
import { readContent } from '../../files/content.ts';
import { fileKey, hiddenWriters } from '../../files/holders.ts';
import { type FileLook, lookAt, lookAtOpen } from '../../files/identity.ts';
import { shownPath } from '../../files/outcome.ts';
import { giveRights } from '../../files/rights.ts';
import { lookOrGone } from '../../files/settling.ts';
import { durably, LeftAlone } from '../../files/trouble.ts';
import { type Course, newName } from './course.ts';
import { type Cut, type Mark, readMark, writeMark } from './mark.ts';
import { shownHolders } from './telling.ts';

/** So far back an end of a line is looked for; bytes. */
const LONGEST_LINE = 1_048_576;
const PIECE = 1_048_576;
/** As large as blocks of file systems are; bytes. */
const BLOCK = 65_536;

/** What is in a log and was not cut off yet, first byte and length; bytes. */
export async function uncut({ root, files }: Course, log: string): Promise<{ from: number; to: number }> {
  const path = join(root.path, log);
  const fd = await files.open(path, 'read');
  try {
    const { size } = await files.stat(fd);
    const mark = await validMark(files, fd, path);
    return { from: mark === undefined ? await firstByte(files, fd, size) : mark.done, to: size };
  } finally {
    await files.close(fd);
  }
}

/** How far a log was cut off, if it still is the log that was. */
async function validMark(files: Course['files'], fd: number, path: string): Promise<Mark | undefined> {
  const mark = await readMark(path);
  if (mark === undefined) return undefined;
  const { ino, birthtimeMs } = await stat(path);
  const { size } = await files.stat(fd);
  if (mark.ino !== ino || mark.birth !== birthtimeMs || mark.done > size) return undefined;
  // One that somebody emptied, and that grew again, does not begin with a hole.
  const [first = 0] = mark.done === 0 ? [] : await files.read(fd, 0, 1);
  return first === 0 ? mark : undefined;
}

/** Without a mark: what is at the front and zero is taken for a hole. */
async function firstByte(files: Course['files'], fd: number, size: number): Promise<number> {
  for (let at = 0; at < size; ) {
    const piece = await files.read(fd, at, PIECE);
    const found = piece.findIndex((byte) => byte !== 0);
    if (found >= 0) return at + found;
    if (piece.length === 0) return at;
    at += piece.length;
  }
  return size;
}

/**
 * Cuts off what is in a log, up to the end of its last whole line, without its writer's taking notice: a copy that is durable and read
 * back, then a hole in place of exactly those bytes. What is written meanwhile comes behind them, and is never touched.
 * @returns the path of the copy below the root; undefined where there is nothing in it.
 * @throws LeftAlone; Node's system errors.
 */
export async function cutOff(course: Course, log: string): Promise<string | undefined> {
  const { root, files, context, tally } = course;
  const path = join(root.path, log);
  const look = await lookAt(path);
  const hidden = hiddenWriters(look);
  if (hidden !== undefined) throw new LeftAlone(hidden);
  const fd = await files.open(path, 'update');
  try {
    const open = await lookAtOpen(fd);
    if (open.ino !== look.ino) throw new LeftAlone('it was replaced while it was opened');
    const mark = await finishCut(course, fd, log, await validMark(files, fd, path));
    const from = mark?.done ?? (await firstByte(files, fd, open.bytes));
    const to = await lineEnd(files, fd, from, open.bytes);
    if (to <= from) return undefined;
    checkWriters(course, open, to);
    const { birthtimeMs: birth } = await stat(path);
    const own: Mark = { ino: Number(open.ino), birth, done: from };
    const cut = await copyOut(course, fd, log, own, from, to);
    if (!(await punchCut(course, fd, cut)))
      throw new LeftAlone('what is in it is not what was copied: its writer goes back; nothing is cut off');
    await writeMark(files, path, { ...own, done: to });
    context.say(`copied ${shownPath(log)} to ${shownPath(cut.path)}, and gave its room back`);
    tally.add('files');
    tally.add('bytes', to - from);
    return cut.path;
  } finally {
    await files.close(fd);
  }
}

/** What a killed run began: if its copy got its name, the same bytes here are still to go; else nothing has happened. */
async function finishCut(
  course: Course,
  fd: number,
  log: string,
  mark: Mark | undefined,
): Promise<Mark | undefined> {
  const { root, files } = course;
  const { cut } = mark ?? {};
  if (mark === undefined || cut === undefined) return mark;
  const path = join(root.path, log);
  const isThere =
    (await lookOrGone(join(root.path, cut.path))) !== undefined ||
    course.context.ledger.file(root.path, cut.path) !== undefined;
  const { cut: _, ...rest } = mark;
  if (isThere && !(await punchCut(course, fd, cut))) return undefined;
  const next: Mark = isThere ? { ...rest, done: cut.to } : rest;
  await writeMark(files, path, next);
  return next;
}

/** A writer must go on behind what is cut off: it appends, or stands there already. */
function checkWriters({ holders }: Course, look: FileLook, to: number): void {
  const all = holders([look]).get(fileKey(look)) ?? [];
  const bad = all.filter(({ appends, position }) => !appends && position < to);
  if (bad.length > 0)
    throw new LeftAlone(`${shownHolders(bad)} does not append to it, and may write to what is copied`);
}

/** Behind the last end of a line; of one line that is longer than a MiB, the end of what is there. */
async function lineEnd(files: Course['files'], fd: number, from: number, size: number): Promise<number> {
  const start = Math.max(from, size - LONGEST_LINE);
  const tail = await files.read(fd, start, Math.max(0, size - start));
  const last = tail.lastIndexOf(10);
  if (last >= 0) return start + last + 1;
  return start > from ? start + tail.length : from;
}

async function copyOut(
  course: Course,
  fd: number,
  log: string,
  mark: Mark,
  from: number,
  to: number,
): Promise<Cut> {
  const { root, files, context } = course;
  const path = await newName(course, log);
  const final = join(root.path, path);
  const temporary = temporaryPath(final);
  try {
    const into = await files.open(temporary, 'create');
    try {
      await giveRights(into, await lookAtOpen(fd));
      for await (const { at, piece } of range(course, fd, from, to))
        await files.write(into, piece, at - from);
      await files.datasync(into);
    } finally {
      await files.close(into);
    }
    const { sha256, bytes } = await readContent(temporary, context.signal, files);
    const cut: Cut = { from, to, path, sha256 };
    if (bytes !== to - from || (await hashOf(course, fd, from, to)) !== sha256)
      throw new LeftAlone('its copy does not read back as it was; is the disk or the memory faulty?');
    // From here on the next run knows what this one has begun.
    await writeMark(files, join(root.path, log), { ...mark, cut });
    await files.rename(temporary, final);
    await durably(`the name of ${final}`, files.syncFolder(dirname(final)));
    return cut;
  } catch (thrown) {
    await files.unlink(temporary).catch(() => undefined);
    throw thrown;
  }
}

/** Only bytes that are still those of the copy go; false where they are not. */
async function punchCut(course: Course, fd: number, { from, to, sha256 }: Cut): Promise<boolean> {
  // A killed run may have come that far.
  if ((await firstByteIn(course, fd, from, to)) === undefined) return true;
  if ((await hashOf(course, fd, from, to)) !== sha256) return false;
  // What is left of the block that the last hole ended in is a hole by now as well.
  const start = Math.floor(from / BLOCK) * BLOCK;
  const isZero = (await firstByteIn(course, fd, start, from)) === undefined;
  const problem = await course.punch(fd, isZero ? start : from, to);
  if (problem !== undefined) throw new LeftAlone(`its room cannot be given back: ${problem}`);
  return true;
}

async function firstByteIn(
  course: Course,
  fd: number,
  from: number,
  to: number,
): Promise<number | undefined> {
  for await (const { at, piece } of range(course, fd, from, to)) {
    const found = piece.findIndex((byte) => byte !== 0);
    if (found >= 0) return at + found;
  }
  return undefined;
}

async function hashOf(course: Course, fd: number, from: number, to: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const { piece } of range(course, fd, from, to)) hash.update(piece);
  return hash.digest('hex');
}

async function* range({ files, context }: Course, fd: number, from: number, to: number) {
  for (let at = from; at < to; ) {
    context.signal.throwIfAborted();
    const piece = await files.read(fd, at, Math.min(PIECE, to - at));
    if (piece.length === 0) throw new LeftAlone('it became shorter while it was read');
    yield { at, piece };
    at += piece.length;
  }
}
