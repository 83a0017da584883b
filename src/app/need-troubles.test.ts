import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import type { StateName } from '../core/runner.ts';
import { createNeedTroubles } from './need-troubles.ts';

interface Service {
  state: StateName;
  ready: boolean | null;
  troubles: { what: string; isSure: boolean }[];
}

function createScene(needs: Readonly<Record<string, string[]>>) {
  const clock = createFakeClock();
  const services = new Map<string, Service>(
    Object.keys(needs).map((name) => [name, { state: 'running', ready: null, troubles: [] }]),
  );
  const troubles = createNeedTroubles(clock, (name) => {
    const found = services.get(name);
    return found && { snapshot: () => found, troubles: () => found.troubles };
  });
  troubles.use(new Map(Object.entries(needs)));
  const change = (name: string, how: Partial<Service>): void => {
    Object.assign(services.get(name) ?? assert.fail(name), how);
    troubles.noticed(name);
  };
  return { clock, services, troubles, change };
}

const BAD = { what: 'alive is bad', isSure: true };
const DOUBT = { what: 'alive may be bad', isSure: false };

test('trouble is told at its root, whatever lies between', () => {
  const { troubles, change } = createScene({ web: ['api', 'cache'], api: ['db'], cache: [], db: [] });
  assert.deepEqual(troubles.needsOf('web'), ['db', 'api', 'cache']);
  assert.equal(troubles.of('web'), undefined);
  change('api', { troubles: [BAD] });
  assert.equal(troubles.of('web'), 'api: alive is bad');
  change('db', { troubles: [BAD] });
  assert.equal(troubles.of('web'), 'db: alive is bad');
  assert.equal(troubles.of('db'), undefined, 'it is its own trouble');
  change('db', { troubles: [] });
  change('api', { troubles: [DOUBT] });
  assert.equal(troubles.of('web'), 'api: alive may be bad');
  change('cache', { troubles: [BAD] });
  assert.equal(troubles.of('web'), 'cache: alive is bad', 'what is sure comes first');
});

test('what does not run, is not ready or is replaced is in trouble', () => {
  const { troubles, services, change } = createScene({ web: ['db'], db: [] });
  for (const state of ['stopped', 'waiting', 'blocked', 'stopping', 'done', 'stuck', 'failed'] as const) {
    change('db', { state });
    assert.equal(troubles.of('web'), `db is ${state}`);
  }
  change('db', { state: 'running', ready: false });
  assert.equal(troubles.of('web'), 'db is not ready');
  change('db', { ready: true });
  assert.equal(troubles.of('web'), undefined);
  services.delete('db');
  assert.equal(troubles.of('web'), 'db is being replaced');
});

test('it is well since the last trouble ended; a doubt is no trouble, and a clock that is set back no hold', async () => {
  const { clock, troubles, change } = createScene({ web: ['api'], api: ['db'], db: [] });
  assert.equal(troubles.wellSince('web'), 0);
  change('db', { troubles: [DOUBT] });
  await clock.advance(1000);
  change('db', { troubles: [] });
  assert.equal(troubles.wellSince('web'), 0);
  change('db', { troubles: [BAD] });
  await clock.advance(1000);
  change('db', { troubles: [] });
  const ended = clock.now();
  await clock.advance(1000);
  assert.equal(troubles.wellSince('web'), ended);
  assert.equal(troubles.wellSince('db'), 0);
  clock.jumpWall(-3_600_000);
  const jumped = clock.now();
  assert.equal(troubles.wellSince('web'), jumped);
  await clock.advance(1000);
  assert.equal(troubles.wellSince('web'), jumped, 'it stays where it is');
});

const names = ['a', 'b', 'c', 'd', 'e'];
const graph = fc.record(Object.fromEntries(names.map((name) => [name, fc.subarray(names)])));

test('whatever needs what, circles too: a service is held exactly while something that it reaches is in trouble', () => {
  fc.assert(
    fc.property(graph, fc.subarray(names), (needs, sick) => {
      const { troubles, change } = createScene(needs);
      for (const name of sick) change(name, { troubles: [BAD] });
      for (const name of names) {
        const reached = new Set<string>();
        const reach = (of: string): void => {
          for (const need of needs[of] ?? []) {
            if (reached.has(need)) continue;
            reached.add(need);
            reach(need);
          }
        };
        reach(name);
        reached.delete(name);
        assert.deepEqual(new Set(troubles.needsOf(name)), reached);
        assert.equal(
          troubles.of(name) !== undefined,
          sick.some((each) => reached.has(each)),
        );
      }
      for (const name of sick) change(name, { troubles: [] });
      for (const name of names) assert.equal(troubles.of(name), undefined, 'and no longer');
    }),
  );
});
