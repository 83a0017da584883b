import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { RecordKind } from '../../core/record.ts';
import { type Database, number, text, transaction } from '../../core/sqlite.ts';
import { openBucket } from './bucket.ts';
import { bucketLength, bucketPath, listBuckets } from './bucket-files.ts';
import { createBlock, insertBlock } from './new-block.ts';
import type { HubRow } from './row.ts';

/** What an agent sends, but for what the hub gives it. */
export type SentRecord = Omit<HubRow, 'position' | 'received' | 'agent'>;

/** Records of one agent, in the order of their numbers. */
export interface Batch {
  /** Whose records they are. */
  readonly agent: string;
  /** Whose numbers they have: a machine that begins anew has another series. Where it is absent, the agent's own. */
  readonly series?: string;
  readonly records: readonly SentRecord[];
}

/** What became of a batch. */
export interface Taken {
  /** So many were new. */
  readonly stored: number;
  /** So many had been stored before. */
  readonly doubled: number;
}

/** The only writer of a folder of buckets. Every method is synchronous: it is for a thread of its own. */
export interface BlockWriter {
  /**
   * Stores batches, each record once whatever is sent again: durable when it returns. @throws DatabaseError; of the batches nothing,
   * or whole groups of them are stored then, and sending them again stores the rest.
   */
  append(batches: readonly Batch[]): readonly Taken[];
  /** The highest number that is stored of a series; 0 where nothing was sent yet. */
  lastOf(series: string): number;
  /** Begins the present file of a group that has older ones, so that those can go. */
  begin(group: Group): void;
  /** The position of the newest record. */
  newest(): number;
  /** Work on a bucket's file that only its writer may do, in one transaction; undefined where the bucket is gone. */
  write<T>(path: string, work: (db: Database) => T extends Promise<unknown> ? never : T): T | undefined;
  /** Gives the room back to the disk that merged blocks have left in a file. */
  shrink(path: string): void;
  close(): void;
}

export interface WriterOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Which records are kept alike: the name of their folder, and how long, milliseconds. */
  readonly groupOf: (record: { readonly kind: RecordKind; readonly service: string }) => Group;
  /** Something that a person should know. */
  readonly note: (message: string) => void;
}

export interface Group {
  readonly name: string;
  readonly keepMs: number;
}

/** The bucket that a group's records go into now. */
interface Open {
  readonly path: string;
  readonly start: number;
  readonly db: Database;
  readonly series: SeriesMap;
}

/** The highest number of each series, as it is stored in a file, and when it was last heard of, milliseconds. */
type SeriesMap = Map<string, { readonly seq: number; readonly at: number }>;

/**
 * A series that nothing was heard of for so long is forgotten, since there is no end of them: a page that is opened anew begins one. What
 * was sent so long ago, and stored without an answer, and comes again now, is there twice.
 */
const FORGOTTEN_MS = 90 * 86_400_000;

/** What a group gets of one append. */
interface Fresh {
  readonly group: Group;
  readonly rows: HubRow[];
  readonly seqs: Map<string, number>;
}

/** Nothing that happened later than this after its receipt is believed: a clock is wrong there, microseconds. */
const MOST_AHEAD = 86_400_000_000;

export function openBlockWriter(options: WriterOptions): BlockWriter {
  return new Writer(options);
}

