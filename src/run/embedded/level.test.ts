import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseLine } from './level.ts';
import { anyText } from '../../../test/rig/any-text.ts';

const NOW = Date.parse('2026-11-22T01:02:03.004Z');

for (const [text, level] of [
  ['started up', 9],
  ['ERROR cannot open', 17],
  ['2026-11-22 01:02:03,004 WARNING disk is slow', 13],
  ['01:02 [warn] x', 13],
  ['ts=1 level=error msg=x', 17],
  ['level="debug" x', 5],
  ['CRITICAL: on fire', 21],
  ['INFO an ERROR was handled', 9],
  ['no error here', 9],
  ['Error [ERR_MODULE_NOT_FOUND]: x', 9],
  ['TERROR and INFORMED', 9],
  [`${'x'.repeat(80)} ERROR`, 9],
  ['\u001b[33mWARN\u001b[0m slow', 13],
  ['<3>disk full', 17],
  ['<7>ERROR said the prefix no', 5],
  ['{"level":30,"msg":"x"}', 9],
  ['{"level":55,"msg":"x"}', 17],
  ['{"level":"WARN","msg":"x"}', 13],
  ['{"severity":"critical"}', 21],
  ['{"lvl":"dbug","level":"debug"}', 5],
  ['{"level":3}', 9],
  ['{"priority":3}', 17],
  ['{"priority":"4"}', 13],
  ['{"broken ERROR', 17],
] as const) {
  test(`the level of ${text.slice(0, 50)} is ${level}`, () => {
    assert.equal(parseLine(text, NOW).level, level);
  });
}

test('a JSON line gives message, fields and its own time', () => {
  const line = parseLine(
    '{"level":"info","time":"2026-11-22T01:02:02.000Z","msg":"took","bytes":7,"a":{"b":[1]}}',
    NOW,
  );
  assert.deepEqual(line, {
    level: 9,
    message: 'took',
    fields: { bytes: 7, a: { b: [1] } },
    time: Date.parse('2026-11-22T01:02:02.000Z') * 1000,
  });
});

test('a number is taken as seconds, milliseconds, microseconds or nanoseconds, whichever is today', () => {
  for (const value of [NOW / 1000, NOW, NOW * 1000, NOW * 1e6]) {
    assert.equal(parseLine(`{"ts":${value},"msg":"x"}`, NOW).time, NOW * 1000);
  }
});

test('a time that is not within a day is a field like any other', () => {
  assert.deepEqual(parseLine('{"time":"2020-01-01T00:00:00Z","msg":"x"}', NOW).fields, {
    time: '2020-01-01T00:00:00Z',
  });
  assert.equal(parseLine('{"time":5,"msg":"x"}', NOW).time, undefined);
});

test('a JSON line with too many or too long fields stays raw text with its level', () => {
  const many = JSON.stringify({
    level: 50,
    msg: 'x',
    ...Object.fromEntries([...Array(51).keys()].map((n) => [`k${n}`, n])),
  });
  const long = JSON.stringify({ level: 50, msg: 'x', k: 'y'.repeat(20_000) });
  for (const text of [many, long]) assert.deepEqual(parseLine(text, NOW), { level: 17, message: text });
});

test('a long message alone is no reason to keep the raw text', () => {
  const message = 'y'.repeat(20_000);
  assert.equal(parseLine(JSON.stringify({ msg: message }), NOW).message, message);
});

test('any text gives a level from 1 to 24 and a message', () => {
  const text = fc.oneof(
    anyText(),
    fc.json(),
    fc.object().map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(text, (line) => {
      const { level, message, time } = parseLine(line, NOW);
      assert.ok(Number.isInteger(level) && level >= 1 && level <= 24);
      assert.equal(typeof message, 'string');
      assert.ok(time === undefined || Number.isSafeInteger(time));
    }),
  );
});
