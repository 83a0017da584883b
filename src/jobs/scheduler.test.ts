import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { createJobWorld, DAY, FAILED, OK, plannedJob, schedule } from '../../test/rig/jobs.ts';
import type { PlannedJob } from './job.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BEGIN = Date.parse('2026-01-01T00:10:00Z');
const instantly = () => ({ end: OK, afterMs: 0 });

test('a year with changes of the clocks in three zones: no time is missed, none is run twice', async () => {
  const zones = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe'];
  const clock = createFakeClock(BEGIN);
  const world = createJobWorld(clock, instantly);
  const jobs = zones.flatMap((zone, index) => [
    plannedJob(`daily-${index}`, { at: [schedule(`30 2 * * * ${zone}`)] }),
    plannedJob(`weekly-${index}`, { at: [schedule(`15 1 * * 0 ${zone}`)] }),
    plannedJob(`half-${index}`, { at: [schedule(`0 */12 * * * ${zone}`)] }),
  ]);
  const scheduler = world.begin(jobs);
  await clock.advance(365 * DAY);
  await scheduler.end();
  const count = (name: string): number => world.runs.filter(({ job }) => job === name).length;
  for (const [index, zone] of zones.entries()) {
    const names = [`daily-${index}`, `weekly-${index}`, `half-${index}`];
    assert.deepEqual(names.map(count), [365, 52, 2 * 365], zone);
  }
  for (const { name } of jobs) {
    const dues = world.runs.filter(({ job }) => job === name).map(({ run }) => run.due);
    assert.equal(new Set(dues).size, dues.length, `${name} ran twice for one time`);
  }
  for (const { run, at } of world.runs) assert.equal(at, run.due, 'a run began late');
});

test('whatever commit the daemon is killed at: no due time is lost, and none is run to its end twice', async () => {
  const job = plannedJob('j', {
    at: [schedule('*/10 * * * * UTC')],
    missed: 'all',
    retry: { times: 1, everyMs: MINUTE },
  });
  const horizon = 2 * HOUR;
  const story = async (
    killAt: { readonly commit: number; readonly when: 'before' | 'after' } | undefined,
  ) => {
    const clock = createFakeClock(BEGIN);
    const ended = new Map<number, number>();
    const world = createJobWorld(clock, (_, run) => ({
      end: run.attempt === 1 && run.due % HOUR === 0 ? FAILED : OK,
      afterMs: 2 * MINUTE,
    }));
    let scheduler = world.begin([job]);
    world.killAt = killAt;
    while (clock.now() < BEGIN + horizon) {
      await clock.advance(MINUTE);
      if (world.dead) scheduler = world.begin([job]);
    }
    await clock.advance(HOUR);
    await scheduler.end();
    for (const row of world.rows.values())
      if (row.outcome === 'ok') ended.set(row.due, (ended.get(row.due) ?? 0) + 1);
    return { ended, commits: world.commits };
  };
  const calm = await story(undefined);
  assert.ok(calm.commits > 40, `only ${calm.commits} commits`);
  for (let commit = 1; commit <= 30; commit++) {
    for (const when of ['before', 'after'] as const) {
      const { ended } = await story({ commit, when });
      for (let due = BEGIN; due <= BEGIN + horizon; due += 10 * MINUTE)
        if (due > BEGIN)
          assert.equal(ended.get(due), 1, `killed ${when} commit ${commit}: ${new Date(due).toISOString()}`);
    }
  }
});

test('a daemon that was away makes up for what was missed, as the job says', async () => {
  for (const [missed, runs] of [
    ['once', 1],
    ['skip', 0],
    ['all', 5],
  ] as const) {
    const clock = createFakeClock(BEGIN);
    const world = createJobWorld(clock, instantly);
    const job = plannedJob('j', { at: [schedule('0 * * * * UTC')], missed });
    world.begin([job]);
    await clock.advance(1);
    world.kill();
    await clock.advance(5 * HOUR + 5 * MINUTE);
    assert.equal(world.runs.length, 0);
    const second = world.begin([job]);
    await clock.advance(MINUTE);
    assert.equal(world.runs.length, runs, missed);
    await second.end();
  }
});

test('a changed schedule never fires, a removed job ends its run, a job that comes back begins anew', async () => {
  const clock = createFakeClock(BEGIN);
  const world = createJobWorld(clock);
  const job = plannedJob('j', { at: [schedule('0 * * * * UTC')], locks: ['old'] });
  const other = plannedJob('other', { locks: ['old'] });
  const scheduler = world.begin([job, other]);
  await clock.advance(HOUR);
  assert.equal(world.runs.length, 1);
  // It runs on as it began: its lock is still held.
  scheduler.apply([{ ...job, at: [schedule('*/5 * * * * UTC')], locks: [] }, other]);
  scheduler.run('other', { who: 'ada', set: {}, dryRun: false });
  await clock.advance(1);
  assert.deepEqual(scheduler.get('other')?.blocked, { lock: 'old', by: 'j' });
  scheduler.apply([other]);
  assert.equal(scheduler.get('j'), undefined);
  world.runs[0]?.end(OK);
  await clock.advance(1);
  assert.deepEqual(
    world.runs.map((run) => run.job),
    ['j', 'other'],
  );
  scheduler.apply([job, other]);
  await clock.advance(30 * MINUTE);
  assert.equal(world.runs.length, 2);
  await scheduler.end();
});

