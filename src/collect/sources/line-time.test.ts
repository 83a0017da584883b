import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timeAt } from './line-time.ts';

const read = (value: unknown) => timeAt({ t: value }, ['t']);

test('a time is RFC 3339 text, with a zone or in UTC, and keeps what is below the millisecond', () => {
  const ms = Date.UTC(2026, 6, 4, 12, 0, 0, 250);
  assert.deepEqual(read('2026-07-04T12:00:00.250Z'), { ms, text: '2026-07-04T12:00:00.250Z' });
  assert.deepEqual(read('2026-07-04 14:00:00.2501239+0200'), {
    ms,
    text: '2026-07-04T14:00:00.2501239+02:00',
  });
  assert.deepEqual(read('2026-07-04t12:00:00.25'), { ms, text: '2026-07-04T12:00:00.25Z' });
});

test('a number is seconds, milliseconds, microseconds or nanoseconds by its size, also as text', () => {
  const ms = Date.UTC(2026, 6, 4, 12, 0, 0, 250);
  const text = '2026-07-04T12:00:00.250Z';
  for (const value of [ms / 1000, ms, ms * 1e3, ms * 1e6, `${ms / 1000}`, `${ms}000000`])
    assert.deepEqual(read(value), { ms, text }, String(value));
  assert.deepEqual(read(ms * 1e3 + 7), { ms, text: '2026-07-04T12:00:00.250007Z' });
  assert.equal(read(1_783_166_400)?.text, '2026-07-04T12:00:00.000Z');
});

test('what is no time is none, and throws nothing', () => {
  const none = [
    0,
    -1,
    '',
    'yesterday',
    '2026-07-04',
    '12',
    '2026-13-04T00:00:00Z',
    null,
    true,
    {},
    [],
    1e300,
  ];
  for (const value of none) assert.equal(read(value), undefined, JSON.stringify(value));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.double(), fc.date().map(String), fc.integer()), (value) => {
      const found = read(value);
      assert.ok(found === undefined || Math.floor(Date.parse(found.text)) === found.ms);
    }),
  );
});

test('a path leads inwards through members of its own alone', () => {
  const data = { a: { b: [{ c: 1_783_166_400 }] } };
  assert.equal(timeAt(data, ['a', 'b', '0', 'c'])?.ms, 1_783_166_400_000);
  for (const path of [['a'], ['a', 'x', 'c'], ['constructor', 'length'], ['a', 'b', '0', 'c', 'd']])
    assert.equal(timeAt(data, path), undefined, path.join('.'));
});
