import type { Log } from '../../core/log.ts';
import { asError } from '../../core/result.ts';
import { type Database, number } from '../../core/sqlite.ts';
import { JOURNAL_ROW, SERIES_ROW, unpackJournal } from './looks-db.ts';
import { OpenSeries } from './open-series.ts';

/** All series of a database, each with what the journal has of it and no chunk; and the next numbers of a series and of a row. */
export function loadSeries(db: Database, log: Log) {
  const rows = db.all(SERIES_ROW, 'SELECT id, service, watch, kind, source, upto FROM series');
  const series = new Map(rows.map((row) => [row.id, new OpenSeries(row, true)]));
  let nextRow = 1 + Math.max(0, ...rows.map(({ upto }) => upto));
  const ids = db.all({ id: number }, 'SELECT id FROM journal ORDER BY id');
  for (const { id } of ids) {
    nextRow = Math.max(nextRow, id + 1);
    const row = db.get(JOURNAL_ROW, 'SELECT id, first, last, data FROM journal WHERE id = ?', [id]);
    if (row === undefined) continue;
    try {
      for (const { series: number_, bytes, first, last } of unpackJournal(row)) {
        const open = series.get(number_);
        if (open !== undefined && id > open.series.upto) open.take(bytes, id, first, last);
      }
    } catch (error) {
      log.warn('cannot read a part of the history of looks', { reason: asError(error).message });
    }
  }
  forgetEmpty(db, series);
  const nextSeries = 1 + Math.max(0, ...series.keys());
  return { series: [...series.values()], nextSeries, nextRow };
}

/** Watches that are long gone, and of which nothing is kept any more. */
function forgetEmpty(db: Database, series: Map<number, OpenSeries>): void {
  const empty = db.all({ id: number }, 'SELECT id FROM series WHERE id NOT IN (SELECT series FROM chunks)');
  const gone = empty.map(({ id }) => id).filter((id) => series.get(id)?.from === undefined);
  for (const id of gone) series.delete(id);
  if (gone.length > 0)
    db.run('DELETE FROM series WHERE id IN (SELECT value FROM json_each(?))', [JSON.stringify(gone)]);
}
