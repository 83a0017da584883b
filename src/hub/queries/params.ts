import { err, ok, type Result } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { HubFilter } from '../blocks/query.ts';
import { type Principal, visibleAgents } from '../server/principal.ts';
import * as read from './param-values.ts';

/** One table for addresses, frames and options. */
const PARAMS = {
  since: read.time,
  until: read.time,
  /** Instead of `since`: how long before `until`. */
  window: read.duration(1, 100 * 365 * 86_400_000),
  agent: read.names,
  host: read.names,
  service: read.names,
  sender: read.names,
  life: read.names,
  kind: read.kinds,
  /** At least. */
  level: read.level(false),
  /** At most. */
  levelMax: read.level(true),
  text: read.text,
  words: read.text,
  matches: read.pattern,
  field: read.fields,
  limit: read.whole(1, 10_000),
  cursor: read.cursor,
  /** How long the answer may take. */
  budget: read.duration(0, 10_000),
  step: read.duration(1000, 366 * 86_400_000),
  position: read.whole(0, Number.MAX_SAFE_INTEGER),
  before: read.whole(0, 1000),
  after: read.whole(0, 1000),
  of: read.choice('service', 'agent'),
  format: read.choice('ndjson', 'csv'),
  last: read.whole(0, 10_000),
  tail: read.text,
} as const;

export type ParamName = keyof typeof PARAMS;
type ValueOf<K extends ParamName> = (typeof PARAMS)[K] extends read.ReadValue<infer T> ? T : never;
export type Params<K extends ParamName> = { readonly [N in K]?: ValueOf<N> };

export const WINDOW_PARAMS = ['since', 'until', 'window', 'agent'] as const;
export const FILTER_PARAMS = [
  ...WINDOW_PARAMS,
  'host',
  'service',
  'sender',
  'life',
  'kind',
  'level',
  'levelMax',
  'text',
  'words',
  'matches',
  'field',
] as const;
export type FilterParam = (typeof FILTER_PARAMS)[number];

/** Other names: lists in JSON are called by many. */
const ALIASES: Readonly<Record<string, ParamName>> = {
  agents: 'agent',
  hosts: 'host',
  services: 'service',
  senders: 'sender',
  lives: 'life',
  kinds: 'kind',
  fields: 'field',
};

/**
 * Reads parameters. The errors are sentences' parts, one for each that is wrong: `limit: "x" is no whole number from 1 to 10000`.
 * @param now microseconds.
 */
export function readParams<K extends ParamName>(
  given: Readonly<Record<string, unknown>>,
  known: readonly K[],
  now: number,
): Result<Params<K>, readonly string[]> {
  const problems: string[] = [];
  const values = new Map<string, unknown>();
  for (const [key, value] of Object.entries(given)) {
    const name = (Object.hasOwn(ALIASES, key) ? ALIASES[key] : key) as K;
    if (value === undefined) continue;
    if (!known.includes(name)) {
      problems.push(`${read.shown(key)} is unknown here${didYouMean(key, known)}`);
      continue;
    }
    if (values.has(name)) {
      problems.push(`${key}: it is there twice`);
      continue;
    }
    const one = (PARAMS[name] as read.ReadValue<unknown>)(value, now);
    if (one.ok) values.set(name, one.value);
    else problems.push(`${key}: ${one.error}`);
  }
  problems.push(...windowProblems(Object.fromEntries(values), now));
  return problems.length > 0 ? err(problems) : ok(Object.fromEntries(values) as Params<K>);
}

function windowProblems(values: Params<(typeof WINDOW_PARAMS)[number]>, now: number): string[] {
  if (values.since !== undefined && values.window !== undefined)
    return ['since and window: give one of them'];
  const { since, until } = windowOf(values, now);
  return since !== undefined && until !== undefined && since >= until
    ? ['since: it is not before until']
    : [];
}

/** Microseconds. */
export function windowOf(
  { since, until, window }: Params<'since' | 'until' | 'window'>,
  now: number,
): { readonly since?: number; readonly until?: number } {
  const from = window === undefined ? since : (until ?? now) - window * 1000;
  return { ...(from === undefined ? {} : { since: from }), ...(until === undefined ? {} : { until }) };
}

/**
 * What somebody may ask: an agent that may not be seen is as one that is not there. The filter's `agents` is absent only for who may see all.
 * @param now microseconds.
 */
export function filterOf(values: Params<FilterParam>, principal: Principal, now: number): HubFilter {
  const { agent, host, service, sender, life, kind, level, levelMax, text, words, matches, field } = values;
  const agents = agentsOf(agent, principal);
  return {
    ...windowOf(values, now),
    ...(agents === undefined ? {} : { agents }),
    ...(host === undefined ? {} : { hosts: host }),
    ...(service === undefined ? {} : { services: service }),
    ...(sender === undefined ? {} : { senders: sender }),
    ...(life === undefined ? {} : { lives: life }),
    ...(kind === undefined ? {} : { kinds: kind }),
    ...(level === undefined ? {} : { levelAtLeast: level }),
    ...(levelMax === undefined ? {} : { levelAtMost: levelMax }),
    ...(text === undefined || text === '' ? {} : { text }),
    ...(words === undefined || words === '' ? {} : { words }),
    ...(matches === undefined ? {} : { matches }),
    ...(field === undefined ? {} : { fields: field }),
  };
}

/** Those that are asked for and may be seen; undefined: all. */
export function agentsOf(
  asked: readonly string[] | undefined,
  principal: Principal,
): readonly string[] | undefined {
  const visible = visibleAgents(principal);
  if (visible === undefined) return asked;
  return asked === undefined ? visible : asked.filter((agent) => visible.includes(agent));
}

/** Whether nothing can be found, whatever there is. */
export function isNothing({ agents, kinds, services }: HubFilter): boolean {
  return [agents, kinds, services].some((list) => list?.length === 0);
}
