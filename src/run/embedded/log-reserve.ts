import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { errorCode } from '../../core/result.ts';

/**
 * Room on the disk that is held for last words: a file of so many bytes, given up when the disk is full, so that the last
 * lines, and that the disk is full, can still be written; taken again when there is room.
 */
export interface LogReserve {
  readonly bytes: number;
  /** Takes the room, unless it is held. False while the disk is too full for it; any other trouble counts as taken. */
  take(): Promise<boolean>;
  /** Gives it up; false where there was none. */
  give(): Promise<boolean>;
}

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = fs.constants;
/** A disk that has just room for the reserve is full again at once: so many times that must be free. */
const ROOM = 4;

/** What a disk says that has no room left. */
export function isFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export function createLogReserve(file: string, bytes: number): LogReserve {
  let held = false;
  return {
    bytes,
    async take() {
      if (held) return true;
      try {
        await fs.promises.mkdir(path.dirname(file), { recursive: true });
        if (await isThere(file, bytes)) held = true;
        else if (!(await hasRoom(path.dirname(file), ROOM * bytes))) return false;
        else {
          await fill(file, bytes);
          held = true;
        }
        return true;
      } catch (error) {
        await fs.promises.rm(file, { force: true }).catch(() => {});
        return !isFull(error);
      }
    },
    async give() {
      if (!held) return false;
      held = false;
      await fs.promises.rm(file, { force: true }).catch(() => {});
      return true;
    },
  };
}

async function isThere(file: string, bytes: number): Promise<boolean> {
  const stats = await fs.promises.lstat(file).catch(() => undefined);
  if (stats?.isFile() === true && stats.size === bytes) return true;
  if (stats !== undefined) await fs.promises.rm(file, { force: true });
  return false;
}

async function hasRoom(folder: string, bytes: number): Promise<boolean> {
  const { bavail, bsize } = await fs.promises.statfs(folder);
  return bavail * bsize >= bytes;
}

/** Written, not only claimed, and with bytes that no file system can make smaller. */
async function fill(file: string, bytes: number): Promise<void> {
  const handle = await fs.promises.open(file, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  try {
    await handle.writeFile(randomBytes(bytes));
  } finally {
    await handle.close();
  }
}
