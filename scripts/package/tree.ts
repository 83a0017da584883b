import * as fs from 'node:fs';
import * as path from 'node:path';

/** A file of a package, where it is installed. */
export interface PackageFile {
  /** Absolute: `/usr/bin/vahti`. */
  readonly path: string;
  readonly mode: number;
  /** Default root. The user is root always. */
  readonly group?: string;
  /** Whether it is the administrator's: an upgrade keeps what he made of it. */
  readonly config: boolean;
  readonly content: { readonly file: string } | { readonly text: string };
}

/** What a package installs, in the order of the paths. */
export interface Tree {
  readonly files: readonly PackageFile[];
  /** Folders that are the package's own, with all that are needed for the files below them. */
  readonly folders: readonly string[];
}

const PROGRAM_START = '#!';
const SECRET_MODE = 0o640;

/**
 * The files below a folder, as they are to lie below another one. Everything below /etc is config, and what is called
 * `env` there is a secret of the group.
 */
export function filesBelow(folder: string, at: string, group: string): PackageFile[] {
  return list(folder).map((name) => {
    const file = path.join(folder, name);
    const where = path.posix.join(at, name);
    const config = where.startsWith('/etc/');
    const secret = config && path.basename(name) === 'env';
    const mode = secret ? SECRET_MODE : modeOf(file);
    return { path: where, mode, config, content: { file }, ...(secret ? { group } : {}) };
  });
}

/** The names of all files below a folder, relative to it; links are followed. */
export function list(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .toSorted();
}

/** The mode of a text file: whether it is a program it says itself. */
export function modeOf(file: string): number {
  const descriptor = fs.openSync(file, 'r');
  try {
    const start = Buffer.alloc(PROGRAM_START.length);
    fs.readSync(descriptor, start, 0, start.length, 0);
    return start.toString('latin1') === PROGRAM_START ? 0o755 : 0o644;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** One tree of several parts; what stands later takes the place of what has the same path. */
export function joinTrees(...parts: readonly Tree[]): Tree {
  const files = new Map(parts.flatMap((part) => part.files).map((file) => [file.path, file]));
  const owned = new Set(parts.flatMap((part) => part.folders));
  const parents = [...files.keys()].flatMap((file) => ancestors(file));
  const folders = new Set([
    ...owned,
    ...parents.filter((each) => [...owned].some((root) => isBelow(each, root))),
  ]);
  return { files: [...files.values()].toSorted(byPath), folders: [...folders].toSorted() };
}

function ancestors(file: string): string[] {
  const parent = path.posix.dirname(file);
  return parent === '/' ? [] : [parent, ...ancestors(parent)];
}

function isBelow(file: string, folder: string): boolean {
  return file.startsWith(`${folder}/`);
}

function byPath(a: PackageFile, b: PackageFile): number {
  return a.path < b.path ? -1 : 1;
}

/** Writes a tree below a folder, every time in it being the same. @param epoch seconds since 1970. */
export function writeTree(tree: Tree, below: string, epoch: number): void {
  for (const folder of tree.folders) fs.mkdirSync(path.join(below, folder), { recursive: true });
  for (const { path: at, mode, content } of tree.files) {
    const to = path.join(below, at);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    if ('file' in content) fs.copyFileSync(content.file, to, fs.constants.COPYFILE_FICLONE);
    else fs.writeFileSync(to, content.text);
    fs.chmodSync(to, mode);
  }
  const names = fs.readdirSync(below, { recursive: true, encoding: 'utf8' });
  for (const name of [...names, '.']) {
    const at = path.join(below, name);
    if (fs.statSync(at).isDirectory()) fs.chmodSync(at, 0o755);
    fs.utimesSync(at, epoch, epoch);
  }
}
