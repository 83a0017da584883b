import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { comparePlans, type Plan, type PlannedService } from './plan.ts';

function service(name: string, more: Partial<PlannedService> = {}): PlannedService {
  return {
    name,
    kind: 'command',
    needs: [],
    argv: ['true'],
    cwd: '/',
    env: {},
    stopMs: 1,
    restart: { fast: 3, backoffMinMs: 1, backoffMaxMs: 2, slowMs: 3, noRestartOn: [] },
    log: { budgetBytes: 1 },
    ...more,
  };
}

function plan(...services: PlannedService[]): Plan {
  return {
    v: 1,
    file: '/f',
    state: '/s',
    keep: { logsMs: 1, historyMs: 1, bytes: 1, looksMs: 1, looksBytes: 1 },
    services,
  };
}

test('a reload starts what is new, stops what is gone, restarts what differs, and leaves the rest', () => {
  const before = plan(service('same'), service('gone'), service('differs'));
  const after = plan(service('same'), service('differs', { argv: ['false'], stopMs: 2 }), service('new'));
  assert.deepEqual(comparePlans(before, after), [
    { name: 'same', change: 'leave', keys: [] },
    { name: 'differs', change: 'restart', keys: ['argv', 'stopMs'] },
    { name: 'new', change: 'start', keys: [] },
    { name: 'gone', change: 'stop', keys: [] },
  ]);
});

test('whether it starts with the daemon is no reason to restart what runs', () => {
  const changes = comparePlans(plan(service('a')), plan(service('a', { boot: false })));
  assert.deepEqual(changes, [{ name: 'a', change: 'leave', keys: [] }]);
});

test('without a plan before, everything starts', () => {
  assert.deepEqual(
    comparePlans(undefined, plan(service('a'))).map((change) => change.change),
    ['start'],
  );
});

test('every service of either plan is told once, and equal plans leave everything', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 6 });
  fc.assert(
    fc.property(names, names, (old, now) => {
      const changes = comparePlans(
        plan(...old.map((name) => service(name))),
        plan(...now.map((name) => service(name))),
      );
      assert.deepEqual(changes.map((change) => change.name).sort(), [...new Set([...old, ...now])].sort());
      for (const { name, change } of changes) {
        assert.equal(change, old.includes(name) ? (now.includes(name) ? 'leave' : 'stop') : 'start');
      }
    }),
  );
});
