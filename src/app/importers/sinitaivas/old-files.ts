import { closeSync, openSync, readSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, ok, type Result } from '../../../core/result.ts';
import { readContent } from './read-old-file.ts';
import { type ImportTrouble, unreadable } from './trouble.ts';

/** A file that sinitaivas-live, or its cron, wrote. */
export interface OldFile {
  /** Below the old folder: `firehose_stream/2026-07-04/2026-07-04T14.ndjson.gz`. */
  readonly path: string;
  /** `2026-07-04T14`: the hour, in UTC, in which its lines were written. */
  readonly hour: string;
  readonly gzip: boolean;
  readonly size: number;
  readonly mtimeMs: number;
}

export const STREAM_FOLDER = 'firehose_stream';
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const FILE = /^(\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]))\.ndjson(\.gz)?$/;

export interface OldFiles {
  /** By hour; a packed one before the unpacked one of its hour. */
  readonly files: readonly OldFile[];
  /** What else lies there, and is left alone. */
  readonly others: readonly string[];
}

export async function findOldFiles(dir: string): Promise<Result<OldFiles, ImportTrouble>> {
  const files: OldFile[] = [];
  const others: string[] = [];
  const root = join(dir, STREAM_FOLDER);
  try {
    for (const day of await readdir(root)) {
      if (!DAY.test(day) || !(await stat(join(root, day))).isDirectory()) {
        others.push(`${STREAM_FOLDER}/${day}`);
        continue;
      }
      for (const name of await readdir(join(root, day))) {
        const path = `${STREAM_FOLDER}/${day}/${name}`;
        const match = FILE.exec(name);
        const found = await stat(join(dir, path));
        if (match === null || !name.startsWith(day) || !found.isFile()) others.push(path);
        else
          files.push({
            path,
            hour: match[1] as string,
            gzip: match[2] !== undefined,
            size: found.size,
            mtimeMs: found.mtimeMs,
          });
      }
    }
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') return unreadable(root, thrown);
  }
  files.sort((a, b) => (a.hour === b.hour ? Number(b.gzip) - Number(a.gzip) : a.hour < b.hour ? -1 : 1));
  return ok({ files, others: others.sort() });
}

/** An hour as milliseconds since 1970 UTC. */
export function hourStart(hour: string): number {
  return Date.parse(`${hour}:00:00Z`);
}

/**
 * Of an hour that is there packed and unpacked: which of the two holds all that the other has. `both` where they differ, as
 * when the collector went on writing after the hour was packed.
 */
export async function whichCounts(
  dir: string,
  packed: OldFile,
  plain: OldFile,
): Promise<'plain' | 'packed' | 'both'> {
  const fd = openSync(join(dir, plain.path), 'r');
  try {
    let same = true;
    let at = 0;
    let plainEnded = false;
    const { contentBytes } = await readContent(
      { path: join(dir, packed.path), gzip: true, progress: () => {} },
      (content) => {
        if (!same || plainEnded) return;
        const other = readAt(fd, at, content.length);
        at += other.length;
        same = other.equals(content.subarray(0, other.length));
        plainEnded = other.length < content.length;
      },
    );
    if (!same) return 'both';
    return contentBytes > at ? 'packed' : 'plain';
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = readSync(fd, buffer, done, length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return buffer.subarray(0, done);
}
