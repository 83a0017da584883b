import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { createRig } from '../../../test/rig/child.ts';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { startProcess } from '../../core/processes.ts';
import type { RecordDraft } from '../../core/record.ts';
import { createCapturedLog, type CapturedLogOptions } from './captured-log.ts';

const MIB = 1024 * 1024;

function setUp(t: TestContext, more: Partial<CapturedLogOptions> = {}) {
  leakCheck(t);
  const file = path.join(tempFolder(t), 'svc.log');
  const clock = createFakeClock(Date.parse('2026-11-22T01:02:03.004Z'));
  const drafts: RecordDraft[] = [];
  const records = (batch: readonly RecordDraft[]) => void drafts.push(...batch);
  const captured = createCapturedLog({ service: 'svc', path: file, clock, records, log: silentLog, ...more });
  const pipes = { stdout: new PassThrough(), stderr: new PassThrough() };
  const capture = captured.attach('LIFE1', pipes);
  const finish = async () => {
    pipes.stdout.end();
    pipes.stderr.end();
    await capture.ended;
    await captured.close();
    return fs.readFileSync(file, 'utf8');
  };
  return { ...pipes, capture, captured, clock, drafts, finish };
}

test('every line goes into the file and becomes a record', async (t) => {
  const { stdout, stderr, drafts, clock, finish } = setUp(t);
  const time = clock.micros();
  stdout.write('hello wo');
  stdout.write('rld\n\nERROR bad\n');
  stderr.write('{"level":"warn","msg":"slow","ms":7}\nno newline');
  const text = await finish();
  const prefix = '2026-11-22T01:02:03.004Z';
  assert.deepEqual(text.split('\n').sort(), [
    '',
    `${prefix} stderr no newline`,
    `${prefix} stderr {"level":"warn","msg":"slow","ms":7}`,
    `${prefix} stdout `,
    `${prefix} stdout ERROR bad`,
    `${prefix} stdout hello world`,
  ]);
  const base = { time, service: 'svc', life: 'LIFE1', kind: 'log' };
  assert.deepEqual(
    drafts.filter(({ sender }) => sender === 'stdout'),
    [
      { ...base, level: 9, sender: 'stdout', message: 'hello world' },
      { ...base, level: 9, sender: 'stdout', message: '' },
      { ...base, level: 17, sender: 'stdout', message: 'ERROR bad' },
    ],
  );
  assert.deepEqual(
    drafts.filter(({ sender }) => sender === 'stderr'),
    [
      { ...base, level: 13, sender: 'stderr', message: 'slow', fields: { ms: 7 } },
      { ...base, level: 9, sender: 'stderr', message: 'no newline' },
    ],
  );
});

test('bytes that are no text become replacement characters', async (t) => {
  const { stdout, drafts, finish } = setUp(t);
  stdout.write(Buffer.from([0x61, 0x00, 0x62, 0xff, 0x63, 0x0a]));
  const text = await finish();
  assert.ok(text.endsWith('stdout a\ufffdb\ufffdc\n'));
  assert.equal(drafts[0]?.message, 'a\ufffdb\ufffdc');
});

test('a line over 64 KiB comes in pieces that say so', async (t) => {
  const { stdout, drafts, finish } = setUp(t);
  stdout.write(`${'x'.repeat(150_000)}\nshort\n`);
  await finish();
  assert.deepEqual(
    drafts.map(({ message, fields }) => [message.length, fields]),
    [
      [65_536, { cut: true }],
      [65_536, { cut: true }],
      [18_928, { cut: true }],
      [5, undefined],
    ],
  );
});

test('beyond the rate the lines go to the file alone, and one record a second says how many', async (t) => {
  const { stdout, drafts, clock, finish } = setUp(t, { linesPerSecond: 10, burstLines: 50 });
  stdout.write('x\n'.repeat(200));
  await clock.advance(0);
  assert.equal(drafts.length, 50);
  stdout.write('x\n'.repeat(100));
  await clock.advance(1000);
  stdout.write('y\n'.repeat(30));
  await clock.advance(1000);
  const text = await finish();
  assert.equal(text.split('\n').length, 331);
  const notes = drafts.filter(({ kind }) => kind === 'note');
  assert.deepEqual(
    notes.map(({ message }) => message),
    [
      '250 lines are in the captured log alone: more than 10 a second',
      '20 lines are in the captured log alone: more than 10 a second',
    ],
  );
  assert.equal(drafts.filter(({ kind }) => kind === 'log').length, 60);
});

