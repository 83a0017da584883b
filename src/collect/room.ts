import { statfs } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import type { Files } from '../core/files.ts';
import { errorCode } from '../core/result.ts';

/** How often a full disk is looked at again. */
const LOOK_MS = 1_000;

/** The room that a disk has, and what is left to others. */
export interface Room {
  /** Bytes that an ordinary user can still take. */
  free(): Promise<number>;
  /** Below so many free bytes nothing is written: a disk that is full to the last byte hurts everybody on it. */
  readonly floor: number;
}

export function diskRoom(folder: string, floor: number): Room {
  return {
    floor,
    async free() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}

/**
 * The same files, but a write that finds no room waits for some and is done again at the same place, so a full disk is
 * an interruption and not an error. Not so `datasync`: a sync that failed may have lost data, and is never tried again.
 *
 * @param told is called once with the reason when the waiting begins, and with null when it is over.
 */
export function waitingForRoom(
  files: Files,
  room: Room,
  clock: Clock,
  stop: AbortSignal,
  told: (trouble: string | null) => void,
): Files {
  let checkedAt = Number.NEGATIVE_INFINITY;

  const short = async (): Promise<string | undefined> => {
    const free = await room.free();
    return free < room.floor ? `${free} bytes are free, ${room.floor} are left to others` : undefined;
  };

  /** Waits until the disk has room; `trouble` is what was found first. Rejects when everything is to stop. */
  const waitForRoom = async (trouble: string): Promise<void> => {
    told(trouble);
    do {
      if (!(await clock.sleep(LOOK_MS, stop))) throw new Error(`cannot go on: ${trouble}`);
    } while ((await short()) !== undefined);
    told(null);
  };

  const check = async (): Promise<void> => {
    if (clock.monotonic() - checkedAt < LOOK_MS) return;
    const trouble = await short();
    if (trouble !== undefined) await waitForRoom(trouble);
    checkedAt = clock.monotonic();
  };

  const patiently = async <T>(operation: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        await check();
        return await operation();
      } catch (error) {
        const code = errorCode(error);
        if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
        checkedAt = Number.NEGATIVE_INFINITY;
        await waitForRoom(code === 'ENOSPC' ? 'the disk is full' : 'the quota is used up');
      }
    }
  };

  return {
    ...files,
    open: (path, how) => (how === 'create' ? patiently(() => files.open(path, how)) : files.open(path, how)),
    write: (fd, data, position) => patiently(() => files.write(fd, data, position)),
    mkdir: (path) => patiently(() => files.mkdir(path)),
    rename: (from, to) => patiently(() => files.rename(from, to)),
  };
}