test('jobs with a lock in common take turns, jobs that follow others come after them, each by its outcome', async () => {
  const clock = createFakeClock(BEGIN);
  const ends: Record<string, typeof OK> = { b: FAILED };
  const world = createJobWorld(clock, (job) => ({ end: ends[job] ?? OK, afterMs: MINUTE }));
  const named = (name: string, more: Partial<PlannedJob>): PlannedJob =>
    plannedJob(name, { locks: ['disk'], ...more });
  const scheduler = world.begin([
    named('a', { at: [schedule('0 * * * * UTC')] }),
    named('b', { at: [schedule('0 * * * * UTC')] }),
    named('after-a', { after: [{ job: 'a', on: 'ok' }] }),
    named('after-b', { after: [{ job: 'b', on: 'ok' }] }),
    named('b-failed', { after: [{ job: 'b', on: 'failed' }] }),
  ]);
  await clock.advance(58 * MINUTE);
  const begun = world.runs.map(({ job, at }) => [job, (at - BEGIN) / MINUTE - 50]);
  assert.deepEqual(begun, [
    ['a', 0],
    ['b', 1],
    ['after-a', 2],
    ['b-failed', 3],
  ]);
  await scheduler.end();
});

test('chance says when within the jitter, and says the same again', async () => {
  const offsets = async (): Promise<number[]> => {
    const clock = createFakeClock(BEGIN);
    const world = createJobWorld(clock, instantly);
    const scheduler = world.begin([
      plannedJob('j', { at: [schedule('0 * * * * UTC')], jitterMs: 10 * MINUTE }),
    ]);
    await clock.advance(12 * HOUR);
    await scheduler.end();
    return world.runs.map(({ run, at }) => at - run.due);
  };
  const first = await offsets();
  assert.equal(first.length, 12);
  assert.ok(first.every((each) => each >= 0 && each < 10 * MINUTE));
  assert.ok(new Set(first).size > 6);
  assert.deepEqual(await offsets(), first);
});

test('a clock that is put forward makes up once; one that is put back repeats nothing and goes on', async () => {
  const clock = createFakeClock(BEGIN);
  const world = createJobWorld(clock, instantly);
  const scheduler = world.begin([plannedJob('j', { at: [schedule('0 * * * * UTC')] })]);
  await clock.advance(HOUR);
  assert.equal(world.runs.length, 1);
  clock.jumpWall(5 * HOUR);
  await clock.advance(HOUR);
  const dues = (): number => new Set(world.runs.map(({ run }) => run.due)).size;
  assert.equal(world.runs.length, dues());
  const before = world.runs.length;
  clock.jumpWall(-30 * MINUTE);
  await clock.advance(30 * MINUTE);
  assert.equal(world.runs.length, before);
  clock.jumpWall(-30 * DAY);
  await clock.advance(3 * HOUR);
  assert.ok(world.runs.length >= before + 2, `${world.runs.length} after ${before}`);
  await scheduler.end();
});

test('a due time that passed unseen is seen when anything else happens', async () => {
  const clock = createFakeClock(BEGIN);
  const world = createJobWorld(clock, instantly);
  const scheduler = world.begin([plannedJob('j', { at: [schedule('0 * * * * UTC')] })]);
  await clock.advance(1);
  clock.jumpWall(55 * MINUTE);
  scheduler.run('j', { who: 'ada', set: {}, dryRun: false });
  await clock.advance(MINUTE);
  assert.deepEqual(
    world.runs.map(({ run }) => run.cause),
    ['person', 'schedule'],
  );
  await scheduler.end();
});

test('while the disk is full no run begins; what ended meanwhile is kept when there is room again', async () => {
  const clock = createFakeClock(BEGIN);
  const world = createJobWorld(clock);
  const scheduler = world.begin([
    plannedJob('j', { at: [schedule('0 * * * * UTC')] }),
    plannedJob('k', { at: [schedule('30 * * * * UTC')] }),
  ]);
  await clock.advance(25 * MINUTE);
  world.full = true;
  world.runs[0]?.end(OK);
  await clock.advance(2 * HOUR);
  assert.deepEqual(
    world.runs.map(({ job }) => job),
    ['k'],
  );
  world.full = false;
  await clock.advance(MINUTE);
  assert.deepEqual(world.runs.map(({ job }) => job).toSorted(), ['j', 'k', 'k']);
  assert.equal([...world.rows.values()].filter(({ outcome }) => outcome === 'ok').length, 1);
  await scheduler.end();
});
