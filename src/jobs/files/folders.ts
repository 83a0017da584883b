import { dirname, join } from 'node:path';
import type { Files } from '../../core/files.ts';
import { lookAt } from './identity.ts';
import { durably, LeftAlone } from './trouble.ts';

/**
 * Makes folders below a root, each durable in the one above it; never through a link.
 * @param folder relative to the root.
 * @throws LeftAlone where something else is in the way.
 */
export async function makeFolders(files: Files, root: string, folder: string): Promise<void> {
  if (folder === '.') return;
  await makeFolders(files, root, dirname(folder));
  const path = join(root, folder);
  const there = await lookAt(path).catch(() => undefined);
  if (there?.kind === 'folder') return;
  if (there !== undefined) throw new LeftAlone(`${folder} is no folder here`);
  await files.mkdir(path);
  await durably(`the name of ${path}`, files.syncFolder(dirname(path)));
}
