import { copyFile, lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from '../../../core/files.ts';
import { asError, errorCode, ok } from '../../../core/result.ts';
import { readContent } from '../../files/content.ts';
import { copyWhole } from '../../files/copying.ts';
import { makeFolders } from '../../files/folders.ts';
import { lookOrGone } from '../../files/settling.ts';
import { durably, LeftAlone, troubleOf } from '../../files/trouble.ts';
import type { Copy, Naming, Outlet, Place } from './outlet.ts';

const MIB = 1024 * 1024;
/** Filesystems without links say so in one of these ways. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** A folder of this machine. @param root its real path. */
export function createLocalOutlet(root: string, files: Files, signal: AbortSignal): Outlet {
  const refusals = async <T extends { readonly temp: string }>(
    all: readonly T[],
    act: (one: T) => Promise<void>,
  ): Promise<ReadonlyMap<string, string>> => {
    const refused = new Map<string, string>();
    for (const one of all) {
      signal.throwIfAborted();
      try {
        await act(one);
      } catch (thrown) {
        const trouble = troubleOf(thrown);
        if (trouble?.kind !== 'left') throw thrown;
        refused.set(one.temp, trouble.reason);
      }
    }
    return refused;
  };
  return {
    target: root,
    isHere: true,
    most: { files: 64, bytes: 256 * MIB },
    look: async (places) => ok(await sumsOf(root, places, files, signal)),
    put: async (copies) => ok(await refusals(copies, (copy) => putOne(root, copy, files, signal))),
    async name(namings) {
      const refused = await refusals(namings, (naming) => nameOne(root, naming, files));
      const folders = namings
        .filter(({ temp }) => !refused.has(temp))
        .map(({ place }) => dirname(join(root, place)));
      for (const folder of new Set(folders))
        await durably(`the names in ${folder}`, files.syncFolder(folder));
      return ok(refused);
    },
    async remove(temps) {
      for (const temp of temps) {
        const path = join(root, temp);
        await files.unlink(path).catch((thrown: unknown) => {
          if (errorCode(thrown) !== 'ENOENT' && errorCode(thrown) !== 'ENOTDIR') throw thrown;
        });
      }
      return undefined;
    },
    async fetch({ path }, into) {
      try {
        await copyFile(join(root, path), into);
        return undefined;
      } catch (thrown) {
        if (errorCode(thrown) === undefined) throw thrown;
        return { reason: asError(thrown).message, passing: false };
      }
    },
  };
}

async function sumsOf(
  root: string,
  places: readonly Place[],
  files: Files,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { path } of places) {
    const full = join(root, path);
    try {
      const there = await lookOrNoFolder(full);
      if (there?.kind === 'file') found.set(path, (await readContent(full, signal, files)).sha256);
    } catch (thrown) {
      // What cannot be read is nothing of ours: whoever wants its name is refused by the link, and the others go on.
      if (troubleOf(thrown)?.kind !== 'left') throw thrown;
    }
  }
  return found;
}

async function lookOrNoFolder(path: string): ReturnType<typeof lookOrGone> {
  return lookOrGone(path).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOTDIR') return undefined;
    throw thrown;
  });
}

async function putOne(
  root: string,
  { from, temp, sha256 }: Copy,
  files: Files,
  signal: AbortSignal,
): Promise<void> {
  await makeFolders(files, root, dirname(temp));
  const path = join(root, temp);
  const copied = await copyWhole(files, from, path, signal);
  const isRight = copied.sha256 === sha256;
  const back = isRight ? await readContent(path, signal, files) : copied;
  if (isRight && back.sha256 === sha256) return;
  await files.unlink(path);
  throw new LeftAlone(
    isRight
      ? 'its copy does not read back as it was; is the disk or the memory faulty?'
      : 'it changed since it was looked at; the next run takes it',
  );
}

/** A link fails where the name is taken, which a rename does not. */
async function nameOne(root: string, { temp, place, over }: Naming, files: Files): Promise<void> {
  const [from, to] = [join(root, temp), join(root, place)];
  if (over) return files.rename(from, to);
  try {
    await files.link(from, to);
  } catch (thrown) {
    const code = errorCode(thrown) ?? '';
    if (code === 'EEXIST') throw taken(to);
    if (!NO_LINKS.has(code)) throw thrown;
    const there = await lstat(to).catch(() => undefined);
    if (there !== undefined) throw taken(to);
    return files.rename(from, to);
  }
  await files.unlink(from);
}

function taken(path: string): Error {
  return new LeftAlone(`something else came to ${path} meanwhile`);
}
