import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDependencies, type Dependent } from './dependencies.ts';
import type { Need } from './needs.ts';

/** A service that does at once what it is told: what is tested here is who is told what, and how often. */
function createWorld(edges: Readonly<Record<string, readonly string[]>>) {
  const dependencies = createDependencies();
  const told: string[] = [];
  const all = new Map<string, ReturnType<typeof createService>>();
  let lives = 0;
  function createService(name: string) {
    const state = {
      running: false,
      ready: false,
      life: null as string | null,
      waitsFor: ['?'] as readonly string[],
    };
    const changed = () => dependencies.changed(name);
    const start = () => {
      Object.assign(state, { running: true, ready: false, life: `${name}${(lives += 1)}` });
      changed();
    };
    const service: Dependent = {
      name,
      needs(waitsFor) {
        if (waitsFor.join() === state.waitsFor.join()) return;
        state.waitsFor = waitsFor;
        changed();
      },
      renew(reason) {
        told.push(`${name}: ${reason}`);
        Object.assign(state, { running: false, ready: false });
        changed();
      },
      snapshot: () =>
        ({
          state: state.running ? 'running' : 'stopping',
          life: state.running ? state.life : null,
          pid: state.running ? 1 : null,
          ready: state.ready,
        }) as ReturnType<Dependent['snapshot']>,
    };
    return { state, service, start, changed };
  }
  for (const [name, needs] of Object.entries(edges)) {
    const made = createService(name);
    all.set(name, made);
    dependencies.add(made.service, needs.map(read));
  }
  const get = (name: string) => all.get(name) as ReturnType<typeof createService>;
  return {
    told,
    dependencies,
    settled: () => new Promise((resolve) => setImmediate(resolve)),
    waitsFor: (name: string) => get(name).state.waitsFor,
    start: (...names: string[]) => names.forEach((name) => get(name).start()),
    fall(name: string) {
      get(name).state.running = false;
      get(name).changed();
    },
    ready(name: string) {
      get(name).state.ready = true;
      get(name).changed();
    },
  };
}

function read(text: string): Need {
  const [name = '', ready] = text.split(' ');
  return { name, ready: ready !== undefined };
}

test('a need is met by a life that runs, or by one that is ready', async () => {
  const world = createWorld({ db: [], cache: [], web: ['db ready', 'cache'] });
  assert.deepEqual(world.waitsFor('web'), ['db ready', 'cache']);
  world.start('db', 'cache');
  await world.settled();
  assert.deepEqual(world.waitsFor('web'), ['db ready']);
  world.ready('db');
  await world.settled();
  assert.deepEqual(world.waitsFor('web'), []);
  world.fall('db');
  await world.settled();
  assert.deepEqual(world.waitsFor('web'), ['db ready']);
  assert.deepEqual(world.told, []);
});

test('a new life renews along a chain, each link once, when the one before is there', async () => {
  const world = createWorld({ db: [], api: ['db ready'], web: ['api'] });
  world.start('db');
  world.ready('db');
  world.start('api', 'web');
  await world.settled();
  world.fall('db');
  world.start('db');
  await world.settled();
  assert.deepEqual(world.told, [], 'it is not ready yet');
  world.ready('db');
  await world.settled();
  assert.deepEqual(world.told, ['api: db was restarted']);
  world.start('api');
  await world.settled();
  assert.deepEqual(world.told, ['api: db was restarted', 'web: api was restarted']);
  world.start('web');
  await world.settled();
  assert.equal(world.told.length, 2);
});

test('where chains meet again there is one renewal, with all its reasons', async () => {
  const world = createWorld({ db: [], api: ['db'], cache: ['db'], web: ['api', 'cache', 'db'] });
  world.start('db', 'api', 'cache', 'web');
  await world.settled();
  world.fall('db');
  world.start('db');
  await world.settled();
  assert.deepEqual(world.told, ['api: db was restarted', 'cache: db was restarted']);
  world.start('api');
  await world.settled();
  assert.equal(world.told.length, 2, 'the cache is still away');
  world.start('cache');
  await world.settled();
  assert.deepEqual(world.told.slice(2), ['web: api, cache and db were restarted']);
});

test('what a person started without its needs takes them as they come, and is renewed from then on', async () => {
  const world = createWorld({ db: [], web: ['db'] });
  world.start('web');
  await world.settled();
  world.start('db');
  await world.settled();
  assert.deepEqual(world.told, []);
  world.fall('db');
  world.start('db');
  await world.settled();
  assert.deepEqual(world.told, ['web: db was restarted']);
});

test('other needs apply to what runs without a renewal; a service that is replaced is a new life', async () => {
  const world = createWorld({ db: [], cache: [], web: ['db'] });
  world.start('db', 'cache', 'web');
  await world.settled();
  world.dependencies.change('web', [read('cache')]);
  world.fall('db');
  world.start('db');
  await world.settled();
  assert.deepEqual([world.told, world.waitsFor('web')], [[], []]);
  world.dependencies.remove('cache');
  await world.settled();
  assert.deepEqual(world.waitsFor('web'), ['cache']);
});
