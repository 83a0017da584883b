import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutOf, NODE } from './graph-layout.ts';
import type { Inbox, Step } from './states.ts';

const inbox = (name: string, reference = false): Inbox => ({
  name,
  root: '/in',
  match: '*',
  reference,
  files: {},
});
const step = (name: string, level: number, from: string[], more: Partial<Step> = {}): Step => ({
  name,
  level,
  from,
  each: 'file',
  enabled: true,
  at: null,
  nextAt: null,
  timeoutMs: 1000,
  concurrency: 1,
  tasks: {},
  minute: 0,
  hour: 0,
  ...more,
});

test('inboxes stand on the left, those that only wake others below; each step in the column of its level', () => {
  const graph = layoutOf(
    [inbox('kernels', true), inbox('tm')],
    [step('A', 1, ['tm']), step('B', 2, ['A']), step('C', 3, ['B', 'tm'])],
  );
  assert.deepEqual(
    graph.columns.map(({ inboxes, steps }) => [...inboxes, ...steps].map(({ of }) => of.name)),
    [['tm', 'kernels'], ['A'], ['B'], ['C']],
  );
  assert.deepEqual(
    graph.edges.map(({ key }) => key.replace('\n', '>')),
    ['tm>A', 'A>B', 'B>C', 'tm>C'],
  );
});

test('a step stands near what it takes from; a periodic one and a disabled one are dashed', () => {
  const graph = layoutOf(
    [inbox('a'), inbox('b')],
    [
      step('B1', 1, ['b'], { enabled: false }),
      step('A1', 1, ['a'], { at: '0 8 * * *', hour: 100_000, minute: 3 }),
    ],
  );
  assert.deepEqual(
    graph.columns[1]?.steps.map(({ of }) => of.name),
    ['A1', 'B1'],
  );
  assert.deepEqual(
    graph.edges.map(({ isDashed, isBusy }) => [isDashed, isBusy]),
    [
      [true, true],
      [true, false],
    ],
  );
  const widths = graph.edges.map(({ width }) => width);
  assert.ok(Math.max(...widths) <= 7 && Math.min(...widths) >= 1);
});

test('forty steps do not lie over each other, nor beyond the drawing', () => {
  const steps = Array.from({ length: 40 }, (_, at) =>
    step(`S${at}`, 1 + (at % 8), at % 8 === 0 ? ['in'] : [`S${at - 1}`]),
  );
  const { columns, width, height, edges } = layoutOf([inbox('in')], steps);
  const all = columns.flatMap((column) => column.steps);
  assert.equal(new Set(all.map(({ x, y }) => `${x}/${y}`)).size, 40);
  for (const { x, y } of all) assert.ok(x + NODE.width <= width && y + NODE.height <= height);
  assert.equal(edges.length, 40);
});

test('nothing at all is drawn as nothing', () => {
  assert.deepEqual(layoutOf([], []).edges, []);
});
