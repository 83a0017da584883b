import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Clock } from '../../core/clock.ts';
import { asError } from '../../core/result.ts';
import { formatSize } from '../../core/sizes.ts';
import type { Layout } from '../layout.ts';
import type { Columns } from './columns.ts';
import { type DuckDb, loadDuckDb } from './duckdb.ts';
import { endWhenAsked } from './ending.ts';
import { findPartFiles } from './parts.ts';
import { readStatement, type Statement } from './statement.ts';
import { asPattern, literal, viewStatement } from './view.ts';

/** A collector’s folder, as the table of a name. */
export interface QueryTable {
  readonly name: string;
  readonly layout: Layout;
  readonly columns: Columns;
  readonly longestLine: number;
}

export interface QueryOptions {
  readonly sql: string;
  readonly tables: readonly QueryTable[];
  /** Each value as JSON, or as text. */
  readonly form: 'json' | 'text';
  readonly memoryBytes: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Ends the query. */
  readonly signal: AbortSignal;
  /** Told of each table of which closed parts are not here any more. */
  readonly gone: (table: string, parts: readonly string[]) => void;
}

/** Rows of a query, a batch at a time, as they come. */
export interface QueryRows {
  readonly columns: readonly string[];
  readonly batches: AsyncIterable<readonly Row[]>;
}

/** Null where SQL says null. */
export type Row = readonly (string | null)[];

/** The query is wrong, or was ended: its message is for people. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly retryable = false;
  /** Whether another statement is needed. */
  readonly mistake: boolean;
  constructor(message: string, mistake: boolean) {
    super(message);
    this.mistake = mistake;
  }
}

/** How often the files are looked for again, when one was archived between the look and its reading. */
const TRIES = 3;
const GONE = /No files found that match|Cannot open file|No such file or directory/;

/**
 * Runs one statement that reads, over what the collectors have committed. Nothing is written, nothing but their folders is read, and
 * no extension is loaded: DuckDB itself refuses.
 * @throws NoDuckDbError, QueryError
 */
export async function withQuery(
  options: QueryOptions,
  use: (rows: QueryRows) => Promise<void>,
): Promise<void> {
  const engine = await loadDuckDb();
  const instance = await engine.DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const ending = endWhenAsked(connection, options);
  try {
    await confine(connection, options);
    const statement = await understand(engine, connection, options);
    for (let tries = 1; ; tries += 1) {
      let shown = false;
      try {
        await makeViews(connection, options, tries === 1);
        const rows = open(connection, statement, options, ending.reason);
        await use({
          ...rows,
          batches: noted(rows.batches, () => {
            shown = true;
          }),
        });
        return;
      } catch (thrown) {
        const isGone = thrown instanceof QueryError && GONE.test(thrown.message);
        if (!isGone || shown || tries === TRIES || ending.reason() !== undefined) throw thrown;
      }
    }
  } catch (thrown) {
    const why = ending.reason();
    throw why === undefined ? thrown : new QueryError(why, false);
  } finally {
    ending.over();
    close(connection, instance);
  }
}

function close(connection: DuckDBConnection, instance: DuckDBInstance): void {
  connection.closeSync();
  instance.closeSync();
}

async function* noted(
  batches: AsyncIterable<readonly Row[]>,
  note: () => void,
): AsyncGenerator<readonly Row[]> {
  for await (const batch of batches) {
    note();
    yield batch;
  }
}

/** Shuts all doors but the collectors’ folders. Once it is done, no statement can open one again. */
async function confine(connection: DuckDBConnection, { tables, memoryBytes }: QueryOptions): Promise<void> {
  // DuckDB compares the pattern as well as the files that it finds.
  const folders = new Set(tables.flatMap(({ layout: { root } }) => [root, asPattern(root)]));
  const settings = [
    `memory_limit = '${Math.ceil(memoryBytes / 1024)}KiB'`,
    // Without one nothing is put on the disk when the memory does not suffice.
    `temp_directory = ''`,
    `TimeZone = 'UTC'`,
    'allow_persistent_secrets = false',
    'allow_community_extensions = false',
    'autoinstall_known_extensions = false',
    'autoload_known_extensions = false',
    `allowed_directories = [${[...folders].map(literal).join(', ')}]`,
    'enable_external_access = false',
    'lock_configuration = true',
  ];
  for (const setting of settings) await connection.run(`set ${setting}`);
}

