import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import { complaints, openWatch, writtenAt } from '../../../test/rig/watching.ts';
import { parseExpression } from '../../core/expression.ts';
import { judgeRecord, record, recordReading } from './record.ts';

const ERRORS = { file: 'a.log', bad: 'level >= error' };

test('the latest record is judged, with what was found', () => {
  const isBad = parseExpression('level >= error');
  assert.ok(isBad.ok);
  const judge = (values?: object, missing = false) =>
    judgeRecord(
      'a.log',
      isBad.value,
      recordReading(isBad.value, {
        record: values === undefined ? undefined : { values: { ...values }, text: JSON.stringify(values) },
        missing,
      }),
    );
  for (const [values, verdict, value, reason] of [
    [
      { level: 'info', msg: 'fine' },
      'ok',
      'fine',
      'the latest record of a.log: level is info, expected >= error',
    ],
    [
      { level: 'ERROR', message: 'disk full | 5' },
      'bad',
      'disk full | 5',
      'the latest record of a.log: level is error (>= error)',
    ],
    [{ level: 17 }, 'bad', '{"level":17}', 'the latest record of a.log: level is error (>= error)'],
    [
      { message: 'no level' },
      'ok',
      'no level',
      'the latest record of a.log: level is missing, expected >= error',
    ],
  ] as const)
    assert.deepEqual(judge(values), { verdict, value, reason });
  assert.deepEqual(judge(), {
    verdict: 'unknown',
    value: null,
    reason: 'a.log has no record of this life yet',
  });
  assert.deepEqual(judge(undefined, true), {
    verdict: 'unknown',
    value: null,
    reason: 'there is no log a.log',
  });
  assert.equal(judge({ message: 'x'.repeat(500) }).value?.length, 121);
});

test('a real log: the next good record clears a bad one; text, torn lines and | do no harm', async (t) => {
  const { folder, look } = openWatch(t, record, ERRORS);
  const append = (text: string) => fs.appendFileSync(`${folder}/a.log`, text);
  const verdict = async () => (await look()).verdict;
  assert.equal((await look()).reason, 'there is no log a.log');
  append('{"level":"info","message":"up"}\n');
  assert.equal(await verdict(), 'ok');
  append('{"level":"error","message":"a | b | Traceback"}\n');
  assert.equal(await verdict(), 'bad');
  append('Traceback (most recent call last):\n  File "x"\n\n{"level":"info",');
  assert.equal(await verdict(), 'bad');
  append('"message":"torn no more"}\n');
  assert.equal((await look()).value, 'torn no more');
  append('{"level":"error"}\n{"level":"info","message":"and on"}\n');
  assert.equal((await look()).value, 'and on');
});

test('a rotation, a cut and a missing file leave the latest record as it is', async (t) => {
  const { folder, look } = openWatch(t, record, ERRORS);
  const file = `${folder}/a.log`;
  fs.writeFileSync(file, `${'x'.repeat(1000)}\n{"level":"error","message":"first"}\n`);
  assert.equal((await look()).verdict, 'bad');
  fs.renameSync(file, `${file}.1`);
  assert.equal((await look()).value, 'first');
  fs.writeFileSync(file, '');
  assert.equal((await look()).value, 'first');
  fs.appendFileSync(file, '{"level":"info","message":"second"}\n');
  assert.equal((await look()).value, 'second');
  fs.truncateSync(file);
  assert.equal((await look()).value, 'second');
  fs.appendFileSync(file, '{"level":"error","message":"third"}\n');
  assert.equal((await look()).value, 'third');
});

test('what an earlier life wrote is no evidence', async (t) => {
  const { folder, look } = openWatch(t, record, ERRORS);
  const file = `${folder}/a.log`;
  const now = Date.now();
  const second = { id: 'life-2', startedAt: now - 1000 };
  fs.writeFileSync(file, '{"level":"error","message":"last words"}\n');
  writtenAt(file, now - 2000);
  assert.equal((await look({ now })).value, 'last words');
  const unknown = { verdict: 'unknown', value: null, reason: 'a.log has no record of this life yet' };
  assert.deepEqual(await look({ now, life: second }), unknown);
  // Text of the new life behind it makes the old record no younger.
  fs.appendFileSync(file, 'starting\n');
  assert.deepEqual(await look({ now, life: second }), unknown);
  assert.deepEqual(await look({ now, life: { ...second, id: 'life-3' } }), unknown);
  fs.appendFileSync(file, '{"level":"info","message":"new"}\n');
  assert.equal((await look({ now, life: { ...second, id: 'life-3' } })).value, 'new');
});

