import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import * as v from 'valibot';
import { complaints, openWatch } from '../../../test/rig/watching.ts';
import { disk, judgeDisk, timeToFull } from './disk.ts';

const GIB = 1024 ** 3;
const HOUR = 3_600_000;

test('space, inodes and the time to full are judged', () => {
  const figures = (free: number, inodesFree = 900, inodes = 1000) => ({
    free: free * GIB,
    total: 100 * GIB,
    inodesFree,
    inodes,
  });
  const tenth = { left: { share: 0.1 }, inodes: 0.05 };
  const size = { left: { bytes: 2 * GIB }, inodes: 0.05 };
  for (const [given, limits, fullIn, verdict, reason] of [
    [figures(50), tenth, undefined, 'ok', '/d has 50G (50%) free'],
    [figures(10), tenth, undefined, 'ok', '/d has 10G (10%) free'],
    [figures(9.99), tenth, undefined, 'bad', '/d has 10G (9.9%) free, 10% at least'],
    [figures(2), size, undefined, 'ok', '/d has 2G (2%) free'],
    [figures(1), size, undefined, 'bad', '/d has 1G (1%) free, 2G at least'],
    [figures(50, 49), tenth, undefined, 'bad', '/d has 4.9% of its inodes free, 5% at least'],
    [figures(50, 0, 0), tenth, undefined, 'ok', '/d has 50G (50%) free'],
    [figures(50), tenth, 5 * HOUR, 'ok', '/d has 50G (50%) free, and is full in about 5h'],
    [
      figures(50),
      { ...tenth, fullInMs: 12 * HOUR },
      5 * HOUR,
      'late',
      '/d has 50G (50%) free, and is full in about 5h, 12h at least',
    ],
    [
      figures(50),
      { ...tenth, fullInMs: 12 * HOUR },
      13 * HOUR,
      'ok',
      '/d has 50G (50%) free, and is full in about 13h',
    ],
    [figures(5), { ...tenth, fullInMs: 12 * HOUR }, HOUR, 'bad', '/d has 5G (5%) free, 10% at least'],
    [
      { free: 0, total: 0, inodesFree: 0, inodes: 0 },
      tenth,
      undefined,
      'bad',
      '/d has 0B (0%) free, 10% at least',
    ],
  ] as const) {
    const judged = judgeDisk('/d', given, limits, fullIn);
    assert.deepEqual([judged.verdict, judged.reason], [verdict, reason]);
  }
});

test('the time to full comes from the slope over a whole window', () => {
  const falling = (hours: number, perHour: number) =>
    Array.from({ length: hours * 4 + 1 }, (_, index) => ({
      at: 1e12 + (index * HOUR) / 4,
      value: 100 - (perHour * index) / 4,
    }));
  assert.equal(timeToFull(falling(1, 10), HOUR), 9 * HOUR);
  assert.equal(timeToFull(falling(2, 10), HOUR), 8 * HOUR);
  assert.equal(timeToFull(falling(1, 10).slice(1), HOUR), undefined);
  assert.equal(timeToFull(falling(1, -10), HOUR), undefined);
  assert.equal(timeToFull(falling(1, 0), HOUR), undefined);
  assert.equal(timeToFull([], HOUR), undefined);
});

test('a real file system, and one that is not there', async (t) => {
  const { folder, look } = openWatch(t, disk, { left: '1B', inodes: '0.001%' });
  const { bavail, bsize } = fs.statfsSync(folder);
  const judged = await look();
  assert.equal(judged.verdict, 'ok', judged.reason);
  assert.ok(judged.reason.startsWith(`${folder} has `));
  assert.equal(
    (await openWatch(t, disk, { path: folder, left: `${bavail * bsize * 2}B` }).look()).verdict,
    'bad',
  );
  assert.match(
    (await openWatch(t, disk, { path: 'not/there' }).look()).reason,
    /^cannot look at not\/there: ENOENT/,
  );
});

test('a share or a size', () => {
  const parse = (left: string) => v.parse(disk.options, { left }).left;
  assert.deepEqual(parse('10%'), { share: 0.1 });
  assert.deepEqual(parse('2G'), { bytes: 2 * GIB });
  assert.deepEqual(complaints(disk, { left: '110%' }), ['cannot use "110%": it is over 100%']);
  assert.deepEqual(complaints(disk, { left: '2' }), ['cannot read 2 as a size: give a unit, e.g. 2M']);
  assert.equal(complaints(disk, { inodes: '0%' }).length, 1);
  assert.equal(complaints(disk, { path: '' }).length, 1);
});
