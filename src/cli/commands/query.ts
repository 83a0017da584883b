import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Plan } from '../../app/plan.ts';
import { kindOf, type SourceKind } from '../../app/sources.ts';
import { columnsOf, type LineForm } from '../../collect/query/columns.ts';
import { NoDuckDbError } from '../../collect/query/duckdb.ts';
import { QueryError, type QueryTable, withQuery } from '../../collect/query/query.ts';
import { layoutOf } from '../../collect/layout.ts';
import { systemClock } from '../../core/clock.ts';
import { parseDuration } from '../../core/durations.ts';
import type { Result } from '../../core/result.ts';
import { parseSize } from '../../core/sizes.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, subcommand } from '../options.ts';
import { say } from '../output.ts';
import { writeCsv, writeJson, writeTable } from '../query-output.ts';
import { interruptible } from '../signals.ts';

interface QueryCommandOptions extends ConfigOption {
  readonly json?: true;
  readonly csv?: true;
  readonly memory: number;
  readonly timeout: number;
}

export function addQuery(program: Command): void {
  subcommand(
    program,
    'query <sql>',
    'ask what collectors have collected, in SQL, where it lies: each collector is a table (needs DuckDB)',
  )
    .addOption(new Option('--json', 'print a JSON object a line').conflicts('csv'))
    .option('--csv', 'print CSV, names first')
    .addOption(
      new Option('--memory <size>', 'how much memory it may use')
        .argParser(readWith(parseSize))
        .default(1_073_741_824, '1G'),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long it may take')
        .argParser(readWith(parseDuration))
        .default(600_000, '10m'),
    )
    .action(query);
}

async function query(
  sql: string,
  { config, json, csv, memory, timeout }: QueryCommandOptions,
): Promise<void> {
  const { plan } = await requirePlan(config, false);
  const tables = tablesOf(plan);
  if (tables.length === 0) throw new CommandError('failed', 'cannot query: the config has no collector');
  await interruptible(async (signal) => {
    try {
      await withQuery(
        {
          sql,
          tables,
          form: json ? 'json' : 'text',
          memoryBytes: memory,
          timeoutMs: timeout,
          clock: systemClock,
          signal,
          gone: (table, parts) => say(goneText(table, parts)),
        },
        json ? writeJson : csv ? writeCsv : writeTable,
      );
    } catch (thrown) {
      if (thrown instanceof NoDuckDbError) throw new CommandError('failed', thrown.message);
      if (thrown instanceof QueryError)
        throw new CommandError(thrown.mistake ? 'usage' : 'failed', thrown.message);
      throw thrown;
    }
  });
}

function tablesOf(plan: Plan): QueryTable[] {
  return plan.services.flatMap(({ name, collect }) => {
    if (collect === undefined) return [];
    const form = LINE_FORMS[kindOf(collect.from)];
    // A character may take six bytes as an escape.
    return [
      { name, layout: layoutOf(collect.into), columns: columnsOf(form), longestLine: 6 * collect.line },
    ];
  });
}

const LINE_FORMS: Readonly<Record<SourceKind, LineForm>> = {
  firehose: 'atproto',
  jetstream: 'atproto',
  'jetstream-v2': 'atproto',
  sse: 'sse',
  websocket: 'lines',
  tcp: 'lines',
  exec: 'lines',
  nats: 'nats',
  kafka: 'kafka',
};

function goneText(table: string, parts: readonly string[]): string {
  const few = parts.length === 1 ? 'a part' : `${parts.length} parts`;
  return `${table}: ${few} of it ${parts.length === 1 ? 'is' : 'are'} not here any more (${parts[0]}${parts.length > 1 ? ', …' : ''})`;
}

function readWith(parse: (text: string) => Result<number, string>): (text: string) => number {
  return (text) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new InvalidArgumentError(parsed.error);
    if (parsed.value <= 0) throw new InvalidArgumentError('It has to be more than nothing.');
    return parsed.value;
  };
}