test('at the first look of a life its last line counts, others by a certain time of their own', async (t) => {
  const now = Date.now();
  const life = { startedAt: now - 1000 };
  const first = openWatch(t, record, ERRORS);
  fs.writeFileSync(`${first.folder}/a.log`, '{"level":"info"}\n{"level":"error","message":"hangs now"}\n');
  assert.equal((await first.look({ now, life })).value, 'hangs now');
  const line = (at: number, message: string) =>
    `${JSON.stringify({ level: 'error', message, time: new Date(at).toISOString() })}\n`;
  const timed = openWatch(t, record, ERRORS);
  fs.writeFileSync(`${timed.folder}/a.log`, `${line(now - 500, 'mine')}text\n`);
  assert.equal((await timed.look({ now, life })).value, 'mine');
  const old = openWatch(t, record, ERRORS);
  fs.writeFileSync(`${old.folder}/a.log`, `${line(now - 1500, 'not mine')}text\n`);
  assert.equal((await old.look({ now, life })).verdict, 'unknown');
  const torn = openWatch(t, record, ERRORS);
  fs.writeFileSync(`${torn.folder}/a.log`, '{"level":"error"}\n{"lev');
  assert.equal((await torn.look({ now, life })).verdict, 'unknown');
});

test('the captured log: each line by the time that it was taken', async (t) => {
  const { capturedLog, look } = openWatch(t, record, { bad: 'level >= error' });
  const now = Date.now();
  const add = (ago: number, text: string) =>
    fs.appendFileSync(capturedLog, `${new Date(now - ago).toISOString()} stderr ${text}\n`);
  const life = { startedAt: now - 5000 };
  assert.equal((await look({ now, life })).reason, 'the output has no record of this life yet');
  add(5001, '{"level":"error","message":"of the one before"}');
  assert.equal((await look({ now, life })).verdict, 'unknown');
  add(4000, '{"level":"error","message":"mine | too"}');
  add(3000, 'plain');
  assert.equal((await look({ now, life })).value, 'mine | too');
});

test('where picks records, a pattern makes them of text', async (t) => {
  const lines = 'ERROR | cycle | disk | full\nINFO | note | x\n';
  const pattern = '^(?<level>\\w+) \\| (?<event>\\w+) \\| (?<message>.*)$';
  const all = openWatch(t, record, { ...ERRORS, pattern });
  fs.writeFileSync(`${all.folder}/a.log`, lines);
  assert.equal((await all.look()).verdict, 'ok');
  const some = openWatch(t, record, { ...ERRORS, pattern, where: 'event == "cycle"' });
  fs.writeFileSync(`${some.folder}/a.log`, '');
  await some.look();
  fs.appendFileSync(`${some.folder}/a.log`, lines);
  assert.deepEqual(await some.look(), {
    verdict: 'bad',
    value: 'disk | full',
    reason: 'the latest record of a.log: level is error (>= error)',
  });
});

test('of a large file only the end is read', async (t) => {
  const { folder, look } = openWatch(t, record, ERRORS);
  const filler = `${'x'.repeat(1023)}\n`.repeat(2048);
  fs.writeFileSync(`${folder}/a.log`, `{"level":"error"}\n${filler}{"level":"info","message":"end"}\n`);
  assert.equal((await look()).value, 'end');
});

test('wrong options are errors with their column', () => {
  assert.deepEqual(complaints(record, ERRORS), []);
  assert.match(
    complaints(record, { bad: 'level >= ' })[0] ?? '',
    /^cannot read the end here: .* \(column 10\)$/,
  );
  assert.match(complaints(record, { ...ERRORS, pattern: '(\\w+)' })[0] ?? '', /it has no named group/);
  assert.match(
    complaints(record, { ...ERRORS, pattern: '(?<a' })[0] ?? '',
    /^cannot use this regular expression: /,
  );
  assert.equal(complaints(record, { file: 'a' }).length, 1);
});
