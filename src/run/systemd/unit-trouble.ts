import { approximateDuration } from '../../core/durations.ts';
import { LEVELS } from '../../core/record.ts';
import type { UnitFacts } from '../../core/units.ts';
import type { Hearing, UnitCourse } from './unit-state.ts';
import type { Told } from './unit-told.ts';
import type { UnitLife } from './unit-life.ts';

/** When a unit as a whole is in trouble: it failed for good, or cannot be used. */
export interface UnitTrouble {
  /** What it is known by: the same trouble is told once. */
  readonly known: string;
  /** `failed`, or why systemd cannot use it: `not-found`, `bad-setting`. */
  readonly state: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Undefined where it is well, or was stopped on purpose. */
export function unitTrouble({
  facts,
  lives,
  wanted,
}: Pick<UnitCourse, 'facts' | 'lives' | 'wanted'>): UnitTrouble | undefined {
  if (facts === undefined || (facts.active !== 'inactive' && facts.active !== 'failed')) return undefined;
  // Who masks a unit means to.
  if (facts.load !== 'loaded' && facts.load !== 'masked') return unusable(facts);
  if (facts.active !== 'failed' || !wanted) return undefined;
  const life = lives.find(({ id }) => id === facts.invocation);
  const limit = isStartLimit(facts, life);
  const result = limit ? 'start-limit-hit' : facts.result;
  return {
    known: `failed ${facts.invocation ?? ''}`,
    state: 'failed',
    message: failedWords(facts, limit),
    fields: { result },
  };
}

/** When a look was, wall milliseconds, and how the journal is heard. */
export interface Moment {
  readonly now: number;
  readonly hearing: Hearing;
}

/** So long the word that systemd gives up may be behind a look. */
const WORD_MS = 2000;

/** It failed, though systemd would have to start it again: the journal says why it does not. */
function mayBeLimit({ facts, lives }: UnitCourse): boolean {
  if (facts === undefined || facts.active !== 'failed' || facts.policy.restart === 'no') return false;
  return lives.some(({ id, startLimit }) => id === facts.invocation && !startLimit);
}

/** A record where the trouble is new, or over. */
export function tellTrouble(
  course: UnitCourse,
  { now, hearing }: Moment,
): { readonly known: string; readonly told: readonly Told[] } {
  const { facts, lives, told: before } = course;
  if (facts === undefined) return { known: before, told: [] };
  const trouble = unitTrouble(course);
  const life = facts.invocation ?? '';
  if (trouble === undefined) return { known: '', told: before === '' ? [] : [recovery(before, life, now)] };
  // Its end comes first.
  const untold = lives.some(({ id, toldEnd }) => id === facts.invocation && !toldEnd);
  const waits = untold || (hearing !== 'deaf' && now - (facts.since ?? now) < WORD_MS && mayBeLimit(course));
  if (trouble.known === before || waits) return { known: before, told: [] };
  const { state, message } = trouble;
  const end = lives.find(({ id }) => id === facts.invocation)?.endedAt ?? 0;
  const time = Math.max((facts.since ?? now) * 1000, end);
  const fields = { subject: 'state', to: 'failed', ...trouble.fields, trouble: state };
  return {
    known: trouble.known,
    told: [{ time, life, kind: 'flip', level: LEVELS.error, message, fields }],
  };
}

function recovery(before: string, life: string, now: number): Told {
  const fields = { subject: 'state', from: 'failed' };
  const [state = ''] = before.split(' ');
  return {
    time: now * 1000,
    life,
    kind: 'flip',
    level: LEVELS.info,
    message: `no longer ${state}`,
    fields,
  };
}

function unusable({ load, name }: UnitFacts): UnitTrouble {
  const message =
    load === 'not-found'
      ? `missing: there is no unit ${name}`
      : `cannot be used (${load}): systemctl status ${name} says why`;
  return { known: load, state: load, message, fields: {} };
}

/** Where systemd gives up, the result is still that of the last run. Without the journal the count of restarts tells. */
function isStartLimit({ result, restarts, policy }: UnitFacts, life: UnitLife | undefined): boolean {
  if (result === 'start-limit-hit' || life?.startLimit === true) return true;
  const silent = life === undefined || life.result === null;
  return (
    silent && policy.restart !== 'no' && policy.startLimit !== null && restarts >= policy.startLimit.burst
  );
}

function failedWords({ result, policy }: UnitFacts, startLimit: boolean): string {
  const nobody = 'systemd does not start it again';
  if (!startLimit) return `failed (${result}): ${nobody}`;
  const { startLimit: limit } = policy;
  const most =
    limit === null ? '' : `, ${limit.burst} starts within ${approximateDuration(limit.intervalMs)}`;
  return `failed (start-limit-hit): ${nobody}, it has used up its start limit${most}`;
}
