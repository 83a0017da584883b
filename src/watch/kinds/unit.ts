import * as v from 'valibot';
import { duration, oneOf, text } from '../../core/fields.ts';
import type { ActiveState, UnitFacts } from '../../core/units.ts';
import type { Judgement } from '../judgement.ts';
import { bad, late, ok, span, unknown } from './judgement.ts';
import { splitKind } from './split-kind.ts';

/** As systemd.unit(5) has it; a template needs its instance. */
const NAME =
  /^(?!.*@\.)[A-Za-z0-9:_\\@-][A-Za-z0-9:_.\\@-]{0,240}\.(?:service|socket|timer|target|mount|automount|path|slice|scope|device|swap)$/;
const WITHIN_MS = 90_000;

const options = v.strictObject({
  name: v.pipe(
    text('the name of a unit of systemd such as postgresql.service'),
    v.regex(NAME, 'cannot use this value: write the whole name of a unit such as postgresql.service'),
    v.description('The unit, with its suffix; of any type.'),
  ),
  expect: v.pipe(
    v.optional(oneOf(['active', 'inactive'])),
    v.description('What it has to be: active (the default), or inactive.'),
  ),
  within: v.pipe(
    v.optional(duration),
    v.description('How long it may take to become active, to reload, or to stop; default 90s.'),
  ),
});
type Options = v.InferOutput<typeof options>;

/** What systemd said of it, or why it could not be asked. */
type UnitReading =
  | { readonly trouble: string }
  | ({ readonly trouble?: undefined } & Pick<UnitFacts, 'load' | 'active' | 'sub' | 'result' | 'since'>);

/** Judges the state of a unit. @param now wall milliseconds. */
export function judgeUnit(
  { name, expect = 'active', within = WITHIN_MS }: Options,
  reading: UnitReading,
  now: number,
): Judgement {
  if (reading.trouble !== undefined) return unknown(reading.trouble);
  const { load, active, sub, result, since } = reading;
  const value = sub === '' || sub === active ? active : `${active} (${sub})`;
  if (load !== 'loaded' && !isUp(active) && expect === 'active')
    return bad(load, load === 'not-found' ? `there is no unit ${name}` : `${name} is ${load}`);
  const lasting = since === null ? '' : ` for ${span(now - since)}`;
  const is = `${name} is ${value}${lasting}`;
  if (active === 'failed') return bad(value, `${is}: ${result}`);
  if (active === 'activating' && sub.startsWith('auto-restart'))
    return bad(value, `${name} waits for its next start${lasting}: ${result}`);
  const settled = expect === 'active' ? isUp(active) : active === 'inactive';
  if (settled && active !== 'reloading') return ok(value, is);
  const onItsWay = expect === 'active' ? ON_THE_WAY_UP : ON_THE_WAY_DOWN;
  if (!settled && !onItsWay.includes(active)) return bad(value, `${is}, and has to be ${expect}`);
  if (since !== null && now - since <= within) return ok(value, is);
  return late(value, `${is}, ${span(within)} at most`);
}

const ON_THE_WAY_UP: readonly ActiveState[] = ['activating', 'reloading', 'refreshing'];
const ON_THE_WAY_DOWN: readonly ActiveState[] = ['deactivating'];

function isUp(active: ActiveState): boolean {
  return active === 'active' || active === 'reloading' || active === 'refreshing';
}

/** The state of any unit of systemd's. */
export const unit = splitKind<Options, UnitReading>({
  kind: 'unit',
  main: 'name',
  options,
  everyMs: 15_000,
  timeoutMs: 10_000,
  reader(given, { units }) {
    return async ({ signal }) => {
      if (units === undefined) return { trouble: 'systemd cannot be asked here' };
      const facts = await units.facts(given.name, signal);
      if (!facts.ok) return { trouble: facts.error };
      const { load, active, sub, result, since } = facts.value;
      return { load, active, sub, result, since };
    };
  },
  judge:
    (given) =>
    (reading, { now }) =>
      judgeUnit(given, reading, now),
  source: (given) => ['unit', given.name],
});
