import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '../core/files.ts';
import type { Layout } from './layout.ts';

/** How many cut pieces are kept, newest first; each is at most one commit long. */
const KEPT = 16;
const CHUNK = 1_048_576;

/** Keeps the bytes of an open file from `start` to `end` in `.vahti/cut/`, durably, before they are cut off. */
export async function saveTail(
  files: Files,
  layout: Layout,
  fd: number,
  label: string,
  start: number,
  end: number,
): Promise<void> {
  const out = await files.open(await cutName(layout, `${label}.from-${start}`), 'create');
  for (let at = start; at < end; at += CHUNK) {
    await files.write(out, await files.read(fd, at, Math.min(CHUNK, end - at)), at - start);
  }
  await files.datasync(out);
  await files.close(out);
  await files.syncFolder(layout.cut);
}

/** Moves a whole file, named relative to the root, into `.vahti/cut/`. */
export async function setAside(files: Files, layout: Layout, relative: string): Promise<void> {
  await files.rename(join(layout.root, relative), await cutName(layout, relative));
  await files.syncFolder(layout.cut);
}

/** A fresh name that sorts behind all that are there; the oldest beyond the limit go. */
async function cutName(layout: Layout, label: string): Promise<string> {
  const names = (await readdir(layout.cut)).sort();
  const last = Number.parseInt(names.at(-1)?.slice(0, 8) ?? '0', 10) || 0;
  for (const name of names.slice(0, Math.max(0, names.length - KEPT + 1)))
    await unlink(join(layout.cut, name));
  return join(layout.cut, `${String(last + 1).padStart(8, '0')}-${label.replaceAll('/', '_')}`);
}
