import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';
import { createLogFile, type LogFileOptions } from './log-file.ts';

const KIB = 1024;

function open(t: TestContext, more: Partial<LogFileOptions> = {}) {
  leakCheck(t);
  const folder = tempFolder(t);
  const file = path.join(folder, 'logs/svc.log');
  const clock = createFakeClock();
  const troubles: (string | undefined)[] = [];
  const lines = createLogFile({
    path: file,
    budgetBytes: 512 * KIB,
    clock,
    onTrouble: (reason) => troubles.push(reason),
    ...more,
  });
  const write = (line: string) => lines.write(Buffer.from(`${line}\n`));
  const log = {
    write,
    isFull: () => lines.full,
    drained: () => lines.drained(),
    written: () => lines.written(),
    close: () => lines.close(),
    maxLineBytes: lines.maxLineBytes,
  };
  const all = () => fs.readdirSync(path.dirname(file)).sort();
  const files = () => all().filter((name) => name !== 'svc.log.reserve');
  const total = () =>
    all().reduce((sum, name) => sum + fs.statSync(path.join(path.dirname(file), name)).size, 0);
  const read = (name = '') => fs.readFileSync(`${file}${name}`, 'utf8');
  return { log, file, files, total, read, clock, troubles };
}

/** A write that can be made to fail like a full disk: after so many bytes, as the kernel does it. */
function fullDisk() {
  const disk = { room: Number.POSITIVE_INFINITY, code: 'ENOSPC' };
  const append = async (handle: fs.promises.FileHandle, data: Buffer): Promise<number> => {
    if (disk.room <= 0) throw Object.assign(new Error('no space'), { code: disk.code });
    const part = data.subarray(0, Math.min(data.length, disk.room));
    disk.room -= part.length;
    return (await handle.write(part)).bytesWritten;
  };
  return { disk, append };
}

test('what is written is with the system: not before, also while more comes, and not for ever on a disk that refuses', async (t) => {
  const { disk, append } = fullDisk();
  const holds: (() => void)[] = [];
  let held = true;
  const { log, read, clock, troubles } = open(t, {
    append: async (handle, data) => {
      if (held) await new Promise<void>((resolve) => holds.push(resolve));
      return append(handle, data);
    },
  });
  await log.written();
  log.write('one');
  let isWritten = false;
  const written = log.written().then(() => {
    isWritten = true;
  });
  await until(() => holds.length === 1, { what: 'the write to begin' });
  log.write('two');
  assert.equal(isWritten, false);
  holds[0]?.();
  await written;
  assert.equal(read(), 'one\n');
  await until(() => holds.length === 2, { what: 'the next write' });
  held = false;
  holds[1]?.();
  await log.written();
  assert.equal(read(), 'one\ntwo\n');
  disk.room = 0;
  log.write('three');
  await log.written();
  assert.deepEqual(troubles, ['disk full']);
  disk.room = Number.POSITIVE_INFINITY;
  await clock.advance(1000);
  await log.close();
});

test('lines go into a file that only the group may read', async (t) => {
  const { log, file, read } = open(t);
  log.write('one');
  log.write('zwei ü');
  await log.close();
  assert.equal(read(), 'one\nzwei ü\n');
  assert.equal(fs.statSync(file).mode & 0o777, 0o640);
});

test('an existing file is written on', async (t) => {
  const { log, file, read } = open(t);
  fs.mkdirSync(path.dirname(file));
  fs.writeFileSync(file, 'before\n');
  log.write('after');
  await log.close();
  assert.equal(read(), 'before\nafter\n');
});

test('all files together stay within the budget, and the newest lines are kept in order', async (t) => {
  const { log, files, total, read } = open(t);
  const line = (number: number) => `${number} ${'x'.repeat(100)}`;
  for (let number = 0; number < 20_000; number++) {
    log.write(line(number));
    if (log.isFull()) await log.drained();
  }
  await log.close();
  assert.ok(total() <= 512 * KIB && total() > 384 * KIB, `${total()} bytes`);
  assert.deepEqual(files(), ['svc.log', ...[1, 2, 3, 4, 5, 6, 7].map((number) => `svc.log.${number}`)]);
  const text = [7, 6, 5, 4, 3, 2, 1].map((number) => read(`.${number}`)).join('') + read();
  const numbers = text
    .trimEnd()
    .split('\n')
    .map((entry) => Number.parseInt(entry, 10));
  assert.equal(numbers.at(-1), 19_999);
  assert.ok(numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1));
});

test('a small budget is kept with fewer files', async (t) => {
  const { log, files, total } = open(t, { budgetBytes: 64 * KIB });
  assert.ok(log.maxLineBytes <= 8 * KIB);
  for (let number = 0; number < 500; number++) log.write('y'.repeat(log.maxLineBytes));
  await log.close();
  assert.ok(total() <= 64 * KIB);
  assert.deepEqual(files(), ['svc.log', 'svc.log.1']);
});

test('what is over a lowered budget is deleted, the oldest first', async (t) => {
  const { log, file, files } = open(t);
  fs.mkdirSync(path.dirname(file));
  for (const number of [1, 2, 3, 9, 12]) fs.writeFileSync(`${file}.${number}`, 'z'.repeat(150 * KIB));
  fs.writeFileSync(`${file}.old`, 'somebody else’s');
  log.write('x');
  await log.close();
  assert.deepEqual(files(), ['svc.log', 'svc.log.1', 'svc.log.2', 'svc.log.old']);
});

