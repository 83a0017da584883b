import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { err, type Result } from '../../../../core/result.ts';
import type { PastRun } from '../../../../pipeline/ledger/past.ts';
import { anything, asking, hasColumns, openForeign } from './foreign-database.ts';
import { incompleteName } from './names.ts';

/** What the daily pipeline has done with what is there. */
export interface DailySurvey {
  readonly rows: number;
  readonly runs: readonly PastRun[];
  /** Files that were made anew since a step went over them, and that it has not gone over again: it will. */
  readonly newer: number;
  /** What it went over is not there any more. */
  readonly gone: number;
  readonly problems: readonly string[];
}

const COLUMNS = ['id', 'name', 'level', 'type', 'version', 'fits_in_path', 'fits_out_path', 'p_date'];
const ROW = Object.fromEntries(COLUMNS.map((name) => [name, anything]));

/**
 * Reads `processed.sqlite` (io/ProcessingHistoryStorage.py). Of rows for one file and step the last one counts.
 * @param products the folder of the products, absolute.
 */
export function surveyDaily(path: string, products: string): Result<DailySurvey, string> {
  const opened = openForeign(path, 'the history of the daily pipeline');
  if (!opened.ok) return opened;
  const db = opened.value;
  try {
    if (!hasColumns(db, 'processed_fits_products', COLUMNS))
      return err(
        `cannot read ${path}: it has no table processed_fits_products with the columns ${COLUMNS.join(', ')}`,
      );
    return asking(path, () => {
      const rows = db.all(ROW, `SELECT ${COLUMNS.join(', ')} FROM processed_fits_products ORDER BY id`);
      return sort(path, rows, products);
    });
  } finally {
    db.close();
  }
}

function sort(
  file: string,
  rows: readonly Readonly<Record<string, unknown>>[],
  products: string,
): DailySurvey {
  const runs = new Map<string, PastRun>();
  const problems: string[] = [];
  const newer = new Set<string>();
  let gone = 0;
  for (const row of rows) {
    const read = readRow(row);
    if (typeof read === 'string') {
      problems.push(`${file}: row ${String(row['id'])}: ${read}; it is left`);
      continue;
    }
    const input = [read.input, incompleteName(read.input)].find((each) => existsSync(each));
    if (input === undefined) gone += 1;
    else if (relative(products, input).startsWith('..'))
      problems.push(`${file}: row ${String(row['id'])}: ${input} is not in ${products}; it is left`);
    else if (dateOf(input) >= read.date) newer.add(keyOf(read.step, relative(products, input)));
    else {
      const ended = Date.parse(/Z|[+-]\d\d:?\d\d$/.test(read.date) ? read.date : `${read.date}Z`);
      const made = [read.output, incompleteName(read.output)].find((each) => existsSync(each));
      const output =
        made === undefined || relative(products, made).startsWith('..')
          ? {}
          : { output: relative(products, made) };
      const run = {
        step: read.step,
        version: read.version,
        ended,
        input: relative(products, input),
        ...output,
      };
      runs.set(keyOf(run.step, run.input), run);
    }
  }
  // Each time that a file grew, STIXCore has written one more row: what counts is whether one of them came after.
  const again = [...newer].filter((key) => !runs.has(key)).length;
  return { rows: rows.length, runs: [...runs.values()], newer: again, gone, problems };
}

function keyOf(step: string, input: string): string {
  return `${step}\n${input}`;
}

interface Row {
  readonly step: string;
  readonly version: number;
  readonly input: string;
  readonly output: string;
  /** ISO 8601, compared as text as STIXCore does. */
  readonly date: string;
}

function readRow({
  level,
  version,
  fits_in_path: input,
  fits_out_path: output,
  p_date: date,
}: Readonly<Record<string, unknown>>): Row | string {
  if (typeof level !== 'string' || level === '') return 'its level is no text';
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    return 'its version is no whole number';
  if (typeof input !== 'string' || !input.startsWith('/')) return 'its fits_in_path is no path';
  if (typeof output !== 'string') return 'its fits_out_path is no text';
  if (typeof date !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(date) || Number.isNaN(Date.parse(date)))
    return 'its p_date is no time';
  return { step: level, version, input, output, date };
}

/** Blocks of a FITS header, of which DATE stands in the first ones (FITS standard 4.0, 3.3.1). */
const HEADER_BYTES = 8 * 2880;

/** The time that a product says it was made at: DATE of its header, else that of the file. ISO 8601. */
function dateOf(path: string): string {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(path, 'r');
  try {
    const text = bytes.toString('latin1', 0, readSync(fd, bytes, 0, HEADER_BYTES, 0));
    for (let at = 0; at + 80 <= text.length && text.startsWith('SIMPLE'); at += 80) {
      const date = /^DATE {4}= '([^']*)'/.exec(text.slice(at, at + 80))?.[1]?.trim();
      if (date !== undefined) return date;
      if (text.startsWith('END     ', at)) break;
    }
  } finally {
    closeSync(fd);
  }
  return statSync(path).mtime.toISOString();
}
