import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { tempFolder } from '../../test/rig/leaks.ts';
import { pendingEvent, testEvent } from '../../test/rig/stream.ts';
import { systemClock } from '../core/clock.ts';
import { disk } from '../core/files.ts';
import { openPartLines, readCommitted } from './committed.ts';
import { createCommitter } from './committer.ts';
import { layoutOf } from './layout.ts';
import { recover } from './recover.ts';
import { type Verification, verifyParts } from './verify.ts';

const START = Date.UTC(2026, 6, 4, 14, 50);
const CLOSED = '2026-07-04/2026-07-04T14';

/** A folder with closed parts and an open one. */
async function collected(t: TestContext): Promise<string> {
  const root = tempFolder(t);
  const layout = layoutOf(root);
  const recovered = await recover(disk, layout, 'boot');
  const options = {
    files: disk,
    layout,
    cut: 'hour',
    clock: systemClock,
    boot: 'boot',
    recovered,
  } as const;
  const committer = await createCommitter(options);
  const events = Array.from({ length: 400 }, (_, i) => testEvent(1 + i, START + i * 30_000, 1 + (i % 2)));
  await committer.commit(
    events.map((event) => pendingEvent(event, START + 9e7)),
    0,
  );
  await committer.closeDue(false);
  await committer.release();
  return root;
}

async function verify(root: string): Promise<Verification> {
  const committed = await readCommitted(layoutOf(root));
  assert.ok(committed !== undefined);
  return verifyParts(layoutOf(root), committed, () => {});
}

async function change(root: string, edit: (content: Buffer) => Buffer): Promise<string> {
  const path = join(root, `${CLOSED}.ndjson`);
  writeFileSync(path, edit(readFileSync(path)));
  const { parts } = await verify(root);
  assert.deepEqual(
    parts.filter((part) => part.verdict !== 'whole').map((part) => part.part),
    [CLOSED],
  );
  return parts.find((part) => part.part === CLOSED)?.detail ?? '';
}

test('what was collected is whole, and the books account for every line', async (t) => {
  const { parts, booked, committed } = await verify(await collected(t));
  assert.ok(parts.length >= 3);
  assert.ok(parts.every((part) => part.verdict === 'whole'));
  assert.equal(booked, 600);
  assert.equal(committed, 600);
});

test('a part that was archived is read in its archive; a damaged or another archive is found', async (t) => {
  for (const [ending, pack] of [
    ['zst', zstdCompressSync],
    ['gz', gzipSync],
  ] as const) {
    const root = await collected(t);
    const path = join(root, `${CLOSED}.ndjson`);
    const content = readFileSync(path);
    const layout = layoutOf(root);
    const lines = async (from: number): Promise<string> => {
      let text = '';
      for await (const some of (await openPartLines(layout, CLOSED, from, content.length)) ?? [])
        text += some.map((line) => line.text).join('');
      return text;
    };
    const [all, later] = [await lines(0), await lines(777)];
    const packed = pack(content);
    writeFileSync(`${path}.${ending}`, packed);
    rmSync(path);
    const { parts } = await verify(root);
    assert.ok(parts.every((part) => part.verdict === 'whole'));
    assert.deepEqual([await lines(0), await lines(777)], [all, later]);
    assert.equal(all, content.toString());
    writeFileSync(`${path}.${ending}`, packed.subarray(0, packed.length - 20));
    assert.match(
      (await verify(root)).parts.find(({ part }) => part === CLOSED)?.detail ?? '',
      /cannot read it|bytes of/,
    );
    writeFileSync(`${path}.${ending}`, pack(content.subarray(0, content.lastIndexOf(10, -2) + 1)));
    assert.match((await verify(root)).parts.find(({ part }) => part === CLOSED)?.detail ?? '', /bytes of/);
  }
});

test('changed bytes of the same length, a lost line, lines in another order, a missing file: each is found', async (t) => {
  assert.equal(
    await change(await collected(t), (content) =>
      Buffer.from(content.toString().replace('"op":0', '"op":7')),
    ),
    'its checksum is another',
  );
  assert.match(
    await change(await collected(t), (content) => content.subarray(0, content.lastIndexOf(10, -2) + 1)),
    /^it has \d+ bytes of \d+$/,
  );
  const swapped = (content: Buffer): Buffer => {
    const lines = content.toString().split('\n');
    return Buffer.from([lines[3], lines[0], lines[1], lines[2], ...lines.slice(4)].join('\n'));
  };
  assert.match(await change(await collected(t), swapped), /^line \d+ has the number \d+ after \d+$/);
  const root = await collected(t);
  rmSync(join(root, `${CLOSED}.ndjson`));
  assert.equal((await verify(root)).parts.find((part) => part.part === CLOSED)?.verdict, 'gone');
});

test('what lies behind the committed length of an open part does not count', async (t) => {
  const root = await collected(t);
  const open = (await readCommitted(layoutOf(root)))?.parts.find((part) => !part.closed);
  const path = join(root, `${open?.name}.open.ndjson`);
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('{"half')]));
  assert.ok((await verify(root)).parts.every((part) => part.verdict === 'whole'));
});
