import { systemClock } from '../core/clock.ts';
import type { Row } from '../wire/hub/row.ts';
import { fullJitter } from '../core/backoff.ts';
import {
  createHubClient,
  type HubClient,
  type HubClientOptions,
  type HubTrouble,
} from '../wire/hub-client.ts';
import { CommandError } from './exit-codes.ts';
import { say } from './output.ts';

/** `vahti logs` of a hub: what many hosts have sent. */
export interface HubLogs {
  /** Parameters of the hub's own, see docs/hub-queries.md. */
  readonly query: URLSearchParams;
  /** The newest so many first. */
  readonly lines: number;
  readonly follow: boolean;
  readonly show: (row: Row) => Promise<void>;
}

/** What of the options of `vahti logs` the hub is asked for. Times are microseconds. */
export interface HubLogsFilter {
  readonly since?: number;
  readonly until?: number;
  readonly agent?: readonly string[];
  readonly host?: readonly string[];
  readonly sender?: readonly string[];
  readonly kind?: readonly string[];
  readonly life?: string;
  readonly level?: string;
  readonly levelMax?: string;
  readonly text?: string;
  readonly words?: string;
  readonly matches?: string;
  readonly field?: readonly string[];
}

const NAMES = [
  'since',
  'until',
  'agent',
  'host',
  'sender',
  'kind',
  'life',
  'level',
  'levelMax',
  'text',
  'words',
  'matches',
  'field',
] as const satisfies readonly (keyof HubLogsFilter)[];

/** The parameters of the hub's that options are. */
export function hubQuery(services: readonly string[], options: HubLogsFilter): URLSearchParams {
  const query = new URLSearchParams(services.map((service): [string, string] => ['service', service]));
  for (const name of NAMES)
    for (const value of [options[name] ?? []].flat()) query.append(name, String(value));
  return query;
}

const PAGE = 1000;
const [LEAST_WAIT_MS, MOST_WAIT_MS] = [500, 15_000];

/** @throws CommandError where the hub cannot be asked, or refuses. */
export async function hubLogs(options: HubClientOptions, logs: HubLogs, signal: AbortSignal): Promise<void> {
  const client = createHubClient(options);
  if (logs.follow) return follow(client, options.url, logs, signal);
  for (const row of (await newest(client, options.url, logs, signal)).toReversed()) await logs.show(row);
}

interface Page {
  readonly rows: readonly Row[];
  readonly next: string | null;
  readonly cut: boolean;
  readonly scanned: number;
  readonly of: number;
}

/** Goes on where the hub's time for one answer was used up. */
async function newest(client: HubClient, url: URL, logs: HubLogs, signal: AbortSignal): Promise<Row[]> {
  const rows: Row[] = [];
  let next: string | null = null;
  while (rows.length < logs.lines && !signal.aborted) {
    const query = new URLSearchParams(logs.query);
    query.set('limit', String(Math.min(PAGE, logs.lines - rows.length)));
    if (next !== null) query.set('cursor', next);
    const answer = await client.get('/api/records', query, signal);
    if (!answer.ok) {
      if (signal.aborted) break;
      if (answer.error.kind !== 'busy') throw commandError(url, answer.error);
      await systemClock.sleep(Math.max(LEAST_WAIT_MS, answer.error.retryMs ?? 0), signal);
      continue;
    }
    const page = answer.value as Page;
    rows.push(...page.rows);
    next = page.next;
    if (next === null) break;
    if (page.cut) say(`${page.scanned} of ${page.of} records were looked at; going on`);
  }
  return rows;
}

/** A broken connection is made anew, and goes on where it broke. */
async function follow(client: HubClient, url: URL, logs: HubLogs, signal: AbortSignal): Promise<void> {
  let position: number | undefined;
  for (let attempt = 0; !signal.aborted; ) {
    const query = new URLSearchParams(logs.query);
    if (position === undefined) query.set('last', String(logs.lines));
    else query.set('position', String(position));
    let why = 'it ended the connection';
    for await (const line of client.lines('/api/tail', query, signal)) {
      if (!line.ok) {
        if (line.error.kind === 'refused') throw commandError(url, line.error);
        if (position === undefined && attempt === 0 && line.error.kind === 'unreachable')
          throw commandError(url, line.error);
        why = line.error.why;
        break;
      }
      attempt = 0;
      // Rows come in the order of their positions: behind the last one that was shown is where to go on.
      position = (await shown(line.value as TailLine, logs)) ?? position;
    }
    if (signal.aborted) return;
    const wait = fullJitter({ minMs: LEAST_WAIT_MS, maxMs: MOST_WAIT_MS, attempt, random: Math.random });
    if (attempt === 0) say(`the hub ${url.origin} cannot be followed now: ${why}; trying again`);
    attempt++;
    await systemClock.sleep(Math.max(LEAST_WAIT_MS, wait), signal);
  }
}

type TailLine =
  | (Row & { readonly event?: undefined })
  | { readonly event: 'position'; readonly position: number }
  | { readonly event: 'skipped'; readonly skipped: number };

/** @returns the position from which on to go on, where the line says so. */
async function shown(line: TailLine, logs: HubLogs): Promise<number | undefined> {
  if (line.event === undefined) {
    await logs.show(line);
    return line.position;
  }
  if (line.event === 'position') return line.position;
  say(`${line.skipped} records were skipped: this terminal was too slow for them`);
  return undefined;
}

function commandError(url: URL, { kind, why }: HubTrouble): CommandError {
  return kind === 'refused'
    ? new CommandError('usage', why)
    : new CommandError('failed', `cannot ask the hub ${url.origin}: ${why}`);
}
