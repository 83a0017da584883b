import { stat } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { splitArchivePath } from '../../../core/archive-file.ts';
import { TEMPORARY_FILE, writeFileAtomic } from '../../../core/atomic-file.ts';
import type { LedgerCopy, LedgerFile } from '../../../core/ledger.ts';
import { err, errorCode, ok, type Result } from '../../../core/result.ts';
import { STAGING } from '../../far/far.ts';
import type { Root } from '../../files/root.ts';
import type { SyncOptions } from './options.ts';

/** A file that without it nothing is sent from a folder: on a disk that is not mounted there is none. */
const SENTINEL = '.vahti-source';

/** One file to be carried, in the form in which it lies there. */
export interface Item {
  /** What lies there: the file itself, or its archive. */
  readonly path: string;
  /** The path that the ledger knows it by. */
  readonly name: string;
  readonly isArchive: boolean;
  /** What a collector's manifest says of the file itself. */
  readonly expected: { readonly sha256: string; readonly bytes: number } | undefined;
}

export interface Selection {
  readonly items: readonly Item[];
  /** Symbolic links that are carried as links: there is nothing in them to be proved. */
  readonly links: readonly string[];
  /** What was asked for and can't be carried, each with the reason. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

/** What `include`, `exclude` and `files` leave. */
export function createFilter({ include, exclude, files }: SyncOptions): (path: string) => boolean {
  const named = files === undefined ? undefined : new Set(files);
  return (path) =>
    (named === undefined || named.has(path)) &&
    (include === undefined || include.some((pattern) => matchesGlob(path, pattern))) &&
    exclude?.some((pattern) => matchesGlob(path, pattern)) !== true;
}

/**
 * What there is to be carried: of a collector's folder the closed parts or their archives, of another every file. Of a file that lies
 * there with its archive only one of them.
 */
export function select(root: Root, options: SyncOptions): Selection {
  const filter = createFilter(options);
  const refused = [...root.tree.closed];
  const links: string[] = [];
  const items = new Map<string, Item>();
  const identify = root.manifest === undefined ? plainFiles(root) : parts(root.manifest);
  for (const [path, kind] of root.tree.entries) {
    const item = isOurs(path) || !filter(path) ? undefined : identify(path);
    if (item === undefined) continue;
    if (kind === 'other') refused.push({ path, reason: 'it is neither a file nor a link' });
    else if (kind === 'link' && item.expected !== undefined)
      refused.push({ path, reason: 'it is a symbolic link' });
    else if (kind === 'link' && options.links === 'keep') links.push(path);
    else if (kind === 'file' || options.links === 'copy') {
      const other = items.get(item.name);
      if (other === undefined || isKnownArchive(item, root.rows.get(item.name))) items.set(item.name, item);
    }
  }
  for (const path of options.files ?? []) {
    if (!root.tree.entries.has(path)) refused.push({ path, reason: 'it is not there' });
  }
  return { items: [...items.values()], links, refused };
}

/** Vahti's own files, and what is in the making. */
function isOurs(path: string): boolean {
  const names = path.split('/');
  return path === SENTINEL || names.includes(STAGING) || names.some((name) => TEMPORARY_FILE.test(name));
}

/** What is no closed part, nor the archive of one, is not to be carried. */
function parts(manifest: NonNullable<Root['manifest']>): (path: string) => Item | undefined {
  return (path) => {
    const name = manifest.has(path) ? path : splitArchivePath(path)?.path;
    const expected = name === undefined ? undefined : manifest.get(name);
    return name === undefined || expected === undefined
      ? undefined
      : { path, name, isArchive: name !== path, expected };
  };
}

/** An archive beside the file of its name is a file of its own, if the ledger does not say otherwise. */
function plainFiles({ rows, tree }: Root): (path: string) => Item {
  const archived = new Map(
    [...rows.values()].flatMap(({ path, archived: form }) =>
      form === null ? [] : [[form.path, path] as const],
    ),
  );
  return (path) => {
    const split = splitArchivePath(path);
    const isAlone = split !== undefined && !rows.has(path) && !tree.entries.has(split.path);
    const name = archived.get(path) ?? (isAlone ? split.path : path);
    return { path, name, isArchive: name !== path, expected: undefined };
  };
}

function isKnownArchive({ path, isArchive }: Item, row: LedgerFile | undefined): boolean {
  return isArchive && row?.archived?.path === path;
}

/** Whether a form of a file is what a copy proves: no more is to be done for it. */
export function isProved(
  { path, isArchive }: Item,
  row: LedgerFile | undefined,
  copy: LedgerCopy | undefined,
): boolean {
  if (row === undefined || copy === undefined || row.purged !== null || copy.path !== path) return false;
  const form = isArchive ? row.archived : row;
  return (
    form !== null &&
    form.sha256 === copy.sha256 &&
    form.bytes === copy.bytes &&
    (!isArchive || form.path === path)
  );
}

/**
 * Looks for the sentinel of a folder that was sent before. The error is a whole sentence.
 * @param wasSent this job has copies of files of it.
 */
export async function checkSentinel(
  { path, manifest }: Root,
  { root, sentinel }: SyncOptions,
  wasSent: boolean,
): Promise<Result<'there' | 'missing', string>> {
  if (manifest !== undefined || sentinel === false) return ok('there');
  const there = await stat(join(path, SENTINEL)).catch((thrown: unknown) => {
    if (errorCode(thrown) === undefined) throw thrown;
    return undefined;
  });
  if (there !== undefined) return ok('there');
  if (!wasSent) return ok('missing');
  const why = `${SENTINEL} is not there, which was put there when it was first sent`;
  return err(
    `cannot sync ${root}: ${why}; is its disk not mounted? If all is well, make it anew: touch ${join(root, SENTINEL)}`,
  );
}

export async function putSentinel(root: string, job: string): Promise<void> {
  const text = `The job ${job} of Vahti sends this folder. Without this file it takes the disk for not mounted, and sends nothing.\n`;
  await writeFileAtomic(join(root, SENTINEL), text, { mode: 0o644 });
}
