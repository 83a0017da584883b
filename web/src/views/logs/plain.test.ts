import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldRows, firstLine, plainText, rowTime } from './plain.ts';

test('colours, titles, links and other commands to terminals are left out; lines and tabs stay', () => {
  assert.equal(
    plainText(
      '\u001B[1;31mred\u001B[0m\tand \u001B]8;;http://x\u0007link\u001B]8;;\u001B\\\nnext\u0000\u0007',
    ),
    'red\tand link\nnext',
  );
  assert.equal(plainText('\u001B[38;2;1;2;3mtrue\u001B[K \u009B31mc1'), 'true c1');
  // One that never ends takes nothing with it but itself.
  assert.equal(plainText('a \u001B['), 'a ');
});

test('a row shows the first line that says something, cut; also of megabytes', () => {
  assert.equal(firstLine('one'), 'one');
  assert.equal(firstLine('\n\n  one\ttwo\r\nthree'), '  one two …');
  const long = firstLine('x'.repeat(50_000_000));
  assert.equal(long.length, 402);
  assert.equal(firstLine(''), '');
});

test('fields have the paths by which they are asked for', () => {
  const rows = fieldRows({
    http: { status: 500, path: '/a' },
    'a.b': true,
    list: [1, { c: 2 }],
    none: null,
    empty: {},
    'k=v': 1,
    big: 'x'.repeat(2000),
  });
  assert.deepEqual(
    rows.map(({ asked }) => asked),
    [
      'http.status=500',
      'http.path=/a',
      'a.b=true',
      'list=[1,{"c":2}]',
      'none=null',
      'empty={}',
      undefined,
      undefined,
    ],
  );
  assert.equal(
    fieldRows(Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`f${at}`, at]))).length,
    300,
  );
});

test('a time of a row has milliseconds, before 1970 too', () => {
  assert.match(rowTime(1_795_372_927_345_678, true), /^11-2\d \d\d:\d\d:07\.345$/);
  assert.match(rowTime(-1, false), /:59\.999$/);
});
