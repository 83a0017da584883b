import { disk, type Files } from '../../src/core/files.ts';

/** Thrown in place of the kill: nothing that comes later reaches the disk. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Where in an operation the process dies: before it, after it, or, for a write, with a part of it done. */
export type CrashMoment = 'before' | 'halfway' | 'after';
export const CRASH_MOMENTS: readonly CrashMoment[] = ['before', 'halfway', 'after'];

/** The moments of an operation that differ from those of its neighbours: to die after one is to die before the next. */
export function momentsOf(done: readonly string[], at: number): readonly CrashMoment[] {
  if (done[at] === 'write') return ['before', 'halfway'];
  return at === done.length - 1 ? ['before', 'after'] : ['before'];
}

export interface CrashingFiles {
  readonly files: Files;
  /** Operations done so far, by name, in order. */
  readonly done: readonly string[];
  readonly crashed: () => boolean;
  /** A call that is not the disk's own, counted as one of its operations: to a ledger, say. */
  readonly call: <T>(name: string, call: () => T) => T;
}

/**
 * The real disk, that dies at operation `at` (counted from 0; beyond the last one it never dies). What was written
 * before stays, as with SIGKILL: the page cache outlives the process.
 */
export function crashingFiles(at: number, moment: CrashMoment, real: Files = disk): CrashingFiles {
  const done: string[] = [];
  let crashed = false;
  const die = (): never => {
    crashed = true;
    throw new Crash(`crash at operation ${at}`);
  };
  const around = async <T>(
    name: string,
    operation: () => Promise<T>,
    half?: () => Promise<unknown>,
  ): Promise<T> => {
    if (crashed) die();
    const here = done.length === at;
    done.push(name);
    if (here && moment === 'before') die();
    if (here && moment === 'halfway' && half !== undefined) {
      await half();
      die();
    }
    const result = await operation().catch((error: unknown) => {
      if (here) die();
      throw error;
    });
    if (here) die();
    return result;
  };
  const files: Files = {
    open: (path, how) => around(`open ${how}`, () => real.open(path, how)),
    write: (fd, data, position) =>
      around(
        'write',
        () => real.write(fd, data, position),
        () => real.write(fd, data.subarray(0, data.length >> 1), position),
      ),
    // Reading changes nothing, so it is no place to die at.
    read: (fd, position, length) => real.read(fd, position, length),
    datasync: (fd) => around('datasync', () => real.datasync(fd)),
    truncate: (fd, length) => around('truncate', () => real.truncate(fd, length)),
    stat: (fd) => real.stat(fd),
    close: (fd) => real.close(fd),
    rename: (from, to) => around('rename', () => real.rename(from, to)),
    link: (from, to) => around('link', () => real.link(from, to)),
    unlink: (path) => around('unlink', () => real.unlink(path)),
    mkdir: (path) => around('mkdir', () => real.mkdir(path)),
    syncFolder: (path) => around('syncFolder', () => real.syncFolder(path)),
  };
  const call = <T>(name: string, operation: () => T): T => {
    if (crashed) die();
    const here = done.length === at;
    done.push(name);
    if (here && moment === 'before') die();
    const result = operation();
    if (here) die();
    return result;
  };
  return { files, done, crashed: () => crashed, call };
}