class Writer implements BlockWriter {
  readonly #options: WriterOptions;
  readonly #open = new Map<string, Open>();
  /** Of groups whose present bucket is not open yet: what their newest file knows of its series. */
  readonly #known = new Map<string, SeriesMap>();
  #position = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#recover();
  }

  append(batches: readonly Batch[]): readonly Taken[] {
    const now = this.#options.clock.micros();
    const groups = new Map<string, Fresh>();
    let position = this.#position;
    const taken = batches.map(({ agent, series = agent, records }) => {
      let stored = 0;
      for (const record of records) {
        const group = this.#options.groupOf(record);
        const found = groups.get(group.name) ?? { group, rows: [], seqs: new Map<string, number>() };
        if (record.seq <= (found.seqs.get(series) ?? this.#lastIn(group.name, series))) continue;
        groups.set(group.name, found);
        found.seqs.set(series, record.seq);
        stored++;
        found.rows.push(toRow(record, agent, ++position, now));
      }
      return { stored, doubled: records.length - stored };
    });
    for (const fresh of groups.values()) this.#store(fresh, position);
    this.#position = position;
    return taken;
  }

  lastOf(series: string): number {
    const names = new Set([...this.#open.keys(), ...this.#known.keys()]);
    return Math.max(0, ...[...names].map((name) => this.#lastIn(name, series)));
  }

  begin(group: Group): void {
    if (this.#open.has(group.name) || this.#known.has(group.name)) this.#bucketFor(group);
  }

  newest(): number {
    return this.#position;
  }

  write<T>(path: string, work: (db: Database) => T extends Promise<unknown> ? never : T): T | undefined {
    return this.#with(path, (db) => transaction(db, () => work(db)));
  }

  shrink(path: string): void {
    this.#with(path, (db) => db.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)'));
  }

  #with<T>(path: string, work: (db: Database) => T): T | undefined {
    const open = [...this.#open.values()].find((each) => each.path === path);
    if (open !== undefined) return work(open.db);
    if (!listBuckets(this.#options.folder).some((each) => each.path === path)) return undefined;
    const opened = openBucket(path);
    if (!opened.ok) throw opened.error;
    try {
      return work(opened.value);
    } finally {
      opened.value.close();
    }
  }

  close(): void {
    for (const { db } of this.#open.values()) db.close();
    this.#open.clear();
  }

  /** Positions go on behind all that is stored, and series behind what was sent of them. */
  #recover(): void {
    for (const bucket of listBuckets(this.#options.folder)) {
      const opened = openBucket(bucket.path);
      if (!opened.ok) {
        if (opened.error.kind !== 'corrupt') throw opened.error;
        this.#setAside(bucket.path, opened.error.message);
        continue;
      }
      const stored = seriesOf(opened.value);
      const position = opened.value.get({ value: number }, "SELECT value FROM meta WHERE key = 'position'");
      this.#position = Math.max(this.#position, position?.value ?? 0);
      const known: SeriesMap = this.#known.get(bucket.group) ?? new Map();
      for (const [series, last] of stored)
        if (last.seq > (known.get(series)?.seq ?? 0)) known.set(series, last);
      this.#known.set(bucket.group, known);
      opened.value.close();
    }
  }

  #lastIn(group: string, series: string): number {
    return (this.#open.get(group)?.series ?? this.#known.get(group))?.get(series)?.seq ?? 0;
  }

  /** The numbers and the block are stored together, or none of them. */
  #store({ group, rows, seqs }: Fresh, position: number): void {
    const bucket = this.#bucketFor(group);
    const block = createBlock(rows, false);
    const at = this.#options.clock.now();
    transaction(bucket.db, () => {
      insertBlock(bucket.db, block);
      for (const [series, seq] of seqs) saveSeries(bucket.db, series, seq, at);
      bucket.db.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('position', ?)", [position]);
    });
    for (const [series, seq] of seqs) bucket.series.set(series, { seq, at });
    // Should a later group fail, these positions are not given twice.
    this.#position = position;
  }

  #bucketFor(group: Group): Open {
    const length = bucketLength(group.keepMs);
    const start = Math.floor(this.#options.clock.now() / length) * length;
    const path = bucketPath(this.#options.folder, group.name, start, length);
    const open = this.#open.get(group.name);
    if (open?.path === path) return open;
    const before: SeriesMap = open?.series ?? this.#known.get(group.name) ?? new Map();
    const forgotten = this.#options.clock.now() - FORGOTTEN_MS;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const db = this.#openAnew(path);
    const series = seriesOf(db);
    // The newest file knows all of them, so that old ones can go.
    transaction(db, () => {
      for (const [name, last] of before) {
        if ((series.get(name)?.seq ?? 0) >= last.seq || last.at < forgotten) continue;
        saveSeries(db, name, last.seq, last.at);
        series.set(name, last);
      }
      db.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('position', ?)", [this.#position]);
    });
    open?.db.close();
    const made = { path, start, db, series };
    this.#open.set(group.name, made);
    return made;
  }

  #openAnew(path: string): Database {
    const opened = openBucket(path);
    if (opened.ok) return opened.value;
    if (opened.error.kind !== 'corrupt') throw opened.error;
    this.#setAside(path, opened.error.message);
    const again = openBucket(path);
    if (!again.ok) throw again.error;
    return again.value;
  }

  /** A damaged file is kept for a person to look at, and is in nobody's way. */
  #setAside(path: string, why: string): void {
    const aside = `${path}.damaged-${this.#options.clock.now()}`;
    renameSync(path, aside);
    for (const beside of ['-wal', '-shm']) rmSync(`${path}${beside}`, { force: true });
    this.#options.note(`${why}; it was set aside as ${aside}`);
  }
}

function toRow(record: SentRecord, agent: string, position: number, received: number): HubRow {
  const time = record.time > received + MOST_AHEAD ? received : record.time;
  const { seq, host, service, life, kind, level, sender, message, fields } = record;
  return { position, agent, seq, time, received, host, service, life, kind, level, sender, message, fields };
}

function seriesOf(db: Database): SeriesMap {
  const rows = db.all({ name: text, seq: number, at: number }, 'SELECT name, seq, at FROM series');
  return new Map(rows.map(({ name, seq, at }) => [name, { seq, at }]));
}

function saveSeries(db: Database, name: string, seq: number, at: number): void {
  db.run('INSERT OR REPLACE INTO series (name, seq, at) VALUES (?, ?, ?)', [name, seq, at]);
}
