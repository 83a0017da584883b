import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeWatch } from '../overview/made-up.ts';
import { figureOrder, figureText, figureTitle, valueAt } from './figure-words.ts';

const watches = [
  madeWatch({ name: 'fresh', kind: 'fresh' }),
  madeWatch({ name: 'disk', kind: 'disk' }),
  madeWatch({ name: 'cpu', kind: 'cpu' }),
  madeWatch({ name: 'errors', kind: 'errors' }),
];

test('a figure reads as what it counts: the watch says of what kind it is', () => {
  const said = (
    [
      'memory',
      'lag',
      'rate',
      'backlog',
      'watch:fresh',
      'watch:disk',
      'watch:cpu',
      'watch:errors',
      'watch:gone',
    ] as const
  ).map((name) => figureText(name, 2048, watches));
  assert.deepEqual(said, [
    '2.0 KiB',
    '2 s',
    '2,048/s',
    '2,048',
    '2 s',
    '2.0 KiB',
    '2,048 %',
    '2,048',
    '2,048',
  ]);
  assert.equal(figureTitle('watch:disk', watches), 'disk (disk)');
  assert.equal(figureTitle('watch:gone', watches), 'gone');
});

test('the figures that people look for first come first', () => {
  assert.deepEqual(figureOrder(['watch:b', 'memory', 'watch:a', 'rate']), [
    'rate',
    'memory',
    'watch:a',
    'watch:b',
  ]);
});

test('the value at a moment is the last before it, unless that is long ago', () => {
  const [times, values] = [
    [0, 60, 120, 600],
    [1, null, 3, 4],
  ];
  const at = (moment: number): number | null => valueAt(times, values, moment, 60);
  assert.deepEqual([-1, 0, 59, 60, 125, 239, 300, 600].map(at), [null, 1, 1, null, 3, 3, null, 4]);
});
