import { join } from 'node:path';
import type { Result } from '../../../core/result.ts';
import { type Database, type DatabaseError, openDatabase } from '../../../core/sqlite.ts';

/** What is kept of watchdogs beside their records: configs, statistics, and the keys of uploads. */
const MIGRATIONS = [
  `CREATE TABLE configs (
     agent TEXT PRIMARY KEY, version INTEGER NOT NULL, changed INTEGER NOT NULL, config TEXT NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE uploads (
     agent TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
     done INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (agent, key)
   ) WITHOUT ROWID;
   CREATE INDEX uploads_first ON uploads (agent, first);
   CREATE INDEX uploads_at ON uploads (at);
   CREATE TABLE devices (
     agent TEXT NOT NULL, device INTEGER NOT NULL, uid TEXT NOT NULL, PRIMARY KEY (agent, device)
   ) WITHOUT ROWID;
   CREATE TABLE statistics (
     agent TEXT NOT NULL, device INTEGER NOT NULL, statistic TEXT NOT NULL, time INTEGER NOT NULL, value INTEGER NOT NULL,
     PRIMARY KEY (agent, device, statistic, time)
   ) WITHOUT ROWID;
   CREATE INDEX statistics_time ON statistics (time);`,
];

/** @param folder the hub's. */
export function openWatchdogDatabase(folder: string): Result<Database, DatabaseError> {
  return openDatabase(join(folder, 'watchdogs.db'), {
    migrations: MIGRATIONS,
    synchronous: 'full',
    name: "the watchdogs' configs and statistics",
  });
}
