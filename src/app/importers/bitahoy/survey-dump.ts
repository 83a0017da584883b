import { createReadStream } from 'node:fs';
import { asError, err, ok, type Result } from '../../../core/result.ts';
import { momentsOf } from '../../../core/zoned-time.ts';
import { AGENT_NAME } from '../../../hub/config.ts';
import { readOldEntry } from '../../../hub/protocols/watchdog/entries.ts';
import { createDumpReader, type DumpRow } from './dump.ts';
import { openSortedRows, type SortedRows } from './rows.ts';

/** What a dump of the old database has. */
export interface DumpSurvey {
  readonly logs: number;
  readonly notifications: number;
  readonly configs: readonly { readonly agent: string; readonly json: string }[];
  readonly statistics: readonly OldStatistic[];
  readonly agents: ReadonlySet<string>;
  /** What is left out: `line 17: level is no whole number of 32 bits`. The first of them; `leftOut` says how many. */
  readonly problems: readonly string[];
  readonly leftOut: number;
  /** To be closed. */
  readonly rows: SortedRows;
}

export interface OldStatistic {
  readonly agent: string;
  readonly uid: string;
  readonly device: number;
  readonly statistic: string;
  /** Milliseconds. */
  readonly time: number;
  readonly value: number;
}

const MOST_PROBLEMS = 20;
const MICROS = 1_000_000;

/**
 * Reads a dump (`pg_dump --data-only`, plain). Times of the old service have no zone.
 * @param zone that of the database's sessions. The error is a sentence.
 */
export async function surveyDump(file: string, zone: string): Promise<Result<DumpSurvey, string>> {
  const rows = openSortedRows();
  const survey = new Survey(rows, zone);
  const reader = createDumpReader({
    onRow: (row) => survey.take(row),
    onBad: (line, why) => survey.leave(line, why),
  });
  try {
    for await (const chunk of createReadStream(file)) reader.push(chunk as Buffer);
  } catch (error) {
    rows.close();
    return err(`cannot read ${file}: ${asError(error).message}`);
  }
  const cut = reader.end();
  if (cut !== undefined) {
    rows.close();
    return err(`cannot import ${file}: it breaks off in the table ${cut}`);
  }
  if (survey.isEmpty()) {
    rows.close();
    return err(
      `cannot import ${file}: it has no rows of logs, notifications, configs or statistics (make it by pg_dump --data-only)`,
    );
  }
  return ok(survey);
}

class Survey implements DumpSurvey {
  readonly rows: SortedRows;
  readonly configs: { agent: string; json: string }[] = [];
  readonly statistics: OldStatistic[] = [];
  readonly agents = new Set<string>();
  readonly problems: string[] = [];
  logs = 0;
  notifications = 0;
  leftOut = 0;
  readonly #zone: string;

  constructor(rows: SortedRows, zone: string) {
    this.rows = rows;
    this.#zone = zone;
  }

  isEmpty(): boolean {
    return this.agents.size + this.leftOut === 0;
  }

  leave(line: number, why: string): void {
    this.leftOut++;
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(`line ${line}: ${why}`);
  }

  take({ table, values, line }: DumpRow): void {
    if (!['logs', 'notifications', 'configs', 'statistics'].includes(table)) return;
    const agent = values['wdcode'] ?? '';
    const why = AGENT_NAME.test(agent)
      ? this.#store(table, agent, values)
      : `"${agent}" cannot be the name of an agent`;
    if (why === undefined) this.agents.add(agent);
    else this.leave(line, why);
  }

  /** @returns why it is left out. */
  #store(table: string, agent: string, values: DumpRow['values']): string | undefined {
    if (table === 'configs') return this.#config(agent, values['config']);
    const micros = microsOf(values['time'] ?? null, this.#zone);
    if (micros === undefined) return 'its time cannot be read';
    if (table === 'statistics') return this.#statistic(agent, values, micros / 1000);
    const id = Number(values['id']);
    if (!Number.isSafeInteger(id) || id < 1) return 'its id is no whole number';
    const { sender, message } = values;
    const level = values['level'] == null ? null : Number(values['level']);
    const read = readOldEntry({ level, time: micros / MICROS, sender, message });
    if (!read.ok) return read.error;
    const kind = table === 'logs' ? 'log' : 'notification';
    this.rows.add(kind, agent, id, read.value);
    if (kind === 'log') this.logs++;
    else this.notifications++;
    return undefined;
  }

  /** A byte string as PostgreSQL shows it: `\x7b7d`. */
  #config(agent: string, written: string | null | undefined): string | undefined {
    const [, hex] = /^\\x((?:[0-9a-f]{2})*)$/.exec(written ?? '') ?? [];
    const json = hex === undefined ? '' : Buffer.from(hex, 'hex').toString('utf8');
    try {
      JSON.parse(json);
    } catch {
      return 'its config is no JSON';
    }
    this.configs.push({ agent, json });
    return undefined;
  }

  #statistic(agent: string, values: DumpRow['values'], time: number): string | undefined {
    const [device, value] = [Number(values['deviceid']), Number(values['value'])];
    const { statistic, uid } = values;
    if (!Number.isSafeInteger(device) || !Number.isSafeInteger(value) || statistic == null)
      return 'it is no statistic';
    this.statistics.push({ agent, uid: uid ?? agent, device, statistic, time: Math.floor(time), value });
    return undefined;
  }
}

const TIMESTAMP = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/;

/** `2026-11-22 15:00:00.25` as microseconds since 1970; where clocks show it twice, the first time. */
function microsOf(written: string | null, zone: string): number | undefined {
  const [whole, ...parts] = TIMESTAMP.exec(written ?? '') ?? [];
  if (whole === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(Number);
  const [first] = momentsOf({ year, month, day, hour, minute, second }, zone);
  return first * 1000 + Number((parts[6] ?? '').padEnd(6, '0'));
}
