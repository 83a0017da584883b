import type { DuckDBConnection } from '@duckdb/node-api';
import type { DuckDb } from './duckdb.ts';

/** A statement that reads. */
export interface Statement {
  /** Without a semicolon at its end. */
  readonly text: string;
  readonly columns: readonly string[];
  /** `explain …`: its rows are the plan of a query. */
  readonly plan: boolean;
}

const EXPLAIN = /^\s*explain(?:\s+analyze|\s*\([^()]*\))?\s+/i;

/** The one statement that a text has, or why it can't be run. Throws DuckDB’s errors where it can't be read. */
export async function readStatement(
  { StatementType }: DuckDb,
  connection: DuckDBConnection,
  sql: string,
): Promise<Statement | string> {
  const text = sql.replace(/[;\s]+$/, '');
  if (text === '') return 'cannot query nothing: write a statement such as "select count(*) from NAME"';
  const found = await connection.extractStatements(text);
  if (found.count !== 1)
    return 'cannot query with several statements at once: write one (pivot needs its values: pivot … on COLUMN in (…))';
  const prepared = await found.prepare(0);
  try {
    if (prepared.parameterCount > 0) return 'cannot query with parameters: write the values';
    const columns = Array.from({ length: prepared.columnCount }, (_, index) => prepared.columnName(index));
    if (prepared.statementType === StatementType.SELECT)
      return { text, columns: distinct(columns), plan: false };
    if (prepared.statementType === StatementType.EXPLAIN && EXPLAIN.test(text)) {
      // `explain analyze` runs what it explains.
      const inner = await readStatement({ StatementType } as DuckDb, connection, text.replace(EXPLAIN, ''));
      return typeof inner === 'string' ? inner : { text, columns, plan: true };
    }
    return `cannot run ${StatementType[prepared.statementType].toLowerCase().replace('_', ' ')}: a query only reads (select, with, from, describe, summarize, show, explain)`;
  } finally {
    prepared.destroySync();
  }
}

/** As DuckDB names columns of a subquery that have the same name. */
function distinct(columns: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return columns.map((column) => {
    const count = seen.get(column) ?? 0;
    seen.set(column, count + 1);
    return count === 0 ? column : `${column}_${count}`;
  });
}
