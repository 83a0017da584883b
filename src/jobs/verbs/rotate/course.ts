import { lstat, stat } from 'node:fs/promises';
import { basename, join, matchesGlob } from 'node:path';
import { ARCHIVE_FORMATS, archivePath } from '../../../core/archive-file.ts';
import { TEMPORARY_FILE } from '../../../core/atomic-file.ts';
import type { Files } from '../../../core/files.ts';
import { errorCode } from '../../../core/result.ts';
import type { VerbContext } from '../../../core/verb.ts';
import type { Holders } from '../../files/holders.ts';
import type { Tally } from '../../files/outcome.ts';
import type { Root } from '../../files/root.ts';
import type { Programs } from '../../program.ts';
import type { Packing } from '../archive/packing.ts';
import { isMark } from './mark.ts';
import { freeRotatedPath, readRotated } from './names.ts';
import type { RotateOptions } from './options.ts';

/** What all steps of a run work with. */
export interface Course {
  readonly options: RotateOptions;
  readonly context: VerbContext;
  readonly root: Root;
  readonly files: Files;
  readonly packing: Packing;
  readonly holders: Holders;
  /** Gives back the room of a range of an open file. */
  readonly punch: Punch;
  readonly programs: Programs;
  readonly tally: Tally;
}

/**
 * Gives back the room of a range of an open file, whose length stays. The error says why it cannot be done.
 * @param from first byte; @param to behind the last one.
 */
export type Punch = (fd: number, from: number, to: number) => Promise<string | undefined>;

/** Whether a path is a log's, by the config: neither what was rotated nor what is in the making. */
export function isLog(path: string, { files, exclude }: RotateOptions): boolean {
  return (
    files.some((pattern) => matchesGlob(path, pattern)) &&
    exclude?.some((pattern) => matchesGlob(path, pattern)) !== true &&
    readRotated(path) === undefined &&
    !TEMPORARY_FILE.test(basename(path)) &&
    !isMark(path)
  );
}

/** When a log was last rotated, or else made; milliseconds. 0 where its file system does not say. */
export async function sinceWhen(root: Root, log: string): Promise<number> {
  const { birthtimeMs } = await stat(join(root.path, log));
  let latest = birthtimeMs;
  for (const path of [...root.tree.entries.keys(), ...root.rows.keys()]) {
    const rotated = path.startsWith(log) ? readRotated(path) : undefined;
    if (rotated?.log === log) latest = Math.max(latest, rotated.at);
  }
  return latest;
}

/** A name that no rotated log has, nor had: neither on the disk, in any form, nor in the ledger. */
export function newName({ root, context }: Course, log: string): Promise<string> {
  return freeRotatedPath(log, context.clock.now(), async (path) => {
    if (context.ledger.file(root.path, path) !== undefined) return true;
    for (const form of [path, ...ARCHIVE_FORMATS.map((format) => archivePath(path, format))])
      if (await exists(join(root.path, form))) return true;
    return false;
  });
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (thrown: unknown) => {
      if (errorCode(thrown) === 'ENOENT') return false;
      throw thrown;
    },
  );
}
