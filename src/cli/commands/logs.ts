import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LogsParams } from '../../app/control-api.ts';
import { statePaths } from '../../app/state.ts';
import {
  RECORD_KINDS,
  LEVELS,
  type LevelName,
  type RecordKind,
  type StoredRecord,
} from '../../core/record.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import type { ControlApi } from '../../app/control-api.ts';
import type { Row } from '../../wire/hub/row.ts';
import { openSqliteStoreReadOnly } from '../../hub/store/sqlite.ts';
import { findState } from '../config-file.ts';
import { commandErrorOf } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { countFrom, type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, printable, say, write } from '../output.ts';
import { readPastTime } from '../past-time.ts';
import { recordText } from '../record-text.ts';
import { interruptible } from '../signals.ts';

interface LogsOptions extends JsonOption {
  readonly follow?: true;
  readonly lines: number;
  readonly level?: LevelName;
  readonly kind?: readonly RecordKind[];
  readonly sender?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly text?: string;
  readonly life?: string;
  readonly hub?: string | true;
  readonly agent?: readonly string[];
  readonly host?: readonly string[];
  readonly levelMax?: LevelName;
  readonly words?: string;
  readonly matches?: string;
  readonly field?: readonly string[];
}

export function addLogs(program: Command): void {
  subcommand(program, 'logs [name...]', 'show the time line: log lines, starts, exits, changes of state')
    .addOption(jsonOption())
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <count>', 'the newest so many', countFrom(0, 10_000), 100)
    .addOption(new Option('-l, --level <level>', 'this level and above').choices(Object.keys(LEVELS)))
    .addOption(
      several('-k, --kind <kind>', 'records of this kind alone').choices(RECORD_KINDS).argParser(addKind),
    )
    .addOption(several('--sender <sender>', 'of this sender alone: stdout, stderr, daemon, a watch'))
    .option('--since <time>', 'from this time on: 10m (ago), or 2026-11-22T01:00Z', readMicros)
    .option('--until <time>', 'up to this time', readMicros)
    .option('--text <text>', 'messages that contain this text')
    .option('--life <life>', 'one life of a service')
    .option('--hub [url]', 'ask the hub: that of the config, or this one; what many hosts have sent')
    .addOption(several('--agent <agent>', 'of the hub: what this agent has sent'))
    .addOption(several('--host <host>', 'of the hub: what happened on this host'))
    .addOption(
      new Option('--level-max <level>', 'of the hub: this level and below').choices(Object.keys(LEVELS)),
    )
    .option('--words <words>', 'of the hub: messages that have these words whole; fast where they are rare')
    .option('--matches <expression>', 'of the hub: messages that this regular expression is found in')
    .addOption(several('--field <path=value>', 'of the hub: a field that is so, as in http.status=500'))
    .action(showLogs);
}

/** An option that may be given again: any of its values. */
function several(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be given again`).argParser(
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  );
}

function addKind(value: string, before: readonly string[] = []): string[] {
  if (!(RECORD_KINDS as readonly string[]).includes(value))
    throw new InvalidArgumentError(`Allowed choices are ${RECORD_KINDS.join(', ')}.`);
  return [...before, value];
}

async function showLogs(names: readonly string[], options: LogsOptions): Promise<void> {
  if (options.hub !== undefined || options.agent !== undefined || options.host !== undefined)
    return showHub(names, options);
  refuseHubOptions(options);
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

/** What only a hub can look for. */
function refuseHubOptions(options: LogsOptions): void {
  const given = (['levelMax', 'words', 'matches', 'field'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (given === undefined) return;
  const flag = given === 'levelMax' ? 'level-max' : given;
  throw new CommandError('usage', `cannot look for --${flag} here: only a hub can; add --hub`);
}

/** Loaded here, so that the logs of this machine start fast. */
async function showHub(names: readonly string[], options: LogsOptions): Promise<void> {
  const { findHub } = await import('../hub-target.ts');
  const { hubLogs, hubQuery } = await import('../hub-logs.ts');
  const target = await findHub(options.hub ?? true, options.config);
  const colour = colours(process.stdout);
  const show = (row: Row): Promise<void> =>
    write(`${options.json ? JSON.stringify(row) : hubRowText(row, colour)}\n`);
  const query = hubQuery(names, options);
  const { lines, follow = false } = options;
  await interruptible((signal) => hubLogs(target, { query, lines, follow, show }, signal));
}

/** Its host is shown where it has another name than the agent. */
function hubRowText(row: Row, colour: boolean): string {
  const from = row.host === '' || row.host === row.agent ? row.agent : `${row.agent}(${row.host})`;
  const service = printable(`${from}/${row.service || '-'}`);
  return recordText({ ...row, service }, { colour, service: true, width: 20 });
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
    ...(options.kind === undefined ? {} : { kinds: [...options.kind] }),
    ...(options.sender === undefined ? {} : { senders: [...options.sender] }),
    ...(options.since === undefined ? {} : { since: options.since }),
    ...(options.until === undefined ? {} : { until: options.until }),
    ...(options.text === undefined ? {} : { text: options.text }),
    ...(options.life === undefined ? {} : { life: options.life }),
  };
}

const readMicros = (text: string): number => readPastTime(text) * 1000;
