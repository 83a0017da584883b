import type { HubFilter } from '../blocks/query.ts';
import type { Doors } from '../server/doors.ts';
import type { Principal } from '../server/principal.ts';
import type { ActionAnswer, ActionError } from '../server/session.ts';
import type { HubStore } from '../threads/hub-store.ts';
import { writeCursor } from './cursor.ts';
import {
  agentsOf,
  FILTER_PARAMS,
  filterOf,
  isNothing,
  type ParamName,
  type Params,
  readParams,
  WINDOW_PARAMS,
  windowOf,
} from './params.ts';
import { rowToJson } from './row-json.ts';
import { createTurns } from './turns.ts';

/** What may be asked, by HTTP and by WebSocket alike. Parameters are checked here, and nobody sees what he may not. */
export interface Queries {
  query: Question;
  context: Question;
  counts: Question;
  values: Question;
}

export type Question = (given: Given, asker: Asker) => Promise<ActionAnswer>;
export type Given = Readonly<Record<string, unknown>>;

export interface Asker {
  readonly principal: Principal;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

const DEFAULT_LIMIT = 100;
const DEFAULT_BUDGET_MS = 2000;
const DEFAULT_NEIGHBOURS = 20;
const DAY = 86_400_000_000;
/** A picture has no more stretches than this, and about so many where nobody says. */
const MOST_STEPS = 2000;
const USUAL_STEPS = 120;
/** Seconds. */
const NICE_STEPS = [
  1,
  5,
  10,
  30,
  60,
  300,
  600,
  1800,
  3600,
  3 * 3600,
  6 * 3600,
  12 * 3600,
  86_400,
  7 * 86_400,
] as const;

const AT_A_TIME = 2;
const MOST_WAITING = 32;
const LATER_MS = 1000;

const QUERY_PARAMS = [...FILTER_PARAMS, 'limit', 'cursor', 'budget'] as const;
const CONTEXT_PARAMS = ['position', 'before', 'after', 'of'] as const;
const COUNTS_PARAMS = [...FILTER_PARAMS, 'step', 'budget'] as const;
const VALUES_PARAMS = [...WINDOW_PARAMS, 'budget'] as const;

/** @param now microseconds. */
type AnswerTo<K extends ParamName> = (values: Params<K>, asker: Asker, now: number) => Promise<ActionAnswer>;

export function createQueries({ store, clock }: Pick<Doors, 'store' | 'clock'>): Queries {
  const turns = createTurns(AT_A_TIME, MOST_WAITING);
  const question =
    <K extends ParamName>(known: readonly K[], answer: AnswerTo<K>): Question =>
    async (given, asker) => {
      const now = clock.micros();
      const values = readParams(given, known, now);
      if (!values.ok) return refused('invalid', `cannot answer this: ${values.error.join('; ')}`);
      const done = await turns.take(asker.principal, asker.signal);
      if (done === undefined) return tooMany();
      try {
        return await answer(values.value, asker, now);
      } finally {
        done();
      }
    };
  return {
    query: question(QUERY_PARAMS, answerQuery(store)),
    context: question(CONTEXT_PARAMS, answerContext(store)),
    counts: question(COUNTS_PARAMS, answerCounts(store)),
    values: question(VALUES_PARAMS, answerValues(store)),
  };
}

function answerQuery(store: HubStore): AnswerTo<(typeof QUERY_PARAMS)[number]> {
  return async (values, { principal, signal }, now) => {
    const { limit = DEFAULT_LIMIT, cursor, budget = DEFAULT_BUDGET_MS } = values;
    const filter = filterOf(values, principal, now);
    if (isNothing(filter)) return answered({ rows: [], next: null, cut: false, scanned: 0, of: 0 });
    const asked = { ...filter, limit, ...(cursor === undefined ? {} : { behind: cursor }) };
    const page = await store.newest(asked, budget, signal);
    if (!page.ok) return unusable(page.error);
    const { rows, next, cut, scanned, of } = page.value;
    return answered({ rows: rows.map(rowToJson), next: next && writeCursor(next), cut, scanned, of });
  };
}

function answerContext(store: HubStore): AnswerTo<(typeof CONTEXT_PARAMS)[number]> {
  return async (values, { principal }) => {
    const { position, before = DEFAULT_NEIGHBOURS, after = DEFAULT_NEIGHBOURS, of = 'service' } = values;
    if (position === undefined) return unusable('position: it is missing');
    const agents = agentsOf(undefined, principal);
    const seen = agents === undefined ? {} : { agents };
    const around = { position, before, after, sameService: of === 'service', ...seen };
    const found = position === 0 ? null : await store.context(around);
    if (found === null) return refused('unknown', `cannot find a record at the position ${position}`);
    return answered({
      before: found.before.map(rowToJson),
      row: rowToJson(found.row),
      after: found.after.map(rowToJson),
      cut: found.cut,
    });
  };
}

function answerCounts(store: HubStore): AnswerTo<(typeof COUNTS_PARAMS)[number]> {
  return async (values, { principal, signal }, now) => {
    const { until = now, since = until - DAY } = windowOf(values, now);
    const step = values.step === undefined ? niceStep(until - since) : values.step * 1000;
    if ((until - since) / step > MOST_STEPS)
      return unusable(`step: there would be over ${MOST_STEPS} of them`);
    const filter: HubFilter = { ...filterOf(values, principal, now), since, until };
    const { budget = DEFAULT_BUDGET_MS } = values;
    const found = isNothing(filter) ? undefined : await store.counts({ filter, step }, budget, signal);
    if (found?.ok === false) return unusable(found.error);
    const { counts, cut } = found?.value ?? { counts: [], cut: null };
    const reached = cut === null ? {} : { countedFrom: cut + 1 };
    return answered({ since, until, step, counts: byTime(counts), cut: cut !== null, ...reached });
  };
}

function answerValues(store: HubStore): AnswerTo<(typeof VALUES_PARAMS)[number]> {
  return async (values, { principal, signal }, now) => {
    const agents = agentsOf(values.agent, principal);
    const filter = { ...windowOf(values, now), ...(agents === undefined ? {} : { agents }) };
    if (isNothing(filter))
      return answered({ agents: [], hosts: [], services: [], kinds: [], senders: [], cut: false });
    const { values: found, cut } = await store.values(filter, values.budget ?? DEFAULT_BUDGET_MS, signal);
    const { agent, host, service, kind, sender } = found;
    return answered({ agents: agent, hosts: host, services: service, kinds: kind, senders: sender, cut });
  };
}

/** @param window microseconds. @returns microseconds. */
function niceStep(window: number): number {
  const wanted = window / 1_000_000 / USUAL_STEPS;
  const found = NICE_STEPS.find((seconds) => seconds >= wanted) ?? 366 * 86_400;
  return found * 1_000_000;
}

interface StepJson {
  readonly time: number;
  total: number;
  readonly levels: Record<string, number>;
}

/** The oldest first. */
function byTime(
  counts: readonly { readonly time: number; readonly level: number; readonly count: number }[],
): readonly StepJson[] {
  const steps = new Map<number, StepJson>();
  for (const { time, level, count } of counts) {
    const step = steps.get(time) ?? { time, total: 0, levels: {} };
    steps.set(time, step);
    step.total += count;
    step.levels[level] = count;
  }
  return [...steps.values()];
}

function answered(body: Readonly<Record<string, unknown>>): ActionAnswer {
  return { ok: true, body };
}

export function refused(code: ActionError['code'], message: string): ActionAnswer & { readonly ok: false } {
  return { ok: false, error: { code, message } };
}

function unusable(clause: string): ActionAnswer {
  return refused('invalid', `cannot answer this: ${clause}`);
}

function tooMany(): ActionAnswer & { readonly ok: false } {
  const message = 'cannot answer now: too many questions of yours wait already';
  return { ok: false, error: { code: 'later', message, retryAfterMs: LATER_MS } };
}
