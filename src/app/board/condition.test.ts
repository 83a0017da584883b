import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONDITIONS } from '../../wire/page/report.ts';
import {
  createSinces,
  jobStand,
  type StandingJob,
  type StandingService,
  type StandingWatch,
  standOf,
} from './condition.ts';

const RUNS: StandingService = {
  state: 'running',
  since: 100,
  wanted: true,
  ready: null,
  lane: 'fast',
  waitsFor: [],
  lastExit: null,
};
const EXIT = { at: 90, life: 'a', message: 'exited with code 3', level: 17 };
const RUN_BY = { unit: 'vahti-a.service', group: null, trouble: 'systemd does not answer' };

test('the condition of a service by itself', () => {
  const table: readonly (readonly [Partial<StandingService>, string, string])[] = [
    [{}, 'ok', ''],
    [{ ready: true }, 'ok', ''],
    [{ ready: false }, 'late', 'it is not ready yet'],
    [{ lane: 'backoff' }, 'late', 'its restarts are in the backoff lane'],
    [{ state: 'stopped' }, 'stopped', ''],
    [{ state: 'stopped', wanted: false }, 'stopped', ''],
    [{ state: 'done', wanted: true }, 'stopped', ''],
    [{ state: 'stopping' }, 'late', 'it is being stopped'],
    [{ state: 'stopping', wanted: false }, 'stopped', ''],
    [{ state: 'blocked', waitsFor: ['db ready', 'web'] }, 'late', 'it waits for db ready and web'],
    [{ state: 'waiting' }, 'late', 'it waits for its next start'],
    [
      { state: 'waiting', lane: 'slow', lastExit: EXIT },
      'bad',
      'it waits for its next start in the slow lane; its last life exited with code 3',
    ],
    [{ state: 'waiting', lane: 'backoff' }, 'bad', 'it waits for its next start in the backoff lane'],
    [{ state: 'stuck', wanted: false }, 'bad', 'its old processes do not end'],
    [{ state: 'failed' }, 'bad', 'it has failed'],
    [{ runBy: RUN_BY }, 'unknown', 'systemd does not answer'],
    [{ state: 'stuck', runBy: RUN_BY }, 'bad', 'its old processes do not end'],
  ];
  for (const [part, condition, trouble] of table) {
    const stand = standOf({ ...RUNS, ...part }, []);
    assert.deepEqual([stand.condition, stand.trouble], [condition, trouble], JSON.stringify(part));
  }
});

test('the worst of a service and its watches, since the first of those that are so', () => {
  const watch = (name: string, state: StandingWatch['state'], since: number): StandingWatch => ({
    name,
    state,
    since,
    reason: state === 'ok' ? 'all well' : 'nothing for 5m',
  });
  const of = (...watches: StandingWatch[]) => standOf(RUNS, watches);
  assert.deepEqual(of(watch('log', 'late', 7)), {
    condition: 'late',
    trouble: 'log is late: nothing for 5m',
    since: 7,
  });
  assert.equal(of(watch('log', 'flapping', 7)).trouble, 'log flaps: nothing for 5m');
  assert.equal(of(watch('log', 'unknown', 7)).trouble, 'log cannot look: nothing for 5m');
  assert.deepEqual(
    of(watch('a', 'unknown', 1), watch('b', 'bad', 9), watch('c', 'late', 2), watch('d', 'bad', 5)),
    {
      condition: 'bad',
      trouble: 'b is bad: nothing for 5m',
      since: 5,
    },
  );
  assert.deepEqual(of(watch('a', 'ok', 50), watch('b', 'new', 170)), {
    condition: 'ok',
    trouble: '',
    since: 170,
  });
  // What its watches saw before it was stopped is not its trouble.
  assert.equal(
    standOf({ ...RUNS, state: 'stopped', wanted: false }, [watch('a', 'bad', 1)]).condition,
    'stopped',
  );
});

test('no watch makes a service look better than it is, and each one counts', () => {
  const rank = (condition: string): number => (CONDITIONS as readonly string[]).indexOf(condition);
  const states = ['new', 'ok', 'late', 'bad', 'unknown', 'flapping'] as const;
  const watches = fc.array(
    fc.record({
      name: fc.string({ maxLength: 5 }),
      state: fc.constantFrom(...states),
      since: fc.nat(200),
      reason: fc.constant(null),
    }),
  );
  fc.assert(
    fc.property(
      watches,
      fc.constantFrom<StandingService['state']>('running', 'waiting', 'blocked', 'stuck'),
      (all, state) => {
        const service = { ...RUNS, state };
        const together = rank(standOf(service, all).condition);
        const each = all.map((one) => rank(standOf(service, [one]).condition));
        assert.equal(together, Math.max(rank(standOf(service, []).condition), ...each));
      },
    ),
  );
});

test('the condition of a job', () => {
  const job: StandingJob = { state: 'idle', standing: 'ok', last: null, pause: null };
  const last = { ended: 70, summary: 'exit code 3', outcome: 'failed' } as StandingJob['last'];
  const pause = { who: 'ada', why: 'moves', at: 33 };
  assert.deepEqual(jobStand(job), { condition: 'ok', trouble: '', since: null });
  assert.deepEqual(jobStand({ ...job, standing: 'failed', last, pause }), {
    condition: 'bad',
    trouble: 'it failed: exit code 3',
    since: 70,
  });
  assert.equal(jobStand({ ...job, standing: 'late' }).condition, 'late');
  assert.equal(jobStand({ ...job, state: 'stuck' }).condition, 'bad');
  assert.deepEqual(jobStand({ ...job, state: 'paused', pause }), {
    condition: 'stopped',
    trouble: '',
    since: 33,
  });
});

test('a condition lasts while it is the same, and begins when its cause did only where things get worse', () => {
  const sinces = createSinces();
  const is = (condition: (typeof CONDITIONS)[number], since: number | null) => ({
    condition,
    trouble: '',
    since,
  });
  assert.equal(sinces.of('a', is('ok', 40), 100), 40, 'first seen: since its cause');
  assert.equal(sinces.of('a', is('ok', 90), 110), 40, 'another life of it is no other condition');
  assert.equal(sinces.of('a', is('bad', 105), 120), 105, 'worse: since what is bad is so');
  assert.equal(sinces.of('a', is('bad', 119), 130), 105);
  assert.equal(sinces.of('a', is('late', 10), 140), 140, 'better: only now, however long it was late beside');
  assert.equal(sinces.of('a', is('ok', null), 150), 150);
  assert.equal(
    sinces.of('a', is('ok', null), 120),
    120,
    'after a step of the clock backwards nothing is of the future',
  );
  sinces.keepOnly(new Set());
  assert.equal(sinces.of('a', is('ok', 160), 170), 160);
});
