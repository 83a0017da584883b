import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  CheckpointError,
  emptyCheckpoint,
  lastCheckpoint,
  openCheckpointLog,
} from '../../../collect/checkpoint.ts';
import { makeFolder, makeFolders } from '../../../collect/folders.ts';
import { layoutOf } from '../../../collect/layout.ts';
import { writeFileAtomic } from '../../../core/atomic-file.ts';
import type { Clock } from '../../../core/clock.ts';
import { disk } from '../../../core/files.ts';
import { lockFolder } from '../../../core/folder-lock.ts';
import { bootId } from '../../../core/processes.ts';
import { asError, errorCode, ok, type Result } from '../../../core/result.ts';
import { STREAM_FOLDER } from './old-files.ts';
import { type ImportRecord } from './record.ts';
import { type ImportTrouble, trouble, unreadable } from './trouble.ts';

/** What was taken over, below the new folder. */
export function recordPath(into: string): string {
  return join(layoutOf(into).own, 'imported.json');
}

/** Whether a collector can begin in a folder. Changes nothing. @param dir the old folder. Both absolute. */
export async function checkTarget(dir: string, into: string): Promise<Result<void, ImportTrouble>> {
  const layout = layoutOf(into);
  const inside = relative(join(dir, STREAM_FOLDER), into);
  if (inside !== '..' && !inside.startsWith('../')) {
    return trouble(
      `cannot import into ${into}: sinitaivas-live’s own scripts pack and delete what lies in ${STREAM_FOLDER}; name another folder with --into`,
    );
  }
  try {
    const { checkpoint } = lastCheckpoint(await readOrEmpty(layout.checkpoint), layout.checkpoint);
    if (checkpoint !== undefined) {
      return trouble(
        `cannot import into ${into}: it has a checkpoint already (cursor ${checkpoint.cursor ?? '-'}, ${checkpoint.k} lines); name another folder with --into`,
      );
    }
    const names = await readdir(into).catch(emptyIfMissing);
    const day = names.find((name) => /^\d{4}-\d{2}-\d{2}$/.test(name));
    if (day !== undefined || (await readOrEmpty(layout.manifest)).length > 0) {
      return trouble(
        `cannot import into ${into}: ${day ?? '.vahti/manifest.ndjson'} lies there already; name an empty folder with --into`,
      );
    }
  } catch (thrown) {
    if (thrown instanceof CheckpointError) return trouble(`cannot import into ${into}: ${thrown.message}`);
    return unreadable(into, thrown);
  }
  return ok(undefined);
}

/**
 * Makes the folder that a collector goes on in: what was taken over, then the checkpoint. Only with the latter is it done;
 * killed before, it can be done again.
 * @param latest the latest that anything up to the cursor can have been sent, milliseconds.
 */
export async function takeOver(
  into: string,
  record: ImportRecord,
  latest: number,
  clock: Clock,
): Promise<Result<void, ImportTrouble>> {
  const layout = layoutOf(into);
  try {
    await makeFolders(disk, into);
    await makeFolder(disk, layout.own);
    const lock = lockFolder(layout.own, { what: 'vahti import', clock });
    if (!lock.ok) return trouble(lock.error.message, lock.error.kind === 'held' ? 'locked' : 'failed');
    try {
      const free = await checkTarget(record.dir, into);
      if (!free.ok) return free;
      await writeFileAtomic(recordPath(into), `${JSON.stringify(record, null, 2)}\n`);
      const log = await openCheckpointLog(disk, layout, 0);
      const { cursor } = record;
      await log.append({
        ...emptyCheckpoint(bootId()),
        cursor,
        latest: Math.round(latest),
        time: clock.now(),
      });
      await log.close();
    } finally {
      lock.value.release();
    }
  } catch (thrown) {
    return trouble(`cannot write to ${into}: ${asError(thrown).message}`);
  }
  return ok(undefined);
}

async function readOrEmpty(path: string): Promise<Buffer> {
  return readFile(path).catch((thrown: unknown) => Buffer.from(emptyIfMissing(thrown)));
}

function emptyIfMissing(thrown: unknown): never[] {
  if (errorCode(thrown) === 'ENOENT') return [];
  throw thrown;
}
