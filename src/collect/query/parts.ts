import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ARCHIVE_FORMATS, archivePath } from '../../core/archive-file.ts';
import { errorCode } from '../../core/result.ts';
import { type CommittedPart, readCommitted } from '../committed.ts';
import { closedPath, type Layout, openPath } from '../layout.ts';

/** A part that is written: what stands behind the line of number `last` is not committed, and may be half a line. */
export interface OpenFile {
  readonly path: string;
  readonly last: number;
}

/** Where everything that is committed lies at this moment. Paths are absolute. */
export interface PartFiles {
  /** Each closed part once, in its file or in its archive. */
  readonly closed: readonly string[];
  readonly open: readonly OpenFile[];
  /** Names of closed parts that are not here any more. */
  readonly gone: readonly string[];
}

/** Finds the file of each committed part; nothing where nothing was committed yet. */
export async function findPartFiles(layout: Layout): Promise<PartFiles> {
  const committed = await readCommitted(layout);
  const closed: string[] = [];
  const open: OpenFile[] = [];
  const gone: string[] = [];
  const names = createNames(layout.root);
  for (const part of committed?.parts ?? []) {
    if (!part.closed && (await names.has(openPath(part.name)))) {
      open.push({ path: join(layout.root, openPath(part.name)), last: part.last });
      continue;
    }
    // One that was open may have been closed, renamed and archived since.
    const path = await closedFile(layout.root, part, names);
    if (path === undefined) gone.push(part.name);
    else closed.push(join(layout.root, path));
  }
  return { closed: closed.toSorted(), open, gone };
}

/** A file that has not the part’s length is another one, that came there after it was archived: then the archive counts. */
async function closedFile(root: string, part: CommittedPart, names: Names): Promise<string | undefined> {
  const file = closedPath(part.name);
  let archive: string | undefined;
  for (const path of ARCHIVE_FORMATS.map((format) => archivePath(file, format)))
    if (archive === undefined && (await names.has(path))) archive = path;
  if (!(await names.has(file))) return archive;
  if (archive === undefined) return file;
  const size = await stat(join(root, file)).then(
    (found) => found.size,
    () => undefined,
  );
  return size === part.bytes ? file : archive;
}

interface Names {
  has(path: string): Promise<boolean>;
}

/** Which files lie below a root, by listing each of its folders once. */
function createNames(root: string): Names {
  const folders = new Map<string, Promise<ReadonlySet<string>>>();
  const list = async (folder: string): Promise<ReadonlySet<string>> => {
    try {
      return new Set((await readdir(join(root, folder))).map((name) => join(folder, name)));
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return new Set();
      throw thrown;
    }
  };
  return {
    async has(path) {
      const folder = dirname(path);
      const known = folders.get(folder) ?? list(folder);
      folders.set(folder, known);
      return (await known).has(path);
    },
  };
}