test('a full disk loses no half line; what did not fit is counted, and told when there is room again', async (t) => {
  const { disk, append } = fullDisk();
  const { log, read, clock, troubles } = open(t, { append, budgetBytes: 64 * KIB * KIB });
  log.write('first');
  await until(() => read() === 'first\n', { what: 'the first line' });
  disk.room = 3;
  const line = (number: number) => `${number}`.padStart(1023, '.');
  for (let number = 0; number < 800; number++) log.write(line(number));
  await until(() => troubles.length === 1, { what: 'the trouble' });
  for (let number = 800; number < 1000; number++) log.write(line(number));
  assert.equal(log.isFull(), false, 'a full disk never holds the service up');
  await clock.advance(5000);
  assert.equal(disk.room, 0);
  disk.room = Number.POSITIVE_INFINITY;
  await clock.advance(1001);
  await until(() => troubles.length === 2, { what: 'the recovery' });
  log.write('last');
  await log.close();
  assert.deepEqual(troubles, ['disk full', undefined]);
  const lines = read().trimEnd().split('\n');
  const kept = lines.slice(1, -2);
  assert.ok(kept.length >= 256, `${kept.length} lines kept`);
  kept.forEach((text, index) => assert.equal(text, line(index)));
  assert.equal(lines.at(-2)?.replace(/^\S+ /, ''), `vahti ${1000 - kept.length} lines lost: disk full`);
  assert.equal(lines.at(-1), 'last');
});

test('a disk that refuses for good is told once and does not hold up the end', async (t) => {
  const { disk, append } = fullDisk();
  Object.assign(disk, { room: 0, code: 'EIO' });
  const { log, clock, troubles } = open(t, { append });
  log.write('lost');
  await until(() => troubles.length === 1, { what: 'the trouble' });
  for (let turn = 0; turn < 5; turn++) await clock.advance(1000);
  await log.close();
  assert.deepEqual(troubles, ['disk error']);
  assert.equal(clock.nextTimer(), undefined);
});

test('a slow disk makes it full, and drained when it has caught up', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { log } = open(t, {
    append: async (handle, data) => gate.promise.then(async () => (await handle.write(data)).bytesWritten),
  });
  while (!log.isFull()) log.write('s'.repeat(10_000));
  let drained = false;
  const waiting = log.drained().then(() => {
    drained = true;
  });
  assert.equal(drained, false);
  gate.resolve();
  await waiting;
  assert.equal(log.isFull(), false);
  await log.close();
});

test('a hung disk does not hold up the end for more than two seconds', async (t) => {
  const gate = Promise.withResolvers<number>();
  const { log, clock } = open(t, { append: () => gate.promise });
  log.write('x');
  let closed = false;
  const closing = log.close().then(() => {
    closed = true;
  });
  await clock.advance(1999);
  assert.equal(closed, false);
  await clock.advance(1);
  await closing;
  gate.resolve(2);
});

test('a file that was moved away or deleted is opened anew', async (t) => {
  const { log, file, read, clock } = open(t);
  log.write('one');
  await until(() => fs.existsSync(file) && read() === 'one\n', { what: 'the first line' });
  fs.rmSync(path.dirname(file), { recursive: true });
  await clock.advance(1000);
  log.write('two');
  await log.close();
  assert.equal(read(), 'two\n');
});

test('a symbolic link in the place of the file is not followed', async (t) => {
  const { log, file, troubles } = open(t);
  fs.mkdirSync(path.dirname(file));
  const precious = path.join(path.dirname(file), 'precious');
  fs.writeFileSync(precious, 'mine');
  fs.symlinkSync(precious, file);
  log.write('attack');
  await until(() => troubles.length === 1, { what: 'the trouble' });
  await log.close();
  assert.deepEqual(troubles, ['it is a symbolic link']);
  assert.equal(fs.readFileSync(precious, 'utf8'), 'mine');
});

test('who reads a file while it is rotated sees it complete', async (t) => {
  const { log, file, read } = open(t);
  const line = (number: number) => `${number}`.padStart(999, '.');
  log.write(line(0));
  await until(() => fs.existsSync(file) && read() !== '', { what: 'the first line' });
  const fd = fs.openSync(file, 'r');
  for (let number = 1; number < 60; number++) log.write(line(number));
  await log.close();
  const seen = fs.readFileSync(fd, 'utf8');
  fs.closeSync(fd);
  const lines = seen.trimEnd().split('\n');
  lines.forEach((text, index) => assert.equal(text, line(index)));
  assert.equal(seen, read('.1'));
  assert.ok(lines.length > 40 && read().startsWith(`${line(lines.length)}\n`));
});

test('all files have the mode that was asked for, also those that were there', async (t) => {
  const { log, file, files } = open(t, { mode: 0o600, budgetBytes: 64 * KIB });
  fs.mkdirSync(path.dirname(file));
  for (const name of ['', '.1']) fs.writeFileSync(`${file}${name}`, 'old\n', { mode: 0o644 });
  const modes = () => files().map((name) => fs.statSync(path.join(path.dirname(file), name)).mode & 0o777);
  log.write('x');
  await until(() => modes().every((mode) => mode === 0o600), { what: 'the modes' });
  for (let number = 0; number < 100; number++) log.write('y'.repeat(500));
  await log.close();
  assert.deepEqual(
    [files(), modes()],
    [
      ['svc.log', 'svc.log.1'],
      [0o600, 0o600],
    ],
  );
});
