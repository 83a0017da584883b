import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemsOf, sorted } from './items.ts';
import { held, isSameOrder, type Line, linesOf } from './layout.ts';
import { madeService } from './made-up.ts';
import { readLook } from './look.ts';

const shown = (lines: readonly Line[]): readonly string[] =>
  lines.map((line) =>
    line.type === 'head' ? `[${line.label} ${line.count} ${line.worst}]` : line.item.name,
  );
const items = itemsOf(
  [
    madeService({ name: 'a' }),
    madeService({ name: 'b', agent: 'beta', condition: 'bad' }),
    madeService({ name: 'c', agent: 'beta', kind: 'collect' }),
  ],
  [],
);

test('groups come with their worst: the host that needs somebody first, or by name', () => {
  assert.deepEqual(shown(linesOf(sorted(items, 'worst'), 'host', 'worst')), [
    '[beta 2 bad]',
    'b',
    'c',
    '[alpha 1 ok]',
    'a',
  ]);
  assert.deepEqual(shown(linesOf(sorted(items, 'name'), 'host', 'name')), [
    '[alpha 1 ok]',
    'a',
    '[beta 2 bad]',
    'b',
    'c',
  ]);
  assert.deepEqual(shown(linesOf(sorted(items, 'name'), 'condition', 'name')), [
    '[bad 1 bad]',
    'b',
    '[ok 2 ok]',
    'a',
    'c',
  ]);
  assert.deepEqual(shown(linesOf(sorted(items, 'name'), 'kind', 'name')), [
    '[collect 1 ok]',
    'c',
    '[run 2 bad]',
    'a',
    'b',
  ]);
});

test('an order that is held: what it is now in the places of before, new ones last, gone ones left out', () => {
  const before = linesOf(sorted(items, 'name'), 'none', 'name');
  const order = before.map(({ key }) => key);
  const now = itemsOf(
    [
      madeService({ name: 'new', condition: 'bad' }),
      madeService({ name: 'c', agent: 'beta', condition: 'bad' }),
      madeService({ name: 'a' }),
    ],
    [],
  );
  const live = linesOf(sorted(now, 'worst'), 'none', 'worst');
  const lines = held(live, order);
  assert.deepEqual(shown(lines), ['a', 'c', 'new']);
  const [, c] = lines;
  assert.equal(c?.type === 'item' && c.item.condition, 'bad');
  assert.equal(isSameOrder(live, lines), false);
  assert.equal(isSameOrder(before, held(before, order)), true);
});

test('the address says how it is looked at; nonsense is as if it were not said', () => {
  const look = readLook(new URLSearchParams('q=sky&is=bad&is=nonsense&group=host&sort=name&bars=90d&wall=1'));
  assert.deepEqual(look, {
    text: 'sky',
    conditions: ['bad'],
    group: 'host',
    sort: 'name',
    range: '90d',
    isWall: true,
  });
  const usual = { text: '', conditions: [], group: 'none', sort: 'worst', range: '24h', isWall: false };
  assert.deepEqual(readLook(new URLSearchParams('group=x&sort=&bars=1y&wall=no')), usual);
});
