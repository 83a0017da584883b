import { mkdir, readdir, readFile, readlink, realpath, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TEMPORARY_FILE, writeFileAtomic } from '../../../core/atomic-file.ts';
import type { Files } from '../../../core/files.ts';
import { asError, err, errorCode, ok, type Result } from '../../../core/result.ts';
import { durably } from '../../files/trouble.ts';
import type { Choice } from './choosing.ts';

/** What lies in the folder of a checkout: the repository, the working copies, and the link to the one that counts. */
export interface Store {
  /** Real path. */
  readonly root: string;
  readonly repository: string;
  readonly versions: string;
  readonly current: string;
  /** The name of the file that says which version a working copy is, and that it is whole. */
  readonly versionFile: string;
}

/** A working copy that is whole. */
export interface Version {
  /** Of its folder. */
  readonly name: string;
  readonly commit: string;
  /** When it was made; milliseconds. */
  readonly madeAt: number;
}

const NAME = /-[0-9a-f]{12}$/;
const PENDING = '.on-change';

/** Opens the folder, or makes it. The error is a whole sentence. @param isDry then nothing is made. */
export async function openStore(
  folder: string,
  versionFile: string,
  files: Files,
  isDry: boolean,
): Promise<Result<Store, string>> {
  try {
    const isNew = !(await isThere(folder));
    if (isNew && !isDry) {
      await files.mkdir(folder);
      await durably(folder, files.syncFolder(dirname(folder)));
    }
    const root = isNew && isDry ? folder : await realpath(folder);
    const store: Store = {
      root,
      repository: join(root, 'repository.git'),
      versions: join(root, 'versions'),
      current: join(root, 'current'),
      versionFile,
    };
    const names = isNew ? [] : await readdir(root);
    // An init that was killed leaves no more than this.
    if (names.length > 0 && !names.includes('repository.git'))
      return err(`cannot checkout to ${folder}: it is not empty, and no checkout of ours`);
    return ok(store);
  } catch (thrown) {
    if (errorCode(thrown) === undefined) throw thrown;
    return err(`cannot checkout to ${folder}: ${asError(thrown).message}`);
  }
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (thrown: unknown) => {
      if (errorCode(thrown) === 'ENOENT' || errorCode(thrown) === 'ENOTDIR') return false;
      throw thrown;
    },
  );
}

/** The folder's name for a version: what it is called, and which commit that is. */
export function versionName({ name, commit }: Choice): string {
  const plain = name
    .replaceAll(/[^\w.-]/g, '_')
    .replace(/^[-.]+/, '')
    .slice(0, 100);
  return `${plain}-${commit.slice(0, 12)}`;
}

/** The working copies; those that are not whole are `broken`. The newest first. */
export async function listVersions(
  store: Store,
): Promise<{ readonly whole: readonly Version[]; readonly broken: readonly string[] }> {
  const names = (await isThere(store.versions)) ? await readdir(store.versions) : [];
  const whole: Version[] = [];
  const broken: string[] = [];
  for (const name of names.filter((each) => NAME.test(each))) {
    const file = join(store.versions, name, store.versionFile);
    const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
      if (errorCode(thrown) === 'ENOENT' || errorCode(thrown) === 'ENOTDIR') return '';
      throw thrown;
    });
    const commit = /^commit: ([0-9a-f]{40,64})$/m.exec(text)?.[1];
    if (commit?.startsWith(name.slice(-12)) !== true) broken.push(name);
    else whole.push({ name, commit, madeAt: (await stat(file)).mtimeMs });
  }
  return { whole: whole.toSorted((a, b) => b.madeAt - a.madeAt || (a.name < b.name ? 1 : -1)), broken };
}

/** The name of the version that `current` leads to; undefined where there is none. */
export async function currentName({ current }: Store): Promise<string | undefined> {
  const target = await readlink(current).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
  return target === undefined ? undefined : /^versions\/([^/]+)$/.exec(target)?.[1];
}

/** Has `current` lead to a version, in one step: a reader finds the one before or this one. Durable when it resolves. */
export async function switchTo(store: Store, name: string, files: Files): Promise<void> {
  const temporary = join(store.root, '.current.new');
  await rm(temporary, { force: true });
  await symlink(`versions/${name}`, temporary);
  await files.rename(temporary, store.current);
  await durably(store.current, files.syncFolder(store.root));
}

/** What a kill left in the making. */
export async function removeTemporary({ root }: Store, files: Files): Promise<void> {
  for (const name of await readdir(root))
    if (name.startsWith(`.${PENDING}.`) && TEMPORARY_FILE.test(name)) await files.unlink(join(root, name));
}

/** What is to be done after a switch, written down before it: a kill in between loses no `on-change`. */
export async function setPending(store: Store, name: string, files: Files): Promise<void> {
  await writeFileAtomic(join(store.root, PENDING), `${name}\n`, { files });
}

export async function pendingName({ root }: Store): Promise<string | undefined> {
  return readFile(join(root, PENDING), 'utf8').then(
    (text) => text.trim(),
    (thrown: unknown) => {
      if (errorCode(thrown) === 'ENOENT') return undefined;
      throw thrown;
    },
  );
}

export async function clearPending(store: Store, files: Files): Promise<void> {
  await files.unlink(join(store.root, PENDING));
  await durably(store.root, files.syncFolder(store.root));
}

export async function makeVersionsFolder(store: Store): Promise<void> {
  await mkdir(store.versions, { recursive: true });
}
