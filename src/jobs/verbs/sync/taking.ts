import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { splitArchivePath } from '../../../core/archive-file.ts';
import type { LedgerFile } from '../../../core/ledger.ts';
import { readContent } from '../../files/content.ts';
import type { FileLook } from '../../files/identity.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { createPacking } from '../archive/packing.ts';
import type { Course } from './course.ts';
import type { SyncOptions } from './options.ts';
import type { Root } from '../../files/root.ts';
import type { Item } from './source.ts';

/** A file that was read here and is in the ledger, ready to be carried. */
export interface Taken {
  /** As it lies there, and the row that it belongs to. */
  readonly path: string;
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Where it was read: a link's other end, where links are copied. */
  readonly full: string;
  readonly look: FileLook;
}

/**
 * Reads a file and takes it into the ledger, before anything of it is sent: what was proved of an older content holds no longer.
 * @throws LeftAlone with the reason why it is not to be sent; Node's system errors.
 */
export async function takeIn(course: Course, item: Item): Promise<Taken> {
  const { root, options } = course;
  const own = join(root.path, item.path);
  const full =
    options.links === 'copy' && root.tree.entries.get(item.path) === 'link' ? await realpath(own) : own;
  return item.isArchive ? takeArchive(course, item, full) : takeFile(course, item, full);
}

/** Where a file is read: where links are copied, at their other end. */
export async function fullPath(root: Root, { links }: SyncOptions, path: string): Promise<string> {
  const own = join(root.path, path);
  return links === 'copy' && root.tree.entries.get(path) === 'link' ? realpath(own) : own;
}

async function takeFile({ root, ledger, files, signal }: Course, item: Item, full: string): Promise<Taken> {
  const { path, name, expected } = item;
  const content = await readContent(full, signal, files);
  const { sha256, bytes, look } = content;
  if (expected !== undefined && (sha256 !== expected.sha256 || bytes !== expected.bytes))
    throw new LeftAlone('its checksum is not the one of the manifest: it changed since it was closed');
  const row = ledger.file(root.path, name);
  if (row !== undefined && row.sha256 !== sha256) refuseOther(row, look);
  ledger.take({ root: root.path, path: name, sha256, bytes, mtimeMs: look.mtimeMs });
  return { path, name, sha256, bytes, full, look };
}

/** A name whose content was archived or deleted on the word of its copies belongs to that content. */
function refuseOther(row: LedgerFile, look: FileLook): void {
  if (row.archived !== null || row.purged !== null || row.purging !== null)
    throw new LeftAlone(
      'another content of this name was archived or deleted before; rename this one, or it would take its place there',
    );
  if (row.bytes === look.bytes && row.mtimeMs === look.mtimeMs)
    throw new LeftAlone(
      'its bytes changed, but neither its size nor its time: is the disk faulty? If it is meant, touch it',
    );
}

async function takeArchive(course: Course, item: Item, full: string): Promise<Taken> {
  const { root, ledger, files, signal, clock } = course;
  const { path, name, expected } = item;
  const row = ledger.file(root.path, name);
  if (row !== undefined && row.archived?.path === path) {
    const { sha256, bytes, look } = await readContent(full, signal, files);
    if (sha256 !== row.archived.sha256)
      throw new LeftAlone('it is not the archive that was made: it changed since');
    // One that was deleted and is there again.
    const { sha256: of, bytes: ofBytes, mtimeMs } = row;
    if (row.purged !== null)
      ledger.take({ root: root.path, path: name, sha256: of, bytes: ofBytes, mtimeMs });
    return { path, name, sha256, bytes, full, look };
  }
  const format = splitArchivePath(path)?.format;
  if (format === undefined) throw new Error(`cannot happen: ${path} is no archive`);
  const unpacked = await createPacking(files)
    .unpack(full, format, signal)
    .catch((thrown: unknown) => {
      // What others have made in a form of their own is a file as any other.
      if (thrown instanceof LeftAlone && expected === undefined) return undefined;
      throw thrown;
    });
  if (unpacked === undefined) return takeFile(course, { ...item, name: path, isArchive: false }, full);
  const { content, archive } = unpacked;
  if (expected !== undefined && (content.sha256 !== expected.sha256 || content.bytes !== expected.bytes))
    throw new LeftAlone('what is in this archive is not what the manifest says');
  const { sha256, bytes, look } = archive;
  if (row !== undefined && row.sha256 !== content.sha256)
    throw new LeftAlone(`it is the archive of another content than ${name} had; rename it`);
  if (row !== undefined && row.archived !== null)
    throw new LeftAlone(`${name} has another archive, ${row.archived.path}`);
  ledger.take({ root: root.path, path: name, ...content, mtimeMs: look.mtimeMs });
  ledger.archived(root.path, name, { path, sha256, bytes, at: clock.now() });
  return { path, name, sha256, bytes, full, look };
}
