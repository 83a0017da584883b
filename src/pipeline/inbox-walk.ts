import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../core/result.ts';
import { compileGlob } from './inbox/names.ts';

/** A glob of paths below a folder as a function of them; one without a slash is one of base names. */
export function globFilter(glob: string): (path: string) => boolean {
  const whole = compileGlob(glob);
  if (glob.includes('/')) return whole;
  return (path) => whole(path.slice(path.lastIndexOf('/') + 1));
}

/** Every regular file below a folder, by its path below it, sorted. A folder that goes away meanwhile is left out. */
export async function* filesBelow(root: string, folder = ''): AsyncGenerator<string, void> {
  const entries = [];
  try {
    for await (const entry of await opendir(join(root, folder))) entries.push(entry);
  } catch (thrown) {
    if (folder !== '' && errorCode(thrown) === 'ENOENT') return;
    throw thrown;
  }
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(root, path);
    else if (entry.isFile()) yield path;
  }
}
