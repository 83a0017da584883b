import { type Columns, TIME_COLUMNS } from './columns.ts';
import type { PartFiles } from './parts.ts';

/** DuckDB’s default; a line that is longer ends a query. */
const LONGEST_LINE = 16_777_216;

/**
 * What stands in the name of a part’s file. DuckDB opens no file of which these already say that it is not wanted; it asks that of each
 * file, so they are of the cheapest functions.
 */
function nameColumns(root: string): Readonly<Record<string, string>> {
  const depth = root.split('/').length;
  const name = `split_part(filename, '/', ${depth + 2})`;
  const path = `split_part(filename, '/', ${depth + 1}) || '/' || ${name}`;
  return {
    day: `try_cast(left(${name}, 10) as date)`,
    hour: `try_cast(left(${name}, 10) || if(${name}[11] = 'T', ' ' || ${name}[12:13] || ':00', ' 00:00') as timestamp)`,
    part: `split_part(split_part(${path}, '.ndjson', 1), '.open', 1)`,
    path,
  };
}

export interface View {
  readonly name: string;
  /** The folder collected into, absolute. */
  readonly root: string;
  readonly columns: Columns;
  readonly files: PartFiles;
  /** Bytes that a line may have at the most, where its source says so. */
  readonly longestLine: number;
}

/**
 * The statement that makes a view over all that is committed. A closed part that is damaged ends a query; of an open one
 * everything up to its last committed line counts, whatever stands behind that.
 */
export function viewStatement({ name, root, columns, files, longestLine }: View): string {
  const longest = Math.max(LONGEST_LINE, longestLine);
  const shown = [
    ...Object.keys(columns).map((column) =>
      TIME_COLUMNS.has(column)
        ? `timezone('UTC', try_cast(${identifier(column)} as timestamptz)) as ${identifier(column)}`
        : identifier(column),
    ),
    ...Object.entries(nameColumns(root)).map(([column, expression]) => `${expression} as ${column}`),
  ].join(', ');
  const select = (paths: readonly string[], more: string, where: string): string =>
    `select ${shown} from read_json([${paths.map((path) => literal(asPattern(path))).join(', ')}], format = 'newline_delimited', filename = true, ` +
    `maximum_object_size = ${longest}, columns = ${structOf(columns)}${more})${where}`;
  const sources = [
    ...(files.closed.length > 0 ? [select(files.closed, '', '')] : []),
    ...files.open.map(({ path, last }) => select([path], ', ignore_errors = true', ` where seq <= ${last}`)),
  ];
  return `create or replace view ${identifier(name)} as ${sources.length > 0 ? sources.join('\nunion all\n') : emptySource(columns)}`;
}

/** The columns without any row, where nothing is committed yet. */
function emptySource(columns: Columns): string {
  const typed = Object.entries(columns).map(
    ([column, type]) =>
      `cast(null as ${TIME_COLUMNS.has(column) ? 'timestamp' : type}) as ${identifier(column)}`,
  );
  return `select ${typed.join(', ')}, cast(null as date) as day, cast(null as timestamp) as hour, cast(null as varchar) as part, cast(null as varchar) as path where false`;
}

function structOf(columns: Columns): string {
  return `{${Object.entries(columns)
    .map(([column, type]) => `${identifier(column)}: ${literal(type)}`)
    .join(', ')}}`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** DuckDB takes paths as patterns: what would be one in a folder’s name is put into brackets. */
export function asPattern(path: string): string {
  return path.replace(/[[*?]/g, '[$&]');
}
