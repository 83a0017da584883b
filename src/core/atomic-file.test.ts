import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CRASH_MOMENTS, Crash, crashingFiles } from '../../test/rig/crashing-files.ts';
import { readJsonFile, TEMPORARY_FILE, writeFileAtomic } from './atomic-file.ts';
import { disk } from './files.ts';

const root = mkdtempSync(join(tmpdir(), 'vahti-atomic-'));
after(() => rmSync(root, { recursive: true, force: true }));
const fresh = (): string => mkdtempSync(join(root, 'f-'));

test('a file is written and replaced whole, with its permissions, leaving nothing beside it', async () => {
  const folder = fresh();
  const path = join(folder, 'a.json');
  await writeFileAtomic(path, '{"a":1}', { mode: 0o640 });
  assert.equal(statSync(path).mode & 0o777, 0o640);
  await writeFileAtomic(path, new Uint8Array([123, 125]), { mode: 0o600 });
  assert.equal(readFileSync(path, 'utf8'), '{}');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['a.json']);
});

test('whatever operation a kill strikes, a reader finds the old file or the new one, and the next write succeeds', async () => {
  let last = 0;
  for (let at = 0; at <= last; at += 1) {
    for (const moment of CRASH_MOMENTS) {
      const folder = fresh();
      const path = join(folder, 'a');
      writeFileSync(path, 'old');
      const { files, crashed, done } = crashingFiles(at, moment);
      const outcome = await writeFileAtomic(path, 'new and longer', { files }).catch(
        (error: unknown) => error,
      );
      last = Math.max(last, done.length);
      assert.ok(crashed() ? outcome instanceof Crash : outcome === undefined);
      assert.ok(['old', 'new and longer'].includes(readFileSync(path, 'utf8')));
      if (!crashed()) assert.equal(readFileSync(path, 'utf8'), 'new and longer');
      const left = readdirSync(folder).filter((name) => name !== 'a');
      assert.ok(
        left.every((name) => TEMPORARY_FILE.test(name)),
        `left: ${left.join(' ')}`,
      );
      await writeFileAtomic(path, 'next');
      assert.equal(readFileSync(path, 'utf8'), 'next');
    }
  }
  assert.ok(last >= 5, 'open, write, datasync, rename, syncFolder');
});

test('data and name are made durable, in that order', async () => {
  const calls: string[] = [];
  const files = new Proxy(disk, {
    get: (target, name: keyof typeof disk) => {
      calls.push(name);
      return target[name];
    },
  });
  await writeFileAtomic(join(fresh(), 'a'), 'x', { files });
  assert.deepEqual(calls, ['open', 'write', 'datasync', 'close', 'rename', 'syncFolder']);
});

test('a failed write leaves the old file, and nothing beside it', async () => {
  const folder = fresh();
  const path = join(folder, 'a');
  writeFileSync(path, 'old');
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  await assert.rejects(
    writeFileAtomic(path, 'new', { files: { ...disk, write: () => Promise.reject(full) } }),
    full,
  );
  assert.deepEqual(readdirSync(folder), ['a']);
  assert.equal(readFileSync(path, 'utf8'), 'old');
});

test('many writers of one file at once: one of them wins, whole', async () => {
  const folder = fresh();
  const path = join(folder, 'a');
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(1000));
  await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
  assert.ok(texts.includes(readFileSync(path, 'utf8')));
  assert.deepEqual(readdirSync(folder), ['a']);
});

test('a file of JSON is read, or it is said why not', async () => {
  const folder = fresh();
  const path = join(folder, 'a');
  const kind = async (): Promise<string> => {
    const read = await readJsonFile(path);
    return read.ok
      ? JSON.stringify(read.value)
      : `${read.error.kind}: ${read.error.message.replaceAll(path, 'FILE')}`;
  };
  assert.equal(await kind(), 'missing: cannot read FILE: no such file');
  writeFileSync(path, '{"a":[1]}');
  assert.equal(await kind(), '{"a":[1]}');
  writeFileSync(path, '{"a":');
  assert.match(await kind(), /^not-json: cannot read FILE: not JSON: /);
  writeFileSync(path, Buffer.from([0x22, 0xff, 0x22]));
  assert.equal(await kind(), 'not-json: cannot read FILE: not UTF-8');
  const read = await readJsonFile(folder);
  assert.equal(!read.ok && read.error.kind, 'unreadable');
});
