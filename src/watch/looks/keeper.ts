import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { type Result, ok } from '../../core/result.ts';
import { type Database, DatabaseError, openDatabase, transaction } from '../../core/sqlite.ts';
import { dueForChunk } from './due-for-chunk.ts';
import type { KeptLook } from './look.ts';
import { LOOKS_MIGRATIONS, LOOKS_NAME, packChunk, packJournal, type SeriesName } from './looks-db.ts';
import { type LookLimits, pruneLooks } from './prune.ts';
import { loadSeries } from './load-series.ts';
import { OpenSeries } from './open-series.ts';

/** Looks wait at most this long to be stored together; a kill or a power cut takes no more. */
const FLUSH_MS = 10_000;
/** After a pause what comes first is stored soon. */
const SOON_MS = 1000;
/** While nothing can be stored so many bytes wait; beyond that they are dropped. */
const MOST_WAITING = 4 * 1024 * 1024;
const PRUNE_MS = 60_000;

/** Takes what one watch sees. */
export interface LookSink {
  add(look: KeptLook): void;
}

/** Keeps what watches see, bounded in bytes and time. Nothing that it does can keep a watch from looking. */
export interface LookKeeper {
  /** A watch begins to look; what it saw before is not remembered by its judge. */
  open(name: Omit<SeriesName, 'source'>, source: readonly string[]): LookSink;
  /** Stores what waits, as far as the disk takes it. */
  flush(): void;
  close(): void;
}

export interface LookKeeperOptions {
  /** The database file; its folder exists. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: LookLimits;
}

/** Opens or makes the history of looks. Only one process writes it. Errors: as `openDatabase`. */
export function openLookKeeper({ path, ...rest }: LookKeeperOptions): Result<LookKeeper, DatabaseError> {
  const opened = openDatabase(path, {
    migrations: LOOKS_MIGRATIONS,
    synchronous: 'normal',
    name: LOOKS_NAME,
  });
  return opened.ok ? ok(createLookKeeper(opened.value, rest)) : opened;
}

/** A keeper that keeps nothing, where the history cannot be opened. */
export const NO_LOOKS: LookKeeper = { open: () => ({ add: () => {} }), flush: () => {}, close: () => {} };

/** What the readings of a watch depend on, as it is stored. */
export function sourceHash(source: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(source)).digest('hex').slice(0, 16);
}

/** The keeper on an open database; `openLookKeeper` is the way in, this one is for tests that hinder the database. */
export function createLookKeeper(db: Database, options: Omit<LookKeeperOptions, 'path'>): LookKeeper {
  const keeper = new Keeper(db, options);
  return keeper;
}

class Keeper implements LookKeeper {
  readonly #db: Database;
  readonly #options: Omit<LookKeeperOptions, 'path'>;
  readonly #series: Map<string, OpenSeries>;
  #nextSeries: number;
  #nextRow: number;
  /** Between which moments what waits was seen; wall milliseconds. */
  #first = Number.POSITIVE_INFINITY;
  #last = 0;
  #timer: Timer | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #prunedAt: number;
  /** Set while the disk takes nothing. */
  #trouble: string | undefined;
  #isSyncing = false;
  #isClosed = false;

  constructor(db: Database, options: Omit<LookKeeperOptions, 'path'>) {
    this.#db = db;
    this.#options = options;
    const loaded = loadSeries(db, options.log);
    this.#series = new Map(loaded.series.map((open) => [keyOf(open.series), open]));
    this.#nextSeries = loaded.nextSeries;
    this.#nextRow = loaded.nextRow;
    this.#prunedAt = options.clock.monotonic();
  }

