import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import { complaints, openWatch, writtenAt } from '../../../test/rig/watching.ts';
import { judgeLog, log, type LogMemory, remember } from './log.ts';

const NOW = 1_800_000_000_000;
const S = 1000;

function memory(ago: number | undefined, replacedAgo?: number): LogMemory {
  return {
    stat: { inode: 1, size: 1, mtime: 0 },
    writtenAt: ago === undefined ? undefined : NOW - ago,
    replacedAt: replacedAgo === undefined ? undefined : NOW - replacedAgo,
  };
}

test('a log is judged by the age of its last write in this life', () => {
  for (const [startedAgo, known, verdict, reason] of [
    [3600 * S, memory(10 * S), 'ok', 'l was written 10s ago'],
    [3600 * S, memory(301 * S), 'late', 'l was written 5m1s ago, 5m at most'],
    [10 * S, undefined, 'unknown', 'there is no log l; it has 5m for it, 10s are over'],
    [301 * S, undefined, 'late', 'there is no log l, 5m1s after its start, 5m at most'],
    [
      10 * S,
      memory(20 * S),
      'unknown',
      'l was written last before this life began; it has 5m for it, 10s are over',
    ],
    [3600 * S, memory(10 * S, 5 * S), 'ok', 'l was written 10s ago'],
    [
      3600 * S,
      memory(400 * S, 200 * S),
      'late',
      'l was written 6m40s ago, 5m at most; it was replaced or cut 3m20s ago and not written since',
    ],
  ] as const)
    assert.deepEqual(
      {
        ...judgeLog({ now: NOW, startedAt: NOW - startedAgo, withinMs: 300 * S, file: 'l', memory: known }),
        value: 0,
      },
      { verdict, value: 0, reason },
    );
});

test('growth is a write; a replaced or cut file is none until it grows', () => {
  const stat = (inode: number, size: number, mtime: number) => ({ inode, size, mtime });
  const first = remember(undefined, stat(1, 10, 100));
  assert.equal(first.writtenAt, 100);
  for (const [next, written, replaced] of [
    [stat(1, 10, 100), 100, undefined],
    [stat(1, 20, 150), 150, undefined],
    [stat(1, 10, 150), 150, undefined], // written in place
    [stat(1, 0, 150), 100, 150], // cut
    [stat(1, 5, 150), 100, 150],
    [stat(2, 0, 150), 100, 150], // renamed away, a new one
    [stat(2, 50, 150), 100, 150], // replaced by a copy of its end
  ] as const) {
    const then = remember(first, next);
    assert.deepEqual([then.writtenAt, then.replacedAt], [written, replaced], JSON.stringify(next));
    const still = remember(then, next);
    assert.deepEqual([still.writtenAt, still.replacedAt], [written, replaced]);
    const grown = remember(then, { ...next, size: next.size + 1, mtime: 200 });
    assert.deepEqual([grown.writtenAt, grown.replacedAt], [200, undefined]);
  }
});

test('a real log: missing, written, cut by its rotation, replaced behind its writer', async (t) => {
  const { folder, look } = openWatch(t, log, { file: 'a.log', within: '5m' });
  const file = `${folder}/a.log`;
  const now = Date.now();
  const startedAt = now - 600_000;
  const verdict = async (at = now) => (await look({ now: at, life: { startedAt } })).verdict;
  assert.equal((await look({ now, life: { startedAt: now } })).verdict, 'unknown');
  assert.equal(await verdict(), 'late');
  fs.writeFileSync(file, 'one\n');
  writtenAt(file, now - 200_000);
  assert.equal(await verdict(), 'ok');
  // The writer holds the file open; its end is kept in a new one, as a script that truncates logs does.
  const writer = fs.openSync(file, 'a');
  fs.writeFileSync(`${file}.tmp`, 'one\n');
  fs.renameSync(`${file}.tmp`, file);
  fs.writeSync(writer, 'two\n');
  fs.closeSync(writer);
  assert.equal(await verdict(), 'ok');
  const late = await look({ now: now + 101_000, life: { startedAt } });
  assert.equal(late.verdict, 'late');
  assert.match(late.reason, /it was replaced or cut 1m4\ds ago and not written since$/);
  fs.appendFileSync(file, 'three\n');
  assert.equal(await verdict(now + 101_000), 'ok');
  const said = Array.from({ length: 30 }, (_, n) => `line ${n} | ${'x'.repeat(100)}`);
  fs.appendFileSync(file, `${said.join('\n')}\nno end yet`);
  const silent = await look({ now: now + 500_000, life: { startedAt } });
  assert.deepEqual(silent.detail?.split('\n'), said.slice(-20), 'what it said last');
  fs.truncateSync(file);
  fs.rmSync(file);
  assert.equal(await verdict(now + 101_000), 'ok');
});

test('without a file what the service prints is looked at', async (t) => {
  const { capturedLog, look } = openWatch(t, log, { within: '5m' });
  assert.match((await look()).reason, /^nothing was written to the output, 1h after/);
  fs.writeFileSync(capturedLog, 'x\n');
  assert.match((await look()).reason, /^the output was written \d+ms ago$/);
  assert.equal(complaints(log, {}).length, 1);
});
