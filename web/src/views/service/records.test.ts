import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../../../src/client/types.ts';
import { fieldsOf } from './fields.ts';
import { readKinds, toneOf, USUAL, writeKinds } from './kinds.ts';
import { lineText } from './line-text.ts';
import { marksOf } from './marks.ts';
import { merged, MOST_ROWS } from './merged.ts';
import { piecesOf } from './pieces.ts';

function row(position: number, time: number, level = 9): Row {
  return {
    id: `alpha/${position}`,
    position,
    agent: 'alpha',
    time: time * 1000,
    received: time * 1000,
    host: 'alpha',
    service: 'web',
    life: 'l1',
    kind: 'flip',
    level,
    sender: 'log',
    message: `m${position}`,
  };
}

test('what comes live and what is loaded is there once, the newest first', () => {
  const had = [row(5, 50), row(3, 30)];
  const all = merged(had, [row(3, 30), row(4, 50), row(1, 10)]);
  assert.deepEqual(
    all.map(({ position }) => position),
    [5, 4, 3, 1],
  );
  assert.equal(merged(had, []), had);
  const many = Array.from({ length: MOST_ROWS + 5 }, (_, at) => row(at, at));
  assert.equal(merged([], many).length, MOST_ROWS);
  assert.equal(merged([], many)[0]?.position, MOST_ROWS + 4);
});

test('records that stand too near each other are one mark, with their number and the worst of them', () => {
  const range = { since: 0, until: 100_000 };
  const marks = marksOf(
    [row(4, 90_000), row(3, 50_020, 9), row(2, 50_010, 17), row(1, 50_000, 13), row(0, 200_000)].toSorted(
      (one, other) => other.time - one.time,
    ),
    range,
    1000,
  );
  assert.deepEqual(
    marks.map(({ count, level, row: { position } }) => [count, level, position]),
    [
      [1, 9, 4],
      [3, 17, 2],
    ],
  );
});

test('kinds in the address: the usual ones are not said, and nonsense is not read', () => {
  assert.deepEqual(readKinds(new URLSearchParams('')), USUAL);
  assert.deepEqual(readKinds(new URLSearchParams('kind=start&kind=nonsense&kind=flip')), ['flip', 'start']);
  assert.deepEqual(writeKinds([...USUAL].toReversed()), []);
  assert.deepEqual(writeKinds(['log']), ['log']);
  assert.deepEqual([1, 9, 13, 17, 24].map(toneOf), ['faint', 'plain', 'late', 'bad', 'bad']);
});

test('fields are one a line, by their paths, and not without end', () => {
  assert.deepEqual(fieldsOf({ a: 'x', b: { c: 1, d: [1, 2] }, e: {}, f: null }), [
    { path: 'a', text: 'x' },
    { path: 'b.c', text: '1' },
    { path: 'b.d', text: '[1,2]' },
    { path: 'e', text: '{}' },
    { path: 'f', text: 'null' },
  ]);
  assert.deepEqual(fieldsOf(undefined), []);
  assert.equal(
    fieldsOf(Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, at]))).length,
    100,
  );
});

test('a log line is shown without what is for terminals, and not endless', () => {
  assert.equal(lineText('\u001B[31mred\u001B[0m \u001B]0;title\u0007and\ttab\nnext'), 'red and\ttab\nnext');
  assert.equal(lineText('x'.repeat(5000)).length, 2001);
});

test('moments within a sentence are found, so that they can be said by the clock of whoever reads', () => {
  assert.deepEqual(piecesOf('since 2026-11-22T19:10:47Z (15s); next 2026-11-22T19:11:18.250Z'), [
    { text: 'since ', at: undefined },
    { text: '2026-11-22T19:10:47Z', at: Date.UTC(2026, 10, 22, 19, 10, 47) },
    { text: ' (15s); next ', at: undefined },
    { text: '2026-11-22T19:11:18.250Z', at: Date.UTC(2026, 10, 22, 19, 11, 18, 250) },
  ]);
  assert.deepEqual(piecesOf('at 2026-11-22 19:12 UTC'), [{ text: 'at 2026-11-22 19:12 UTC', at: undefined }]);
  assert.deepEqual(piecesOf('2026-99-99T99:99:99Z'), [{ text: '2026-99-99T99:99:99Z', at: undefined }]);
});