  open(name: Omit<SeriesName, 'source'>, source: readonly string[]): LookSink {
    const full = { ...name, source: sourceHash(source) };
    const known = this.#series.get(keyOf(full));
    const series = known ?? new OpenSeries({ ...full, id: this.#nextSeries++, upto: 0 }, false);
    if (known === undefined) this.#series.set(keyOf(full), series);
    series.add({ kind: 'opened' });
    return {
      add: (look) => {
        if (this.#isClosed) return;
        series.add({ kind: 'look', ...look });
        this.#first = Math.min(this.#first, look.now);
        this.#last = Math.max(this.#last, look.now);
        this.#arm();
      },
    };
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isClosed) return;
    this.#flushedAt = this.#options.clock.monotonic();
    try {
      if (this.#store()) this.#sync();
      if (this.#flushedAt - this.#prunedAt >= PRUNE_MS) this.#prune();
      if (this.#trouble !== undefined) this.#options.log.info('the history of looks is written again');
      this.#trouble = undefined;
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.flush();
    this.#timer?.cancel();
    this.#isClosed = true;
    this.#db.close();
  }

  #arm(): void {
    const { clock } = this.#options;
    const dueAt = Math.max(clock.monotonic() + SOON_MS, this.#flushedAt + FLUSH_MS);
    this.#timer ??= clock.timer(dueAt - clock.monotonic(), () => this.flush());
  }

  /** Brings all that waits to the journal, and what has waited there for long to chunks: all of it, or nothing. False: there was nothing. */
  #store(): boolean {
    const open = [...this.#series.values()];
    const row = this.#nextRow;
    const due = dueForChunk(open, this.#options.clock.now(), FLUSH_MS);
    const fresh = open.filter((series) => series.unwritten().length > 0);
    if (fresh.length === 0 && due.length === 0) return false;
    const span = { first: Math.min(this.#first, this.#last), last: this.#last };
    const journalled = fresh.filter((series) => !due.includes(series));
    transaction(this.#db, () => {
      for (const series of fresh) if (!series.isStored) this.#insertSeries(series);
      if (journalled.length > 0) this.#insertRow(row, span, journalled);
      for (const series of due) this.#insertChunk(series, row, span);
      const oldest = Math.min(
        row + 1,
        ...open.flatMap((each) => (due.includes(each) ? [] : (each.from ?? []))),
      );
      this.#db.run('DELETE FROM journal WHERE id < ?', [
        journalled.length > 0 ? Math.min(oldest, row) : oldest,
      ]);
    });
    for (const series of fresh) {
      series.isStored = true;
      series.wrote(row, span.first, span.last);
    }
    for (const series of due) series.chunked(row);
    this.#nextRow = row + 1;
    this.#first = Number.POSITIVE_INFINITY;
    return true;
  }

  /**
   * Brings what was stored to the disk, so that a power cut does not take all since SQLite's last checkpoint. Not by SQLite itself:
   * that would hold up everything that the daemon does for as long as the disk takes. What fails is left to the next time.
   */
  #sync(): void {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    syncFile(`${this.#db.path}-wal`)
      .catch(() => {})
      .finally(() => {
        this.#isSyncing = false;
      });
  }

  #insertSeries({ series: { id, service, watch, kind, source, upto } }: OpenSeries): void {
    this.#db.run('INSERT INTO series VALUES (?, ?, ?, ?, ?, ?)', [id, service, watch, kind, source, upto]);
  }

  #insertRow(row: number, { first, last }: Span, series: readonly OpenSeries[]): void {
    const parts = series.flatMap((each) =>
      each.unwritten().map((bytes) => ({ series: each.series.id, bytes })),
    );
    this.#db.run('INSERT INTO journal VALUES (?, ?, ?, ?)', [row, first, last, packJournal(parts)]);
  }

  #insertChunk(series: OpenSeries, row: number, span: Span): void {
    const pieces = [...series.written(), ...series.unwritten()];
    const { id } = series.series;
    const last = series.unwritten().length > 0 ? span.last : series.span.last;
    const insert = 'INSERT INTO chunks (series, first, last, data) VALUES (?, ?, ?, ?)';
    this.#db.run(insert, [id, series.span.first, last, packChunk(pieces)]);
    this.#db.run('UPDATE series SET upto = ? WHERE id = ?', [row, id]);
    series.beginAnew();
  }

  #prune(): void {
    this.#prunedAt = this.#flushedAt;
    pruneLooks(this.#db, this.#options.limits, this.#options.clock);
  }

  /** Trouble that may pass is waited for; any other ends the history, never the daemon. */
  #fail(error: unknown): void {
    const { log } = this.#options;
    if (!(error instanceof DatabaseError)) throw error;
    const reason = error.message;
    if (error.retry) {
      if (this.#trouble === undefined) log.warn('cannot write the history of looks: looks wait', { reason });
      this.#trouble = reason;
      const open = [...this.#series.values()];
      const waiting = open
        .flatMap((series) => series.unwritten())
        .reduce((sum, { length }) => sum + length, 0);
      if (waiting > MOST_WAITING) for (const series of open) series.drop();
      this.#arm();
      return;
    }
    log.error('cannot go on with the history of looks', { reason });
    this.#isClosed = true;
    this.#series.clear();
    this.#db.close();
  }
}

type Span = OpenSeries['span'];

async function syncFile(path: string): Promise<void> {
  const handle = await fs.promises.open(path, 'r');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function keyOf({ service, watch, source }: SeriesName): string {
  return JSON.stringify([service, watch, source]);
}
