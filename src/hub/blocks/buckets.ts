import { statSync } from 'node:fs';
import { errorCode } from '../../core/result.ts';
import type { Database } from '../../core/sqlite.ts';
import { openBucketReadOnly } from './bucket.ts';
import { listBuckets } from './bucket-files.ts';
import type { ScannedBucket } from './scan.ts';
import type { Damage } from './search.ts';

/** All buckets of a folder, for reading: another thread or process writes them meanwhile. */
export interface Buckets {
  /** Reads from all of them as they are at one moment each. */
  read<T>(work: (buckets: readonly ScannedBucket[]) => T): T;
  /** Reads from one file; undefined where it is not there, or cannot be read. */
  one<T>(path: string, work: (db: Database) => T): T | undefined;
  close(): void;
}

export interface BucketsOptions {
  readonly folder: string;
  /** What a group had taken before it is past its window, microseconds. */
  readonly cutoffOf: (group: string) => number;
  readonly damage: Damage;
}

/** An open file, and which one it is: a path may be used again. */
interface Open {
  readonly db: Database;
  readonly inode: number;
}

export function openBuckets({ folder, cutoffOf, damage }: BucketsOptions): Buckets {
  const open = new Map<string, Open>();
  const forget = (path: string): void => {
    open.get(path)?.db.close();
    open.delete(path);
  };
  const get = (path: string): Database | undefined => {
    const inode = inodeOf(path);
    const known = open.get(path);
    if (known !== undefined && known.inode === inode) return known.db;
    forget(path);
    if (inode === undefined) return undefined;
    const opened = openBucketReadOnly(path);
    if (!opened.ok) {
      // One that its writer is just making is empty.
      if (opened.error.kind !== 'older') damage(opened.error.message);
      return undefined;
    }
    open.set(path, { db: opened.value, inode });
    return opened.value;
  };
  return {
    read(work) {
      const files = listBuckets(folder);
      const paths = new Set(files.map(({ path }) => path));
      for (const path of open.keys()) if (!paths.has(path)) forget(path);
      const found = files.flatMap(({ path, group, end }): ScannedBucket[] => {
        const cutoff = cutoffOf(group);
        if (end * 1000 <= cutoff) return [];
        const db = get(path);
        return db === undefined ? [] : [{ db, cutoff }];
      });
      try {
        for (const { db } of found) db.exec('BEGIN');
        return work(found);
      } finally {
        for (const { db } of found) if (db.inTransaction) db.exec('COMMIT');
      }
    },
    one(path, work) {
      const db = get(path);
      return db && work(db);
    },
    close() {
      for (const path of open.keys()) forget(path);
    },
  };
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
