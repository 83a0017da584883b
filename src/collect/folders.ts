import { dirname } from 'node:path';
import type { Files } from '../core/files.ts';
import { errorCode } from '../core/result.ts';

/** Makes one folder, its name durable in the folder above; nothing where it is there. */
export async function makeFolder(files: Files, path: string): Promise<void> {
  try {
    await files.mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
  await files.syncFolder(dirname(path));
}

/** The same with every folder above it that is missing. */
export async function makeFolders(files: Files, path: string): Promise<void> {
  try {
    await makeFolder(files, path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolders(files, dirname(path));
    await makeFolder(files, path);
  }
}
