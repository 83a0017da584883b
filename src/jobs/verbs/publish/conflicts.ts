import { basename, extname, join } from 'node:path';
import { temporaryPath } from '../../../core/atomic-file.ts';
import { errorCode } from '../../../core/result.ts';
import { readContent } from '../../files/content.ts';
import { copyWhole } from '../../files/copying.ts';
import { removeLeftovers } from '../../files/moving.ts';
import { lookOrGone } from '../../files/settling.ts';
import { durably, LeftAlone } from '../../files/trouble.ts';
import { haveSamePayload } from './commands.ts';
import type { Copies, Outgoing } from './copies.ts';
import type { Course } from './course.ts';
import type { HistoryRow } from './history-tables.ts';
import type { Candidate } from './selection.ts';

/**
 * The first of those that lie there under a public name that holds the same as what is to be published. @throws LeftAlone where that
 * cannot be told.
 */
export async function findSame(
  course: Course,
  copies: Copies,
  candidate: Candidate,
  own: Outgoing,
  others: readonly HistoryRow[],
): Promise<HistoryRow | undefined> {
  for (const other of others) {
    if (other.sha256 !== null && other.sha256 === own.sha256) return other;
    if (other.sent !== null && other.sent === own.sent) return other;
  }
  const { compare } = course.options;
  for (const other of others) {
    // By bytes all is said already, where the history knows them.
    if (compare === undefined && other.sha256 !== null) continue;
    const old = await earlierOf(course, copies, other);
    if (compare === undefined) {
      const { sha256 } = await readContent(old, course.signal, course.files);
      if (sha256 === own.sent || sha256 === own.sha256) return other;
      continue;
    }
    const fresh = await privately(course, copies, own, basename(other.baseName ?? candidate.path));
    const values = { ...candidate.values, old, new: fresh };
    if (await haveSamePayload(compare, values, course.programs)) return other;
  }
  return undefined;
}

/** A file that lies there, as a private copy; where it is there no longer, its source, if that still is what was published. */
async function earlierOf(course: Course, copies: Copies, row: HistoryRow): Promise<string> {
  const { outlet, root, signal, files } = course;
  const name = row.publicName ?? row.path;
  const into = await copies.place(`old-${basename(name)}`);
  const isPlanned = row.id < 0;
  const trouble = isPlanned ? undefined : await outlet.fetch({ path: name, bytes: row.bytes ?? 0 }, into);
  if (!isPlanned && trouble === undefined) return into;
  if (trouble?.passing === true) throw new LeftAlone(trouble.reason);
  const source = join(root, row.path);
  if ((await lookOrGone(source))?.kind !== 'file')
    throw new LeftAlone(
      `it cannot be compared with ${name}, which is not at ${outlet.target}, and neither is ${row.path} here`,
    );
  const copy = await copies.place(`source-${basename(name)}`);
  const copied = await copyWhole(files, source, copy, signal);
  if (row.sha256 !== null && copied.sha256 !== row.sha256)
    throw new LeftAlone(
      `it cannot be compared with ${name}, which is not at ${outlet.target}; ${row.path} here has changed since`,
    );
  return copy;
}

async function privately(course: Course, copies: Copies, own: Outgoing, name: string): Promise<string> {
  if (!own.from.startsWith(`${course.root}/`)) return own.from;
  const copy = await copies.place(`new-${name}`);
  await copyWhole(course.files, own.from, copy, course.signal);
  return copy;
}

/** Puts a copy of what is one too many into quarantine, whole and durably; answers with its name there. Once, however often it is called. */
export async function quarantine(
  { files, signal, quarantine: folder }: Course,
  own: Outgoing,
  base: string,
): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const ext = extname(base);
  const name = `${basename(base, ext)}-${own.sha256.slice(0, 8)}${ext}`;
  const path = join(folder, name);
  if ((await lookOrGone(path)) !== undefined) return name;
  await removeLeftovers(files, path);
  const temporary = temporaryPath(path);
  await copyWhole(files, own.from, temporary, signal);
  await files.link(temporary, path).catch((thrown: unknown) => {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
  });
  await files.unlink(temporary);
  await durably(`the name of ${path}`, files.syncFolder(folder));
  return name;
}
