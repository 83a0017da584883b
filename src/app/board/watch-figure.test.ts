import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchFigure } from './watch-figure.ts';

test('the numbers in what watches say', () => {
  const table: readonly (readonly [kind: string, value: string | null, figure: number | undefined])[] = [
    ['backlog', 'nothing waits', 0],
    ['backlog', '1 waits', 1],
    ['backlog', '312 wait, the oldest for 3m', 312],
    ['lag', '3m12s behind', 192_000],
    ['lag', '340ms behind', 340],
    ['fresh', '1.5s old', 1500],
    ['http', 'status 200 in 35ms', 35],
    ['tcp', 'connected in 2ms', 2],
    ['cpu', '45%', 45],
    ['memory', '12M', 12 * 1024 ** 2],
    ['disk', '1.5G (40%) free', 1.5 * 1024 ** 3],
    ['command', '42', 42],
    ['command', ' -1.5 ', -1.5],
    ['command', '42 things', undefined],
    ['command', 'ok', undefined],
    ['command', '', undefined],
    ['command', '1e999', undefined],
    ['constructor', '7', 7],
    ['lag', null, undefined],
    ['lag', 'nothing is there', undefined],
  ];
  for (const [kind, value, figure] of table)
    assert.equal(watchFigure({ kind, value }), figure, `${kind} ${value}`);
});
