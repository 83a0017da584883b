import { createHash } from 'node:crypto';
import { chmod, lutimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from '../../../core/files.ts';
import { errorCode } from '../../../core/result.ts';
import { approximateSize } from '../../../core/sizes.ts';
import { readContent } from '../../files/content.ts';
import { durably, LeftAlone } from '../../files/trouble.ts';
import { type Entry, safePath } from './entry.ts';

/** What may come out of an archive. */
export interface Caps {
  readonly files: number;
  readonly bytes: number;
  readonly ratio: number;
  /** Of the archive, bytes. */
  readonly archiveBytes: number;
  readonly links: 'refuse' | 'skip';
}

export interface Extracted {
  readonly files: number;
  readonly bytes: number;
  /** Links that were left out. */
  readonly skipped: number;
}

/** Up to so much the ratio counts for nothing, bytes. */
const SMALL = 1_048_576;

/** What stands around the content of one entry in a tar file, at the most in good faith; bytes. */
const AROUND = 4_096;

/** How much may come out of a compressed tar file, bytes. */
export function mostUnpacked({ files, bytes, ratio, archiveBytes }: Caps): number {
  return Math.min(bytes, Math.max(SMALL, archiveBytes * ratio)) + files * AROUND + SMALL;
}

/**
 * Writes the entries of an archive into an empty folder of our own, each durable and read back. Names are made by no other way than
 * `safePath`, no link is ever made, and no file is ever opened that is there already; so nothing comes to lie elsewhere.
 * @throws LeftAlone where the archive is refused; then the folder holds what had come.
 */
export async function extract(
  entries: AsyncIterable<Entry>,
  folder: string,
  caps: Caps,
  files: Files,
  signal: AbortSignal,
): Promise<Extracted> {
  const made = new Set<string>(['']);
  const times = new Map<string, number>();
  const total = { entries: 0, files: 0, bytes: 0, skipped: 0 };
  const count = (bytes: number): void => {
    total.bytes += bytes;
    if (total.bytes > caps.bytes)
      throw new LeftAlone(`more than ${approximateSize(caps.bytes)} come out of it (max-bytes)`);
    if (total.bytes > SMALL && total.bytes > caps.archiveBytes * caps.ratio)
      throw new LeftAlone(`more than ${caps.ratio} times its size comes out of it (max-ratio)`);
  };
  for await (const entry of entries) {
    signal.throwIfAborted();
    total.entries += 1;
    if (total.entries > caps.files) throw new LeftAlone(`it has more than ${caps.files} entries (max-files)`);
    const path = safePath(entry.name);
    if (entry.kind === 'link') {
      if (caps.links === 'refuse')
        throw new LeftAlone(
          `its entry ${JSON.stringify(entry.name)} is a link; with \`links: skip\` it is left out`,
        );
      total.skipped += 1;
    } else if (entry.kind === 'folder') {
      await makeFolder(files, folder, path, made);
      if (entry.mtimeMs !== undefined) times.set(path, entry.mtimeMs);
    } else {
      if (path === '') throw new LeftAlone('it has a file without a name');
      await makeFolder(files, folder, dirname(path) === '.' ? '' : dirname(path), made);
      await writeOne(entry, join(folder, path), count, files, signal);
      total.files += 1;
    }
  }
  // The deepest first: what is made within a folder changes its time.
  for (const path of [...made].toReversed()) {
    const full = join(folder, path);
    await durably(`the names in ${full}`, files.syncFolder(full));
    const time = times.get(path);
    if (time !== undefined) await setTime(full, time);
  }
  return total;
}

async function makeFolder(files: Files, folder: string, path: string, made: Set<string>): Promise<void> {
  if (made.has(path)) return;
  await makeFolder(files, folder, dirname(path) === '.' ? '' : dirname(path), made);
  try {
    await files.mkdir(join(folder, path));
  } catch (thrown) {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
    throw new LeftAlone(`it has a file and a folder of one name, ${JSON.stringify(path)}`);
  }
  await chmod(join(folder, path), 0o755);
  made.add(path);
}

async function writeOne(
  entry: Entry,
  path: string,
  count: (bytes: number) => void,
  files: Files,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256');
  const fd = await files.open(path, 'create').catch((thrown: unknown) => {
    const code = errorCode(thrown);
    if (code === 'EEXIST' || code === 'EISDIR')
      throw new LeftAlone(`it has two entries of one name, ${JSON.stringify(entry.name)}`);
    throw thrown;
  });
  try {
    let at = 0;
    for await (const piece of entry.content()) {
      signal.throwIfAborted();
      count(piece.length);
      await files.write(fd, piece, at);
      hash.update(piece);
      at += piece.length;
    }
    await files.datasync(fd);
  } finally {
    await files.close(fd);
  }
  await chmod(path, entry.isExecutable ? 0o755 : 0o644);
  if (entry.mtimeMs !== undefined) await setTime(path, entry.mtimeMs);
  if ((await readContent(path, signal, files)).sha256 !== hash.digest('hex'))
    throw new LeftAlone(
      'what was written of it does not read back as it was; is the disk or the memory faulty?',
    );
}

/** A time that no file can have is left out. */
async function setTime(path: string, mtimeMs: number): Promise<void> {
  if (!Number.isFinite(mtimeMs) || mtimeMs < 0 || mtimeMs > 8e12) return;
  await lutimes(path, mtimeMs / 1000, mtimeMs / 1000);
}
