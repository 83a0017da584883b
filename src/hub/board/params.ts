import { err, ok, type Result } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import { BAR_RANGES } from '../../wire/page/board.ts';
import * as read from '../queries/param-values.ts';

const LONGEST_NAME = 300;
const MOST_OF = 100;
/** 1973 and the year 3000: what is beyond is of another unit. */
const [LEAST_MS, MOST_MS] = [100_000_000_000, 32_503_680_000_000];

const name: read.ReadValue<string> = (value) =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME
    ? ok(value)
    : err(`${read.shown(value)} is no name of 1 to ${LONGEST_NAME} characters`);

/** `AGENT/NAME`, or several. */
const of: read.ReadValue<readonly ServiceName[]> = (value) => {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (given.length > MOST_OF) return err(`it has ${given.length} values, ${MOST_OF} at most`);
  const found: ServiceName[] = [];
  for (const each of given) {
    const [, agent, service] =
      typeof each === 'string' && each.length <= 2 * LONGEST_NAME
        ? (/^([^/]+)\/(.+)$/s.exec(each) ?? [])
        : [];
    if (agent === undefined || service === undefined)
      return err(`${read.shown(each)} is no service: write AGENT/NAME`);
    found.push({ agent, name: service });
  }
  return ok(found);
};

/** Wall milliseconds. */
const time: read.ReadValue<number> = (value) => {
  const ms =
    typeof value === 'string' && /^\d{1,20}(?:\.\d{1,20})?$/.test(value) ? Number(value) : Number.NaN;
  return ms >= LEAST_MS && ms <= MOST_MS
    ? ok(Math.floor(ms))
    : err(`${read.shown(value)} is no time of our days in milliseconds since 1970`);
};

export interface ServiceName {
  readonly agent: string;
  readonly name: string;
}

const PARAMS = {
  agent: name,
  name,
  of,
  range: read.choice(...BAR_RANGES),
  since: time,
  until: time,
} as const;

type ParamName = keyof typeof PARAMS;
type ValueOf<K extends ParamName> = (typeof PARAMS)[K] extends read.ReadValue<infer T> ? T : never;
export type Params<K extends ParamName> = { readonly [N in K]: ValueOf<N> };

/** Reads the parameters of an address, all of which have to be there. The errors are clauses, one for each that is wrong. */
export function readAll<K extends ParamName>(
  given: Readonly<Record<string, unknown>>,
  wanted: readonly K[],
): Result<Params<K>, readonly string[]> {
  const problems: string[] = [];
  const values: Partial<Record<ParamName, unknown>> = {};
  for (const key of Object.keys(given))
    if (!wanted.includes(key as K))
      problems.push(`${read.shown(key)} is unknown here${didYouMean(key, wanted)}`);
  for (const key of wanted) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    const found = value === undefined ? err('it is missing') : PARAMS[key](value, 0);
    if (found.ok) values[key] = found.value;
    else problems.push(`${key}: ${found.error}`);
  }
  const { since, until } = values as Partial<Params<'since' | 'until'>>;
  if (since !== undefined && until !== undefined && since >= until)
    problems.push('since: it is not before until');
  return problems.length > 0 ? err(problems) : ok(values as Params<K>);
}
