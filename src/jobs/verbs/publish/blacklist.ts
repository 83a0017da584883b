import { readFile } from 'node:fs/promises';
import { basename, matchesGlob } from 'node:path';
import { asError, err, ok, type Result } from '../../../core/result.ts';

/** Whether one of the names of a file stands in the list. */
export type Blacklist = (names: readonly string[]) => boolean;

/** Reads a list of names and patterns, one a line; `#` begins a comment. The error is a whole sentence. */
export async function readBlacklist(path: string | undefined): Promise<Result<Blacklist, string>> {
  if (path === undefined) return ok(() => false);
  try {
    const lines = (await readFile(path, 'utf8')).split(/\r?\n/).map((line) => line.trim());
    return ok(blacklistOf(lines.filter((line) => line !== '' && !line.startsWith('#'))));
  } catch (thrown) {
    return err(
      `cannot read the blacklist ${path}: ${asError(thrown).message}; nothing is published without it`,
    );
  }
}

/** Each name counts as a path, and as its last part. */
function blacklistOf(lines: readonly string[]): Blacklist {
  const exact = new Set(lines);
  const patterns = lines.filter((line) => /[*?[\]{}]/.test(line));
  return (names) =>
    names
      .flatMap((name) => [name, basename(name)])
      .some((name) => exact.has(name) || patterns.some((pattern) => matchesGlob(name, pattern)));
}
