import { ok, type Result } from '../../core/result.ts';
import { type Database, type DatabaseError, number, openDatabaseReadOnly } from '../../core/sqlite.ts';
import { decodeLooks } from './decode.ts';
import type { KeptEvent } from './look.ts';
import {
  CHUNK_ROW,
  JOURNAL_ROW,
  LOOKS_MIGRATIONS,
  LOOKS_NAME,
  type Piece,
  type Series,
  SERIES_ROW,
  unpackChunk,
  unpackJournal,
} from './looks-db.ts';

/** What is kept of one watch, and between which moments: wall milliseconds, to some seconds. */
export type SeriesSpan = Series & { readonly first: number; readonly last: number };

/** The history of looks, for reading; its writer may go on meanwhile. */
export interface LookHistory {
  /** What is kept of the watches of a service. */
  series(service: string): readonly SeriesSpan[];
  /** What a watch saw from `from` up to `to`, wall milliseconds, in order; a little more may come before. */
  events(series: Series, from: number, to: number): Generator<KeptEvent, void>;
  /** How many parts could not be read so far. */
  damaged(): number;
  close(): void;
}

/** Errors: as `openDatabaseReadOnly`. */
export function openLookHistory(path: string): Result<LookHistory, DatabaseError> {
  const opened = openDatabaseReadOnly(path, { version: LOOKS_MIGRATIONS.length, name: LOOKS_NAME });
  return opened.ok ? ok(createLookHistory(opened.value)) : opened;
}

function createLookHistory(db: Database): LookHistory {
  let damaged = 0;
  /** What one read of the database finds belongs together: a chunk that is made meanwhile is not seen twice. */
  const atOnce = <T>(read: () => T): T => {
    db.exec('BEGIN');
    try {
      return read();
    } finally {
      db.exec('COMMIT');
    }
  };
  /** What the journal has of some series, and no chunk. */
  const journal = (wanted: ReadonlyMap<number, number>): Piece[] =>
    db.all(JOURNAL_ROW, 'SELECT id, first, last, data FROM journal ORDER BY id').flatMap((row) => {
      try {
        return unpackJournal(row, (series) => row.id > (wanted.get(series) ?? row.id));
      } catch {
        damaged += 1;
        return [];
      }
    });
  const read = function* (bytes: () => Uint8Array): Generator<KeptEvent, void> {
    try {
      yield* decodeLooks([bytes()]);
    } catch {
      damaged += 1;
    }
  };

  return {
    series: (service) =>
      atOnce(() => {
        const all = db.all(
          SERIES_ROW,
          'SELECT id, service, watch, kind, source, upto FROM series WHERE service = ?',
          [service],
        );
        const pieces = journal(new Map(all.map(({ id, upto }) => [id, upto])));
        return all.flatMap((series) => spanOf(db, series, pieces) ?? []);
      }),
    *events({ id }, from, to) {
      const { chunks, pieces } = atOnce(() => {
        const upto = db.get({ upto: number }, 'SELECT upto FROM series WHERE id = ?', [id])?.upto ?? 0;
        const select =
          'SELECT first, last, data FROM chunks WHERE series = ? AND last >= ? AND first <= ? ORDER BY id';
        return { chunks: db.all(CHUNK_ROW, select, [id, from, to]), pieces: journal(new Map([[id, upto]])) };
      });
      for (const { data } of chunks)
        yield* within(
          read(() => unpackChunk(data)),
          from,
          to,
        );
      yield* within(
        read(() => Buffer.concat(pieces.map(({ bytes }) => bytes))),
        from,
        to,
      );
    },
    damaged: () => damaged,
    close: () => db.close(),
  };
}

function* within(events: Iterable<KeptEvent>, from: number, to: number): Generator<KeptEvent, void> {
  for (const event of events)
    if (event.kind !== 'look' || (event.now >= from && event.now <= to)) yield event;
}

function spanOf(db: Database, series: Series, pieces: readonly Piece[]): SeriesSpan | undefined {
  const shape = { first: number, last: number };
  const ends = ['ORDER BY last LIMIT 1', 'ORDER BY last DESC LIMIT 1'].flatMap(
    (end) => db.get(shape, `SELECT first, last FROM chunks WHERE series = ? ${end}`, [series.id]) ?? [],
  );
  const fresh = pieces.filter((piece) => piece.series === series.id);
  const all = [...ends, ...fresh];
  if (all.length === 0) return undefined;
  const first = Math.min(...all.map((each) => each.first));
  const last = Math.max(...all.map((each) => each.last));
  return { ...series, first, last };
}
