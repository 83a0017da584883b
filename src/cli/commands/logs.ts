import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LogsParams } from '../../app/control-api.ts';
import { statePaths } from '../../app/state.ts';
import { LEVELS, type LevelName, type StoredRecord } from '../../core/record.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import type { ControlApi } from '../../app/control-api.ts';
import { openSqliteStoreReadOnly } from '../../hub/store/sqlite.ts';
import { findState } from '../config-file.ts';
import { commandErrorOf } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, say, write } from '../output.ts';
import { readPastTime } from '../past-time.ts';
import { recordText } from '../record-text.ts';
import { interruptible } from '../signals.ts';

const KINDS = [
  'log',
  'flip',
  'start',
  'exit',
  'action',
  'notification',
  'delivery',
  'job',
  'gap',
  'note',
] as const;

interface LogsOptions extends JsonOption {
  readonly follow?: true;
  readonly lines: number;
  readonly level?: LevelName;
  readonly kind?: (typeof KINDS)[number];
  readonly since?: number;
  readonly until?: number;
  readonly text?: string;
  readonly life?: string;
}

export function addLogs(program: Command): void {
  subcommand(program, 'logs [name...]', 'show the time line: log lines, starts, exits, changes of state')
    .addOption(jsonOption())
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <count>', 'the newest so many', readCount, 100)
    .addOption(new Option('-l, --level <level>', 'this level and above').choices(Object.keys(LEVELS)))
    .addOption(new Option('-k, --kind <kind>', 'records of this kind alone').choices(KINDS))
    .option('--since <time>', 'from this time on: 10m (ago), or 2026-11-22T01:00Z', readMicros)
    .option('--until <time>', 'up to this time', readMicros)
    .option('--text <text>', 'messages that contain this text')
    .option('--life <life>', 'one life of a service')
    .action(showLogs);
}

async function showLogs(names: readonly string[], options: LogsOptions): Promise<void> {
  const paths = statePaths(await findState(options.config));
  const params = paramsOf(names, options);
  const colour = colours(process.stdout);
  const width = Math.max(8, ...names.map((name) => name.length));
  const show = (record: StoredRecord): Promise<void> =>
    write(
      `${options.json ? JSON.stringify(record) : recordText(record, { colour, service: names.length !== 1, width })}\n`,
    );
  const client = createRpcClient<ControlApi>(paths.control);
  await interruptible(async (signal) => {
    for await (const answer of client.stream('logs', params, { signal })) {
      if (answer.ok) await show(answer.value);
      else if (answer.error.kind === 'not-running') await showStored(paths.records, params, show);
      else throw commandErrorOf(answer.error);
    }
  });
}

/** Without a daemon the stored records can still be read. */
async function showStored(
  path: string,
  params: LogsParams,
  show: (record: StoredRecord) => Promise<void>,
): Promise<void> {
  const store = openSqliteStoreReadOnly(path);
  if (!store.ok)
    throw new CommandError(
      'notRunning',
      `cannot show logs: the daemon is not running, and ${store.error.message}`,
    );
  say('the daemon is not running: this is what it stored');
  const { follow, limit = 100, ...filter } = params;
  const query = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  try {
    for (const record of store.value.query({ ...query, limit: Math.max(1, limit), take: 'newest' }))
      await show(record);
  } finally {
    store.value.close();
  }
  if (follow) throw new CommandError('notRunning', 'cannot follow: the daemon is not running');
}

function paramsOf(names: readonly string[], options: LogsOptions): LogsParams {
  return {
    follow: options.follow === true,
    limit: options.lines,
    ...(names.length === 0 ? {} : { services: [...names] }),
    ...(options.level === undefined ? {} : { level: LEVELS[options.level] }),
    ...(options.kind === undefined ? {} : { kinds: [options.kind] }),
    ...(options.since === undefined ? {} : { since: options.since }),
    ...(options.until === undefined ? {} : { until: options.until }),
    ...(options.text === undefined ? {} : { text: options.text }),
    ...(options.life === undefined ? {} : { life: options.life }),
  };
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 10_000)
    throw new InvalidArgumentError('Write a whole number up to 10000.');
  return count;
}

const readMicros = (text: string): number => readPastTime(text) * 1000;
