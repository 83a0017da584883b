import { randomBytes } from 'node:crypto';
import { readFile, chmod } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { disk, type Files } from './files.ts';
import { asError, err, errorCode, ok, type Result } from './result.ts';

export interface AtomicWriteOptions {
  /** Permission bits of the file; without them, those of a new file under the umask. */
  readonly mode?: number;
  readonly files?: Files;
}

/** What a temporary file of `writeFileAtomic` looks like, so that a cleaner can find what a kill left behind. */
export const TEMPORARY_FILE = /^\..+\.[0-9a-f]{12}\.tmp$/;

/** A new name beside a path for what is to become it. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/**
 * Puts `data` at `path` so that a reader sees either the old file or the new one, whole, whatever is killed when;
 * durable when it resolves. Rejects with the system error, and leaves the old file as it was, except where only
 * the last step failed (making the name durable): then either may be found after a power cut.
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  { mode, files = disk }: AtomicWriteOptions = {},
): Promise<void> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const temporary = temporaryPath(path);
  const fd = await files.open(temporary, 'create');
  try {
    try {
      // Before the first byte, so that a secret is never readable for longer than an empty file.
      if (mode !== undefined) await chmod(temporary, mode);
      await files.write(fd, bytes, 0);
      await files.datasync(fd);
    } finally {
      await files.close(fd);
    }
    await files.rename(temporary, path);
  } catch (thrown) {
    await files.unlink(temporary).catch(() => undefined);
    throw thrown;
  }
  await files.syncFolder(dirname(path));
}

/** Why a file could not be read as JSON. */
export interface JsonFileError {
  readonly kind: 'missing' | 'unreadable' | 'not-json';
  readonly message: string;
}

/** A file's JSON, unchecked: the caller's schema says whether it is what was expected. */
export async function readJsonFile(path: string): Promise<Result<unknown, JsonFileError>> {
  let content: string;
  try {
    content = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT')
      return err({ kind: 'missing', message: `cannot read ${path}: no such file` });
    if (errorCode(thrown) === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      return err({ kind: 'not-json', message: `cannot read ${path}: not UTF-8` });
    return err({ kind: 'unreadable', message: `cannot read ${path}: ${asError(thrown).message}` });
  }
  try {
    return ok(JSON.parse(content));
  } catch (thrown) {
    return err({ kind: 'not-json', message: `cannot read ${path}: not JSON: ${asError(thrown).message}` });
  }
}
