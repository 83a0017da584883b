import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { createJobWorld, FAILED, OK, plannedJob, schedule } from '../../test/rig/jobs.ts';
import { type Hours, parseHours } from '../core/hours.ts';
import type { PlannedJob } from './job.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Friday. */
const BEGIN = Date.parse('2026-01-02T05:30:00Z');

function hours(text: string): Hours {
  const parsed = parseHours(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

const times = (runs: readonly { readonly job: string; readonly at: number }[], job: string): string[] =>
  runs.filter((run) => run.job === job).map(({ at }) => new Date(at).toISOString().slice(5, 16));

test('outside of its hours a job waits for them, whatever set it off; a person’s run does not', async () => {
  const clock = createFakeClock(BEGIN);
  const world = createJobWorld(clock, (job) => ({ end: job === 'fails' ? FAILED : OK, afterMs: MINUTE }));
  const within = { hours: hours('Mon-Fri 08:00-10:00 Europe/Helsinki') };
  const hourly = { at: [schedule('0 * * * * UTC')], ...within };
  const scheduler = world.begin([
    plannedJob('once', hourly),
    plannedJob('skip', { ...hourly, missed: 'skip' }),
    plannedJob('never', { ...within, at: [schedule('30 12 * * * UTC')], missed: 'skip' }),
    plannedJob('follows', { ...within, after: [{ job: 'free', on: 'ok' }] }),
    plannedJob('free', { at: [schedule('0 12 * * * UTC')] }),
    plannedJob('fails', {
      ...within,
      at: [schedule('55 7 * * 5 UTC')],
      retry: { times: 2, everyMs: 4 * MINUTE },
    }),
  ]);
  await clock.advance(HOUR);
  // 08:00 in Helsinki is 06:00 here.
  assert.deepEqual(times(world.runs, 'once'), ['01-02T06:00']);
  await clock.advance(7 * HOUR);
  scheduler.run('skip', { who: 'ada', set: {}, dryRun: false });
  await clock.advance(MINUTE);
  assert.equal(times(world.runs, 'skip').length, 3, 'a person is not kept waiting');
  await clock.advance(3 * 24 * HOUR);
  assert.deepEqual(times(world.runs, 'once'), ['01-02T06:00', '01-02T07:00', '01-05T06:00', '01-05T07:00']);
  assert.deepEqual(times(world.runs, 'skip').toSpliced(2, 1), [
    '01-02T06:00',
    '01-02T07:00',
    '01-05T06:00',
    '01-05T07:00',
  ]);
  assert.deepEqual(times(world.runs, 'never'), []);
  assert.deepEqual(times(world.runs, 'follows'), ['01-05T06:00']);
  assert.deepEqual(times(world.runs, 'fails'), ['01-02T07:55', '01-05T06:00', '01-05T06:05']);
  await scheduler.end();
});

test('a job waits for the locks of a service, says so, and begins soon after they are given back', async () => {
  const clock = createFakeClock(BEGIN);
  const world = createJobWorld(clock, () => ({ end: OK, afterMs: MINUTE }));
  world.others = [{ name: 'the service db', locks: ['disk'] }];
  const scheduler = world.begin([
    plannedJob('dump', { at: [schedule('0 6 * * * UTC')], locks: ['disk'] }),
    plannedJob('other', { at: [schedule('0 6 * * * UTC')] }),
  ]);
  await clock.advance(HOUR);
  assert.deepEqual(times(world.runs, 'other'), ['01-02T06:00']);
  assert.deepEqual(scheduler.get('dump')?.blocked, { lock: 'disk', by: 'the service db' });
  world.others = [];
  await clock.advance(1500);
  assert.deepEqual(times(world.runs, 'dump'), ['01-02T06:30']);
  await scheduler.end();
});

const SCHEDULES = ['*/5 * * * * UTC', '0 * * * * UTC', '30 2 * * * Europe/Zurich', '*/7 3-4 * * * UTC'];
const change = fc.record({
  schedule: fc.nat(SCHEDULES.length - 1),
  /** By a reload, by a daemon that was restarted at once, or after a while without one. */
  how: fc.constantFrom('reload', 'restart', 'away'),
  afterMs: fc.integer({ min: 0, max: 3 * HOUR }),
});

test('property: a changed schedule never fires: whatever runs is due after the change', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 8 }),
      fc.constantFrom('once', 'skip', 'all'),
      async (changes, missed) => {
        const clock = createFakeClock(Date.parse('2026-03-28T23:40:00Z'));
        const world = createJobWorld(clock, () => ({ end: OK, afterMs: 10_000 }));
        const jobWith = (index: number): PlannedJob =>
          plannedJob('j', { at: [schedule(SCHEDULES[index] ?? '')], missed });
        let current = 0;
        let changedAt = clock.now();
        let scheduler = world.begin([jobWith(0)]);
        for (const { schedule: index, how, afterMs } of changes) {
          await clock.advance(afterMs);
          const isOther = SCHEDULES[index] !== SCHEDULES[current];
          if (how === 'away') {
            world.kill();
            await clock.advance(2 * HOUR);
          }
          if (isOther) changedAt = clock.now();
          current = index;
          const seen = world.runs.length;
          if (how === 'reload') scheduler.apply([jobWith(index)]);
          else scheduler = world.begin([jobWith(index)]);
          await clock.advance(0);
          if (isOther) {
            const fresh = world.runs
              .slice(seen)
              .filter(({ run }) => run.attempt === 1 && run.coalesced === 0);
            assert.deepEqual(
              fresh.map(({ run }) => run.due),
              [],
              'nothing begins at the change',
            );
          }
          await clock.advance(20 * MINUTE);
          for (const { run } of world.runs.slice(seen))
            assert.ok(
              run.due > changedAt || run.attempt > 1,
              `${new Date(run.due).toISOString()} is from before`,
            );
        }
        await scheduler.end();
      },
    ),
    { numRuns: 25 },
  );
});
