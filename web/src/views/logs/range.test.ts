import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readFilter } from './filter.ts';
import { durationOf, fixedTo, localMoment, localText, rangeOf, readMoment } from './range.ts';

const NOW = Date.parse('2026-11-22T18:42:07.345Z');
const of = (query: string) => rangeOf(readFilter(new URLSearchParams(query)), NOW);

test('without a word it is the last hour, of a life the last week; what is listed begins where the chart does', () => {
  const usual = of('');
  assert.deepEqual([usual.window, usual.until, usual.step], ['1h', undefined, 30_000]);
  assert.equal(usual.since, new Date(usual.from).toISOString());
  assert.ok(usual.from <= NOW - 3_600_000 && usual.to >= NOW && usual.to - NOW < usual.step);
  assert.equal(of('life=x').window, '7d');
  assert.equal(of('window=all').since, undefined);
  // What the hub will say is no duration is asked for as it is.
  assert.equal(of('window=soon').since, 'soon');
});

test('times of an address are read as the hub reads them', () => {
  assert.equal(readMoment('2026-11-22T01:00', NOW), Date.parse('2026-11-22T01:00Z'));
  assert.equal(readMoment('2026-11-22T01:00+02:00', NOW), Date.parse('2026-11-21T23:00Z'));
  assert.equal(readMoment('2h', NOW), NOW - 7_200_000);
  assert.equal(readMoment('1795372927345000', NOW), 1_795_372_927_345);
  assert.equal(readMoment('yesterday', NOW), undefined);
  assert.equal(durationOf('90s'), 90_000);
  assert.equal(durationOf('-1h'), undefined);
  const { since, until, from, to, window } = of('since=2026-11-22T01:00Z&until=2026-11-22T02:00Z');
  assert.deepEqual([since, until, window], ['2026-11-22T01:00Z', '2026-11-22T02:00Z', undefined]);
  assert.deepEqual([from, to], [Date.parse('2026-11-22T01:00Z'), Date.parse('2026-11-22T02:00Z')]);
  assert.deepEqual(fixedTo(from, to), {
    since: '2026-11-22T01:00:00Z',
    until: '2026-11-22T02:00:00Z',
    window: undefined,
    follow: undefined,
  });
  assert.equal(localMoment(localText(from)), from);
});

test('any stretch has whole columns around it, 122 at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: NOW }), fc.integer({ min: 1, max: NOW }), (since, length) => {
      const { from, to, step } = of(
        `since=${new Date(since).toISOString()}&until=${new Date(since + length).toISOString()}`,
      );
      assert.ok(from <= since && to >= since + length && from % step === 0 && (to - from) % step === 0);
      assert.ok((to - from) / step <= 122, `${(to - from) / step}`);
    }),
  );
});