test('the last 20 lines of a life are at hand', async (t) => {
  const { stdout, capture, finish } = setUp(t);
  stdout.write([...Array(30).keys(), 'z'.repeat(5000)].join('\n'));
  await finish();
  const tail = capture.tail();
  assert.deepEqual([tail.length, tail[0], tail[19]?.length], [20, '11', 1000]);
});

test('a full disk is told in the time line, which keeps the lines', async (t) => {
  const append = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
  const { stdout, drafts, captured, clock } = setUp(t, { append });
  stdout.write('one\n');
  await until(() => drafts.length === 2, { what: 'the trouble' });
  stdout.write('two\n');
  await clock.advance(3000);
  assert.deepEqual(
    drafts.map(({ kind, message }) => [kind, message]),
    [
      ['log', 'one'],
      [
        'note',
        `cannot write captured log ${captured.path}: disk full; lines are kept in the time line alone`,
      ],
      ['log', 'two'],
    ],
  );
  await captured.close();
});

test('pipes that somebody else holds open are closed after the grace', async (t) => {
  const { stdout, capture, captured, clock } = setUp(t);
  stdout.write('said\nhalf');
  let over = false;
  const finished = capture.finish(1000).then(() => {
    over = true;
  });
  await clock.advance(999);
  assert.equal(over, false);
  await clock.advance(1);
  await finished;
  assert.ok(stdout.destroyed);
  assert.deepEqual(capture.tail(), ['said', 'half']);
  await captured.close();
});

test('a flood of 50 MB from a real child keeps the budget and the memory', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const file = path.join(tempFolder(t), 'svc.log');
  let records = 0;
  const options = { service: 'svc', path: file, budgetBytes: 8 * MIB, clock: systemClock, log: silentLog };
  const captured = createCapturedLog({ ...options, records: (batch) => void (records += batch.length) });
  const main = startProcess({ argv: rig.argv, env: rig.env, cwd: '/', stdout: 'pipe', stderr: 'pipe' });
  const capture = captured.attach('L', main);
  const child = await rig.nextChild();
  await child.flood('stdout', MIB);
  const before = process.memoryUsage().rss;
  const begun = performance.now();
  await Promise.all([child.flood('stdout', 25 * MIB), child.flood('stderr', 25 * MIB)]);
  const took = performance.now() - begun;
  const grown = process.memoryUsage().rss - before;
  child.exit(0);
  await within(capture.ended, { what: 'the pipes to end' });
  await captured.close();
  const names = fs.readdirSync(path.dirname(file));
  const total = names.reduce((sum, name) => sum + fs.statSync(path.join(path.dirname(file), name)).size, 0);
  t.diagnostic(
    `50 MiB in ${Math.round(took)} ms, memory grew by ${Math.round(grown / MIB)} MiB, ${records} records`,
  );
  assert.ok(total <= 8 * MIB && total > 6 * MIB, `${total} bytes on disk`);
  assert.ok(grown < 96 * MIB, `memory grew by ${grown} bytes`);
  assert.ok(records >= 5000 && records < 5000 + 1100 * (took / 1000 + 3), `${records} records`);
});

test('a disk that stands still makes the child wait instead of memory grow', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const file = path.join(tempFolder(t), 'svc.log');
  const gate = Promise.withResolvers<void>();
  const append = async (handle: fs.promises.FileHandle, data: Buffer) => {
    await gate.promise;
    return (await handle.write(data)).bytesWritten;
  };
  const captured = createCapturedLog({
    service: 'svc',
    path: file,
    budgetBytes: 512 * MIB,
    clock: systemClock,
    records: () => {},
    log: silentLog,
    append,
  });
  const main = startProcess({ argv: rig.argv, env: rig.env, cwd: '/', stdout: 'pipe' });
  const capture = captured.attach('L', main);
  const child = await rig.nextChild();
  let written = false;
  const flood = child.flood('stdout', 20 * MIB).then(() => {
    written = true;
  });
  await within(new Promise<void>((resolve) => main.stdout?.once('pause', resolve)), {
    what: 'the pipe to pause',
  });
  assert.equal(written, false);
  gate.resolve();
  await within(flood, { what: 'the child to go on' });
  child.exit(0);
  await within(capture.ended, { what: 'the pipe to end' });
  await captured.close();
  const lines = fs.readFileSync(file, 'utf8').split('\n').length - 1;
  assert.equal(lines, Math.ceil((20 * MIB) / 101));
});
