import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Deed, WatchedYear, type YearEvent, type YearPlan } from '../../test/rig/watched-year.ts';
import type { Verdict } from './judgement.ts';
import type { LadderLimits, Step } from './ladder.ts';

/** How many years are lived through; more of them: `VAHTI_YEAR_CASES=20000 node --test src/watch/year.test.ts`. */
const CASES = Number(process.env['VAHTI_YEAR_CASES'] ?? 400);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const verdict = fc.constantFrom<Verdict>('ok', 'ok', 'ok', 'late', 'bad', 'bad', 'bad', 'unknown');
const someSteps = fc.uniqueArray(
  fc.constantFrom<Step>(
    { do: 'note' },
    { do: 'page' },
    { do: 'restart' },
    { do: 'restart-dependents' },
    { do: 'run', argv: ['mend', 'it'] },
    { do: 'stop' },
  ),
  { maxLength: 5 },
);
const limits: fc.Arbitrary<LadderLimits> = fc.record({
  mostRestarts: fc.integer({ min: 1, max: 4 }),
  perMs: fc.constantFrom(HOUR, 20 * MINUTE),
  coolMs: fc.constantFrom(0, MINUTE, 5 * MINUTE),
});
const plans: fc.Arbitrary<YearPlan> = fc.record({
  limits,
  endsWithinMs: fc.constantFrom(0, 10 * SECOND, 4 * MINUTE),
  startsWithinMs: fc.constantFrom(0, SECOND, 30 * SECOND),
  watches: fc.array(
    fc.record({
      gate: fc
        .record({
          times: fc.integer({ min: 1, max: 4 }),
          more: fc.nat(3),
          ok: fc.integer({ min: 1, max: 3 }),
        })
        .chain(({ times, more, ok }) =>
          fc.record({
            fail: fc.constant({ times, of: times + more }),
            ok: fc.constant(ok),
            graceMs: fc.constantFrom(0, 10 * SECOND, 2 * MINUTE),
          }),
        ),
      steps: someSteps,
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

/** A year: some hundred looks in spells, with days in between. */
const events: fc.Arbitrary<readonly YearEvent[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('looks' as const),
        watch: fc.nat(2),
        verdicts: fc.oneof(
          fc.array(verdict, { minLength: 1, maxLength: 20 }),
          fc
            .tuple(verdict, fc.integer({ min: 1, max: 40 }))
            .map(([one, times]) => Array<Verdict>(times).fill(one)),
        ),
        everyMs: fc.constantFrom(5 * SECOND, 30 * SECOND, 5 * MINUTE, 40 * MINUTE),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('pass' as const),
        ms: fc.oneof(fc.nat(2 * HOUR), fc.nat(20 * DAY)),
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom<YearEvent>({ do: 'crash' }, { do: 'stop' }) },
    { weight: 2, arbitrary: fc.constantFrom<YearEvent>({ do: 'start' }, { do: 'reread' }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('clock' as const),
        stepMs: fc.oneof(
          fc.integer({ min: -90 * MINUTE, max: 90 * MINUTE }),
          fc.integer({ min: -3 * DAY, max: 3 * DAY }),
        ),
      }),
    },
  ),
  { minLength: 20, maxLength: 60 },
);

function live(plan: YearPlan, given: readonly YearEvent[]): WatchedYear {
  const year = new WatchedYear(plan);
  for (const event of given) year.happen(event);
  return year;
}

const isRestart = ({ what }: Deed): boolean => what === 'restart';
const isAct = ({ what }: Deed): boolean => !['note', 'page', 'flip'].includes(what);

test('whatever a year brings, a ladder keeps to its budget, its cool-down and its evidence', () => {
  fc.assert(
    fc.property(plans, events, (plan, given) => {
      const { deeds } = live(plan, given);
      for (const deed of deeds.filter(({ what }) => what !== 'flip')) {
        const { gate } = plan.watches[deed.watch] as YearPlan['watches'][number];
        const why = `${deed.what} of ${deed.life}`;
        assert.ok(deed.runs, `${why}: it was stopped on purpose`);
        assert.ok(deed.leapt || deed.aliveMs >= gate.graceMs, `${why}: within its grace`);
        const failures = deed.evidence.slice(-gate.fail.of).filter((seen) => seen !== 'ok').length;
        assert.ok(failures >= gate.fail.times, `${why}: on the evidence of another life`);
        assert.notEqual(deed.evidence.at(-1), 'ok', `${why}: at a good look`);
      }
      const acts = deeds.filter(isAct);
      for (const what of ['restart', 'restart-dependents'] as const) {
        for (const last of acts.filter((deed) => deed.what === what)) {
          const recent = acts.filter(
            ({ what: done, at, leaps }) =>
              done === what && leaps === last.leaps && at <= last.at && last.at - at < plan.limits.perMs,
          );
          assert.ok(recent.length <= plan.limits.mostRestarts, `${recent.length} times ${what}`);
        }
      }
      for (const [nth, { at, leaps }] of acts.entries()) {
        const next = acts[nth + 1];
        if (next?.leaps === leaps) assert.ok(next.at - at >= plan.limits.coolMs, 'it had no time to help');
      }
      const lives = deeds.filter(isRestart).map(({ life, watch }) => `${life} by ${watch}`);
      assert.equal(new Set(lives).size, lives.length, 'a life was ended twice');
    }),
    { numRuns: CASES },
  );
});

test('what is done once in an incident is done once', () => {
  fc.assert(
    fc.property(plans, events, (plan, given) => {
      const once = live(plan, given).deeds.filter(({ what }) => what !== 'restart' && what !== 'flip');
      const seen = once.map(({ what, watch, incident }) => `${what} of ${watch} in ${incident}`);
      assert.deepEqual(
        seen.filter((one, nth) => seen.indexOf(one) !== nth),
        [],
      );
    }),
    { numRuns: CASES },
  );
});

test('after any year, what goes on failing comes to each step of its ladder', () => {
  fc.assert(
    fc.property(plans, events, (plan, given) => {
      const [{ steps, gate } = { steps: [], gate: undefined }] = plan.watches;
      const year = live(plan, given);
      // It is well once, so that an incident begins, and from then on nothing helps.
      const everyMs = 30 * SECOND;
      year.happen({ do: 'start' });
      year.happen({ do: 'looks', watch: 0, verdicts: Array<Verdict>(300).fill('ok'), everyMs });
      const before = year.deeds.length;
      year.happen({ do: 'looks', watch: 0, verdicts: Array<Verdict>(500).fill('bad'), everyMs });
      const done = new Set(year.deeds.slice(before).map(({ what }) => what));
      const reachable = steps.slice(0, steps.findIndex((step) => step.do === 'stop') + 1 || steps.length);
      for (const step of reachable)
        assert.ok(done.has(step.do), `it never came to ${step.do}, with ${JSON.stringify(gate)}`);
    }),
    { numRuns: CASES },
  );
});

test('flips follow each other without a gap, and what is kept as JSON is all there is', () => {
  fc.assert(
    fc.property(plans, events, (plan, given) => {
      const { deeds } = live(plan, given);
      const forgetful = live(
        plan,
        given.filter((event) => event.do !== 'reread'),
      );
      assert.deepEqual(deeds, forgetful.deeds);
      for (const watch of plan.watches.keys()) {
        const flips = deeds.filter((deed) => deed.what === 'flip' && deed.watch === watch);
        for (const [nth, { text }] of flips.entries()) {
          const before = flips[nth - 1]?.text.split(' ')[1];
          const [from, to] = text.split(' ');
          assert.notEqual(from, to);
          // That it is well from the beginning is not told.
          assert.ok(from === before || (before === undefined && ['new', 'ok'].includes(from ?? '')), text);
        }
      }
    }),
    { numRuns: CASES },
  );
});
