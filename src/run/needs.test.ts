import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { findCycles, joinNames, type Needing, startOrder, startWaves, stopInOrder } from './needs.ts';

function graph(edges: Readonly<Record<string, readonly string[]>>): Needing[] {
  return Object.entries(edges).map(([name, needs]) => ({
    name,
    needs: needs.map((each) => ({ name: each, ready: false })),
  }));
}

const DIAMOND = graph({ web: ['api', 'cache'], api: ['db'], cache: ['db'], db: [], alone: [] });

test('each starts behind what it needs, and as given apart from that', () => {
  assert.deepEqual(
    startOrder(DIAMOND).map(({ name }) => name),
    ['db', 'api', 'cache', 'web', 'alone'],
  );
  assert.deepEqual(startWaves(DIAMOND), [['db', 'alone'], ['api', 'cache'], ['web']]);
});

test('a cycle is named along its way, once; one that needs itself is a cycle', () => {
  assert.deepEqual(findCycles(DIAMOND), []);
  assert.deepEqual(findCycles(graph({ a: ['b'], b: ['c'], c: ['a'], d: ['a'] })), [['a', 'b', 'c', 'a']]);
  assert.deepEqual(findCycles(graph({ a: ['a'], b: ['x'] })), [['a', 'a']]);
});

test('whatever the graph: the order holds, and a cycle is found exactly where there is one', () => {
  const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 20 });
  fc.assert(
    fc.property(edges, fc.boolean(), (pairs, acyclic) => {
      const needs = (index: number): string[] =>
        pairs.filter(([from, to]) => from === index && (!acyclic || to < from)).map(([, to]) => `s${to}`);
      const services = graph(
        Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`s${7 - i}`, needs(7 - i)])),
      );
      const order = startOrder(services).map(({ name }) => name);
      assert.deepEqual(order.toSorted(), services.map(({ name }) => name).toSorted());
      const inOrder = services.every((service) =>
        service.needs.every((need) => order.indexOf(need.name) < order.indexOf(service.name)),
      );
      assert.equal(inOrder, findCycles(services).length === 0);
    }),
  );
});

test('a stop goes from the dependents to what they need, in parallel where nothing binds', async () => {
  const told: string[] = [];
  const gates = new Map(DIAMOND.map(({ name }) => [name, Promise.withResolvers<void>()]));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const all = stopInOrder(DIAMOND, async (name) => {
    told.push(name);
    await gates.get(name)?.promise;
  });
  await turn();
  assert.deepEqual(told.toSorted(), ['alone', 'web']);
  gates.get('web')?.resolve();
  await turn();
  assert.deepEqual(told.slice(2).toSorted(), ['api', 'cache']);
  gates.get('api')?.resolve();
  await turn();
  assert.equal(told.includes('db'), false, 'cache still lives');
  for (const { resolve } of gates.values()) resolve();
  await all;
  assert.equal(told.at(-1), 'db');
});

test('names are joined as people do', () => {
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(joinNames), [
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});
