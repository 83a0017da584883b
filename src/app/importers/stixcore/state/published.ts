import { statSync } from 'node:fs';
import { basename, extname, join, relative } from 'node:path';
import { err, type Result } from '../../../../core/result.ts';
import type { ForeignRow } from '../../../../jobs/verbs/publish/take-over.ts';
import { anything, asking, hasColumns, openForeign } from './foreign-database.ts';
import { completeName, readProductName } from './names.ts';

/** What was published. */
export interface PublishedSurvey {
  readonly rows: readonly ForeignRow[];
  /** Its copy was never finished, or failed: it is tried again. */
  readonly failed: number;
  /** Changed after it was published, which STIXCore never told. Paths below the folder. */
  readonly grown: readonly string[];
  /** Published files that are not there any more: they count as published. */
  readonly gone: number;
  readonly problems: readonly string[];
}

const COLUMNS = [
  'id',
  'name',
  'path',
  'version',
  'p_date',
  'm_date',
  'esaname',
  'modified_esaname',
  'result',
];
const ROW = Object.fromEntries(COLUMNS.map((name) => [name, anything]));

/** PublishResult of stixcore/processing/publish.py. */
const RESULTS: ReadonlyMap<unknown, ForeignRow['result']> = new Map<unknown, ForeignRow['result']>([
  [10, 'published'],
  [11, 'ignored'],
  [12, 'supplement'],
  [13, 'blacklisted'],
  [14, 'error'],
  [null, 'error'],
]);

/** STIXCore writes into a file when it publishes it, within one run of at most this long. */
const ONE_RUN_MS = 3_600_000;

/**
 * Reads `published.sqlite` (stixcore/processing/publish.py).
 * @param folder what is published, absolute.
 */
export function surveyPublished(path: string, folder: string): Result<PublishedSurvey, string> {
  const opened = openForeign(path, 'the history of what was published');
  if (!opened.ok) return opened;
  const db = opened.value;
  try {
    if (!hasColumns(db, 'published', COLUMNS))
      return err(`cannot read ${path}: it has no table published with the columns ${COLUMNS.join(', ')}`);
    return asking(path, () =>
      sort(path, db.all(ROW, `SELECT ${COLUMNS.join(', ')} FROM published ORDER BY id`), folder),
    );
  } finally {
    db.close();
  }
}

function sort(
  file: string,
  rows: readonly Readonly<Record<string, unknown>>[],
  folder: string,
): PublishedSurvey {
  const found: ForeignRow[] = [];
  const grown: string[] = [];
  const problems: string[] = [];
  let [failed, gone] = [0, 0];
  for (const row of rows) {
    const read = readRow(row, folder);
    if (typeof read === 'string') {
      problems.push(`${file}: row ${String(row['id'])}: ${read}; it is left`);
      continue;
    }
    if (read.result === 'error') failed += 1;
    const seen = statSync(join(folder, read.path), { bigint: true, throwIfNoEntry: false });
    if (seen === undefined) {
      gone += 1;
      found.push(read);
      continue;
    }
    const isGrown = read.result !== 'error' && Number(seen.mtimeMs) > read.publishedAt + ONE_RUN_MS;
    if (isGrown) grown.push(read.path);
    // Of one that has grown the time of its publishing: so the job sees that it is not what was published.
    const mtimeNs = isGrown
      ? String(BigInt(Math.round(read.publishedAt)) * 1_000_000n)
      : String(seen.mtimeNs);
    found.push({ ...read, bytes: Number(seen.size), mtimeNs });
  }
  return { rows: found, failed, grown, gone, problems };
}

function readRow(row: Readonly<Record<string, unknown>>, folder: string): ForeignRow | string {
  const { name, path, version, p_date: date, esaname, modified_esaname: modified, result: code } = row;
  if (typeof name !== 'string' || name === '' || name.includes('/')) return 'its name is no name of a file';
  if (typeof path !== 'string' || !path.startsWith('/')) return 'its path is no path';
  if (typeof version !== 'number' || !Number.isInteger(version)) return 'its version is no whole number';
  if (typeof date !== 'number' || !(date > 0)) return 'its p_date is no time';
  if (typeof esaname !== 'string' || esaname === '') return 'its esaname is no text';
  if (modified !== null && typeof modified !== 'string') return 'its modified_esaname is no text';
  const result = RESULTS.get(code);
  if (result === undefined) return `its result ${String(code)} is none that STIXCore writes`;
  const full = basename(path) === name ? path : join(path, name);
  const source = relative(folder, full);
  if (source.startsWith('..')) return `${full} is not in ${folder}`;
  const level = readProductName(name)?.level;
  const ending = extname(name);
  const supplement = Number(/sup(\d+)/.exec(modified ?? '')?.[1] ?? 0);
  if (result === 'supplement' && supplement === 0) return 'it is a supplement without a number';
  return {
    path: source,
    ...(level === undefined ? {} : { level }),
    version,
    baseName: withEnding(esaname, ending),
    publicName: publicName(name, supplement) ?? withEnding(modified ?? esaname, ending),
    publishedAt: Math.round(date * 1000),
    result,
    ...(supplement === 0 ? {} : { supplement }),
    ...(code === null ? { why: 'STIXCore never came to its end with it' } : {}),
  };
}

/**
 * What STIXCore calls its copy: the file's own name, with its request and without U, and a supplement's number behind the third part.
 * The `esaname`, which has no request, is only what it compares. Undefined where a supplement's name has no such part.
 */
function publicName(name: string, supplement: number): string | undefined {
  if (supplement === 0) return completeName(name);
  const parts = completeName(name).split('_');
  if (parts.length < 4) return undefined;
  return parts.with(2, `${parts[2]}-sup${supplement}`).join('_');
}

function withEnding(name: string, ending: string): string {
  return name.endsWith(ending) ? name : `${name}${ending}`;
}
