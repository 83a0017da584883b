import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinFrames, readFramesFile, splitFrames } from './frames-file.ts';

const FRAMES = ['one', 'three', 'x'.repeat(300)].map((text) => Buffer.from(text));

test('frames written to a file are read back', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vahti-frames-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'frames.bin');
  await writeFile(file, joinFrames(FRAMES));
  assert.deepEqual(await readFramesFile(file), { ok: true, value: FRAMES });
});

test('a file that is not there is an error that names it', async () => {
  const result = await readFramesFile('/nowhere/frames.bin');
  assert.match(result.ok ? '' : result.error, /^cannot read \/nowhere\/frames\.bin: ENOENT/);
});

test('a file cut off anywhere but between frames is an error with the offset', () => {
  const content = joinFrames(FRAMES);
  const ends = new Set([0, 7, 16, content.length]);
  for (let length = 0; length <= content.length; length++) {
    const result = splitFrames(content.subarray(0, length), 'cut.bin');
    assert.equal(result.ok, ends.has(length));
    if (!result.ok) assert.match(result.error, /^cannot read cut\.bin: .+ at byte (0|7|16)\b/);
  }
});

test('a frame of no bytes is an error', () => {
  const result = splitFrames(Buffer.from('010000006100000000', 'hex'), 'f');
  assert.deepEqual(result, { ok: false, error: 'cannot read f: a frame of 0 bytes at byte 5' });
});
