import { readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { type Clock, systemClock } from './clock.ts';
import { asError, err, ok, type Result } from './result.ts';

/** Who holds a state folder. */
export interface LockHolder {
  readonly pid: number;
  /** When it took the folder, ISO 8601 in UTC. */
  readonly since: string;
  /** What it is: `vahti up`. */
  readonly what: string;
}

export interface LockError {
  /** `held`: by another process; may pass. `network`: a filesystem whose locks can't be trusted. `unusable`: missing, not writable, … */
  readonly kind: 'held' | 'network' | 'unusable';
  readonly message: string;
  /** Who holds it, as far as known. */
  readonly holder?: LockHolder;
}

export interface FolderLock {
  readonly folder: string;
  /** Frees the folder; twice does nothing. The kernel does the same when the process dies. */
  release(): void;
}

export interface FolderLockOptions {
  /** What this process is, for the message that another one shows: `vahti up`. */
  readonly what: string;
  readonly clock?: Clock;
}

/** linux/magic.h and statfs(2). Locks there depend on servers and mount options, and SQLite's shared memory does not work at all. */
const NETWORK_FILESYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
]);

/**
 * Two processes that begin in the same instant can each hinder the other for a moment: SQLite takes its
 * exclusive lock in steps. Waiting this long lets one of them win; a folder that is held is refused as late.
 */
const RACE_MS = 100;

/** What is held, so that the garbage collector never closes a lock that its holder has no further use for. */
const heldLocks = new Set<DatabaseSync>();

const Holder = v.object({ pid: v.number(), since: v.string(), what: v.string() });

/** The name of a network filesystem, or undefined for a local one. @param type `f_type` of statfs(2). */
export function networkFilesystem(type: number): string | undefined {
  return NETWORK_FILESYSTEMS.get(type >>> 0);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as { code?: unknown }).code === 'EPERM';
  }
}

/** Who holds the folder, read from the file beside the lock; undefined where that says nothing, or speaks of a dead process. */
function readHolder(folder: string): LockHolder | undefined {
  try {
    const read = v.safeParse(Holder, JSON.parse(readFileSync(join(folder, 'lock.json'), 'utf8')));
    return read.success && isAlive(read.output.pid) ? read.output : undefined;
  } catch {
    return undefined;
  }
}

function held(folder: string): LockError {
  const holder = readHolder(folder);
  if (holder === undefined) return { kind: 'held', message: `cannot use ${folder}: another process uses it` };
  const message = `cannot use ${folder}: ${holder.what} (pid ${holder.pid}, since ${holder.since}) uses it`;
  return { kind: 'held', message, holder };
}

function unusable(folder: string, thrown: unknown): LockError {
  return { kind: 'unusable', message: `cannot use ${folder}: ${asError(thrown).message}` };
}

/** Only the holder of the lock writes here, so one temporary name is enough. It need not survive a power cut. */
function writeHolder(folder: string, holder: LockHolder): void {
  const path = join(folder, 'lock.json');
  writeFileSync(`${path}.tmp`, `${JSON.stringify(holder)}\n`);
  renameSync(`${path}.tmp`, path);
}

/**
 * Takes a state folder for this process, until `release` or its death (SIGKILL included).
 * The lock is an exclusive SQLite transaction on `lock.db`, since Node has no flock: a POSIX record lock,
 * which the kernel drops as soon as this process closes any descriptor of that file. So nothing else may open `lock.db`.
 */
export function lockFolder(
  folder: string,
  { what, clock = systemClock }: FolderLockOptions,
): Result<FolderLock, LockError> {
  let db: DatabaseSync | undefined;
  try {
    const network = networkFilesystem(statfsSync(folder).type);
    if (network !== undefined)
      return err({ kind: 'network', message: `cannot keep state on ${network}: ${folder}` });
    db = new DatabaseSync(join(folder, 'lock.db'), { timeout: RACE_MS });
    db.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    writeHolder(folder, { pid: process.pid, since: new Date(clock.now()).toISOString(), what });
  } catch (thrown) {
    db?.close();
    const code = (thrown as { errcode?: number }).errcode;
    return err(code !== undefined && (code & 0xff) === 5 ? held(folder) : unusable(folder, thrown));
  }
  const lock = db;
  heldLocks.add(lock);
  return ok({
    folder,
    release() {
      if (!lock.isOpen) return;
      rmSync(join(folder, 'lock.json'), { force: true });
      lock.close();
      heldLocks.delete(lock);
    },
  });
}
