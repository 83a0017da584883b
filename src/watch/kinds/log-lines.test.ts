import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compiledPattern } from './options.ts';
import { capturedLine, jsonValues, ownTime, patternValues, timeOf } from './log-lines.ts';
import { splitTail } from './log-tail.ts';

test('a time is read as data give it', () => {
  const ms = Date.parse('2026-11-22T06:00:00Z');
  for (const [value, expected] of [
    ['2026-11-22T06:00:00Z', ms],
    ['2026-11-22T07:00:00+01:00', ms],
    ['2026-11-22T06:00:00', ms],
    ['2026-11-22 06:00:00.250', ms + 250],
    ['2026-11-22 06:00:00,250', ms + 250],
    ['2026-11-22 07:00:00 +0100', ms],
    ['2026-11-22', Date.parse('2026-11-22')],
    [ms / 1000, ms],
    [ms / 1000 + 0.5, ms + 500],
    [ms, ms],
    [ms * 1000, ms],
    [ms * 1e6, ms],
    [String(ms), ms],
    ['yesterday', undefined],
    ['', undefined],
    ['06:00', undefined],
    [0, undefined],
    [-5, undefined],
    [Number.NaN, undefined],
    [null, undefined],
    [{}, undefined],
  ] as const)
    assert.equal(timeOf(value), expected, JSON.stringify(value));
});

test("a record's own time counts only where it is certain", () => {
  assert.equal(ownTime({ time: '1970-01-02T00:00:00Z' }), 86_400_000);
  assert.equal(ownTime({ ts: 86_400 }), 86_400_000);
  assert.equal(ownTime({ time: '1970-01-02T00:00:00' }), undefined);
  assert.equal(ownTime({ time: 'x', timestamp: '1970-01-02T01:00:00+01:00' }), 86_400_000);
  assert.equal(ownTime({}), undefined);
});

test('lines of the captured log, JSON and patterns', () => {
  assert.deepEqual(capturedLine('2026-11-22T06:00:00.000Z stderr a | b'), {
    at: Date.parse('2026-11-22T06:00:00Z'),
    text: 'a | b',
  });
  assert.equal(capturedLine('2026-11-22 stderr a'), undefined);
  assert.deepEqual(jsonValues(' {"a":1}'), { a: 1 });
  for (const text of ['[1]', '1', '"a"', '{"a":', 'x {"a":1}', ''])
    assert.equal(jsonValues(text), undefined, text);
  const said = compiledPattern('^(?<level>\\w+): (?<message>.*)');
  assert.deepEqual(patternValues('ERROR: a|b', said), {
    level: 'ERROR',
    message: 'a|b',
  });
  assert.equal(patternValues('x', said), undefined);
});

test('the end of a file gives the same last lines wherever it is cut', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'ä', '|', ' '), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), fc.nat(), (texts, torn, where) => {
      const whole = Buffer.from(texts.map((text) => `${text}\n`).join('') + (torn ? 'tor' : ''));
      const all = splitTail(whole, 0, false);
      assert.deepEqual(
        all.lines.map(({ text }) => text),
        texts.filter((text) => text !== ''),
      );
      assert.equal(all.end, whole.length - (torn ? 3 : 0));
      const cut = where % (whole.length + 1);
      const part = splitTail(whole.subarray(cut), cut, true);
      const next = whole.indexOf('\n', cut) + 1;
      assert.deepEqual(
        part.lines,
        all.lines.filter(({ offset }) => next > 0 && offset >= next),
      );
    }),
  );
});