/** Looks at the statement over empty tables first: with all their files, each look would ask of each file whether it is wanted. */
async function understand(
  engine: DuckDb,
  connection: DuckDBConnection,
  { sql, tables, memoryBytes }: QueryOptions,
): Promise<Statement> {
  const files = { closed: [], open: [], gone: [] };
  for (const { name, layout, columns, longestLine } of tables)
    await connection.run(viewStatement({ name, root: layout.root, columns, files, longestLine }));
  const statement = await readStatement(engine, connection, sql).catch((thrown: unknown) => {
    throw queryError(asError(thrown), memoryBytes);
  });
  if (typeof statement === 'string') throw new QueryError(statement, true);
  return statement;
}

async function makeViews(
  connection: DuckDBConnection,
  { tables, gone, memoryBytes }: QueryOptions,
  first: boolean,
): Promise<void> {
  for (const { name, layout, columns, longestLine } of tables) {
    const files = await findPartFiles(layout);
    if (first && files.gone.length > 0) gone(name, files.gone);
    await connection
      .run(viewStatement({ name, root: layout.root, columns, files, longestLine }))
      .catch((thrown: unknown) => {
        throw queryError(asError(thrown), memoryBytes);
      });
  }
}

function open(
  connection: DuckDBConnection,
  statement: Statement,
  { form, memoryBytes }: QueryOptions,
  ended: () => string | undefined,
): QueryRows {
  const told = (thrown: unknown): QueryError => queryError(asError(thrown), memoryBytes);
  const { columns } = statement;
  return { columns, batches: statement.plan ? plan(statement) : rows(statement) };

  async function* plan({ text }: Statement): AsyncGenerator<readonly Row[]> {
    const result = await connection.run(text).catch((thrown: unknown) => {
      throw told(thrown);
    });
    const found = await result.getRowsJson();
    yield found
      .map((row) => row.map(String))
      .map((row) => (form === 'json' ? row.map((each) => JSON.stringify(each)) : row));
  }

  async function* rows({ text }: Statement): AsyncGenerator<readonly Row[]> {
    const value = form === 'json' ? 'to_json(columns(*))::varchar' : 'columns(*)::varchar';
    // An error amid a result looks like its end (@duckdb/node-api 1.5.6): only the last row of ours says that it is whole.
    const end = `select true, ${columns.map(() => 'null').join(', ')}`;
    const result = await connection
      .stream(`select false, ${value} from (${text}\n) union all ${end}`)
      .catch((thrown: unknown) => {
        throw told(thrown);
      });
    for (;;) {
      const chunk = await result.fetchChunk();
      const why = ended();
      if (why !== undefined) throw new QueryError(why, false);
      if (chunk === null || chunk.rowCount === 0) throw told(await whyCut(text));
      const found = chunk.getRows() as [boolean, ...(string | null)[]][];
      const whole = found.filter(([isEnd]) => !isEnd).map(([, ...values]) => values);
      if (whole.length > 0) yield whole;
      if (whole.length < found.length) return;
    }
  }

  /** Reads everything once more, in one go: that tells errors. */
  async function whyCut(text: string): Promise<Error> {
    try {
      await connection.run(`select bit_xor(hash(q)) from (${text}\n) q`);
    } catch (thrown) {
      return asError(thrown);
    }
    return new Error('its files changed while they were read; run it again');
  }
}

/** DuckDB’s words, without its advice on settings that are not to be had here. */
function queryError(error: Error, memoryBytes: number): QueryError {
  const message = error.message.replace(/^Failed to extract statements: /, '').trim();
  if (message.startsWith('Out of Memory Error'))
    return new QueryError(
      `cannot query: it needs more memory than ${formatSize(memoryBytes)}; give it more (--memory), or ask for less`,
      false,
    );
  const mistake = /^(Parser|Binder|Catalog|Syntax|Permission|Not implemented) Error/i.test(message);
  return new QueryError(`cannot query: ${message}`, mistake);
}
