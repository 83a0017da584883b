import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, errorCode, ok, type Result } from '../../../core/result.ts';
import { type ImportTrouble, unreadable } from './trouble.ts';

/** What `cursors.json` says; the old program wrote it anew for every commit, not atomically, so it may say anything. */
export interface CursorFile {
  readonly path: string;
  readonly state: 'usable' | 'missing' | 'empty' | 'unusable';
  /** The number of the last commit that was done with; undefined unless usable. */
  readonly cursor: number | undefined;
  /** When it was written, milliseconds since 1970 UTC, as its own file says; NaN where it is missing. */
  readonly modified: number;
  /** Why it is not usable, in words; empty where it is. */
  readonly reason: string;
}

export async function readCursorFile(dir: string): Promise<Result<CursorFile, ImportTrouble>> {
  const path = join(dir, 'cursors.json');
  const found = (state: CursorFile['state'], modified: number, reason: string, cursor?: number) =>
    ok({ path, state, cursor, modified, reason });
  let text: string;
  let modified: number;
  try {
    text = await readFile(path, 'utf8');
    modified = (await stat(path)).mtimeMs;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return found('missing', Number.NaN, 'it is not there');
    return unreadable(path, thrown);
  }
  if (text.trim() === '')
    return found('empty', modified, 'it is empty: the program was ended while it wrote');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    return found('unusable', modified, `it is not JSON: ${asError(thrown).message}`);
  }
  const cursor = (value as { streamer?: { cursor?: unknown } | null } | null)?.streamer?.cursor;
  if (typeof cursor === 'number' && Number.isSafeInteger(cursor) && cursor > 0)
    return found('usable', modified, '', cursor);
  const shown = cursor === undefined ? 'no streamer.cursor' : `the cursor ${JSON.stringify(cursor)}`;
  return found('unusable', modified, `it has ${shown.slice(0, 80)}`);
}
