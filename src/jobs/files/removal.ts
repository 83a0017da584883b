import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Files } from '../../core/files.ts';
import { type Identity, isSame, lookAt } from './identity.ts';
import { durably, LeftAlone } from './trouble.ts';
import type { Writers } from './writers.ts';

/**
 * Deletes a file whose content was just read: only if it still is the one that was read, lies where it did (no folder on the way has
 * become a link), and nobody has it open for writing. Durable when it resolves.
 * @param path absolute, and real when the run began.
 * @throws LeftAlone where any of this is not so.
 */
export async function removeProved(
  files: Files,
  path: string,
  seen: Identity,
  writers: Writers,
): Promise<void> {
  const folder = dirname(path);
  if (writers.has(path)) throw new LeftAlone('a process has it open for writing');
  if ((await realpath(folder)) !== folder) throw new LeftAlone(`${folder} is not the folder that it was`);
  if (!isSame(seen, await lookAt(path))) throw new LeftAlone('it changed since it was read');
  await files.unlink(path);
  await durably(`the end of ${path}`, files.syncFolder(folder));
}
