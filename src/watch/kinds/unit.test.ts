import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facts } from '../../../test/rig/unit-history.ts';
import { complaints, openWatch } from '../../../test/rig/watching.ts';
import { err, ok } from '../../core/result.ts';
import type { UnitFacts, Units } from '../../core/units.ts';
import { judgeUnit, unit } from './unit.ts';

const NOW = 1_800_000_100_000;
const since = NOW - 60_000;

test('the state of a unit is judged by what it has to be', () => {
  const up = { active: 'active', sub: 'running' } as const;
  const table: readonly (readonly [Partial<UnitFacts>, 'active' | 'inactive', string, string])[] = [
    [up, 'active', 'ok', 'db.service is active (running) for 1m'],
    [{ active: 'inactive' }, 'active', 'bad', 'db.service is inactive (dead) for 1m, and has to be active'],
    [
      { active: 'failed', sub: 'failed', result: 'oom-kill' },
      'active',
      'bad',
      'db.service is failed for 1m: oom-kill',
    ],
    [{ active: 'activating', sub: 'start' }, 'active', 'ok', 'db.service is activating (start) for 1m'],
    [
      { active: 'activating', sub: 'start', since: NOW - 120_000 },
      'active',
      'late',
      'db.service is activating (start) for 2m, 1m30s at most',
    ],
    [
      { active: 'activating', sub: 'auto-restart', result: 'exit-code' },
      'active',
      'bad',
      'db.service waits for its next start for 1m: exit-code',
    ],
    [{ active: 'reloading', sub: 'reload' }, 'active', 'ok', 'db.service is reloading (reload) for 1m'],
    [
      { active: 'reloading', sub: 'reload', since: NOW - 120_000 },
      'active',
      'late',
      'db.service is reloading (reload) for 2m, 1m30s at most',
    ],
    [
      { active: 'deactivating', sub: 'stop-sigterm' },
      'active',
      'bad',
      'db.service is deactivating (stop-sigterm) for 1m, and has to be active',
    ],
    [{ load: 'not-found', since: null }, 'active', 'bad', 'there is no unit db.service'],
    [{ load: 'masked' }, 'active', 'bad', 'db.service is masked'],
    [{}, 'inactive', 'ok', 'db.service is inactive (dead) for 1m'],
    [{ load: 'not-found', since: null }, 'inactive', 'ok', 'db.service is inactive (dead)'],
    [up, 'inactive', 'bad', 'db.service is active (running) for 1m, and has to be inactive'],
    [{ active: 'deactivating', sub: 'stop' }, 'inactive', 'ok', 'db.service is deactivating (stop) for 1m'],
    [
      { active: 'failed', sub: 'failed', result: 'signal' },
      'inactive',
      'bad',
      'db.service is failed for 1m: signal',
    ],
  ];
  for (const [part, expect, verdict, reason] of table) {
    const judged = judgeUnit({ name: 'db.service', expect }, facts({ since, ...part }), NOW);
    assert.deepEqual([judged.verdict, judged.reason], [verdict, reason]);
  }
  const trouble = 'cannot ask systemd: systemd does not run here';
  assert.deepEqual(judgeUnit({ name: 'db.service' }, { trouble }, NOW), {
    verdict: 'unknown',
    value: null,
    reason: trouble,
  });
});

test('it asks systemd at each look', async (t) => {
  const asked: string[] = [];
  let answer: Awaited<ReturnType<Units['facts']>> = ok(
    facts({ active: 'active', sub: 'waiting', since: null }),
  );
  const units: Units = {
    facts: (name) => {
      asked.push(name);
      return Promise.resolve(answer);
    },
  };
  const { look } = openWatch(t, unit, { name: 'backup.timer' }, { context: { units } });
  assert.deepEqual(await look(), {
    verdict: 'ok',
    value: 'active (waiting)',
    reason: 'backup.timer is active (waiting)',
  });
  answer = err('cannot ask systemd: no answer within 5 s');
  assert.equal((await look()).verdict, 'unknown');
  assert.deepEqual(asked, ['backup.timer', 'backup.timer']);
  assert.equal((await openWatch(t, unit, { name: 'a.service' }).look()).verdict, 'unknown', 'nobody to ask');
});

test('only names of units are taken', () => {
  for (const name of [
    'db.service',
    'a@b.service',
    'dev-disk-by\\x2did.device',
    'backup.timer',
    'a:b_c-1.2.socket',
  ])
    assert.deepEqual(complaints(unit, { name }), [], name);
  for (const name of ['db', 'a b.service', 'x@.service', '../x.service', '.service', '', 'a/b.mount', '-'])
    assert.equal(complaints(unit, { name }).length > 0, true, name);
  assert.equal(complaints(unit, { name: 'db.service', expect: 'running' }).length, 1);
});
