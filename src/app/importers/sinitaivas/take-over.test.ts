import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { readCommitted } from '../../../collect/committed.ts';
import { layoutOf } from '../../../collect/layout.ts';
import { recover } from '../../../collect/recover.ts';
import { systemClock } from '../../../core/clock.ts';
import { disk } from '../../../core/files.ts';
import { lockFolder } from '../../../core/folder-lock.ts';
import { oldCommits, writeCursor, writeHour } from '../../../../test/rig/old-writer.ts';
import { type ImportRecord, recordOf } from './record.ts';
import { survey } from './survey.ts';
import { checkTarget, recordPath, takeOver } from './take-over.ts';

const TIME = Date.UTC(2026, 6, 4, 14);

async function surveyed(t: TestContext): Promise<{ dir: string; record: ImportRecord; latest: number }> {
  const dir = tempFolder(t);
  writeHour(dir, '2026-07-04T14', oldCommits(300, 5_000, TIME, 3_600_000).join(''));
  writeCursor(dir, 5_897);
  const found = await survey(dir, TIME + 86_400_000, () => {});
  assert.ok(found.ok);
  return { dir, record: recordOf(found.value, TIME), latest: found.value.latest };
}

test('the new folder is one that a collector recovers from, at the cursor, with nothing in it', async (t) => {
  const { dir, record, latest } = await surveyed(t);
  const into = join(dir, 'a/b');
  const done = await takeOver(into, record, latest, systemClock);
  assert.ok(done.ok, done.ok ? '' : done.error.message);
  const recovered = await recover(disk, layoutOf(into), 'boot');
  assert.deepEqual(
    [recovered.checkpoint.cursor, recovered.checkpoint.k, recovered.checkpoint.latest],
    [5_897, 0, latest],
  );
  assert.deepEqual([recovered.open, recovered.closed, recovered.mended], [[], [], []]);
  assert.deepEqual(JSON.parse(readFileSync(recordPath(into), 'utf8')), JSON.parse(JSON.stringify(record)));
  assert.equal((await readCommitted(layoutOf(into)))?.checkpoint.epoch, 1);
});

test('what a kill between the account and the checkpoint leaves can be done again', async (t) => {
  const { dir, record, latest } = await surveyed(t);
  const into = join(dir, 'vahti');
  mkdirSync(layoutOf(into).own, { recursive: true });
  writeFileSync(recordPath(into), '{"half');
  writeFileSync(layoutOf(into).checkpoint, '');
  assert.ok((await takeOver(into, record, latest, systemClock)).ok);
  assert.equal((await readCommitted(layoutOf(into)))?.checkpoint.cursor, 5_897);
});

test('a folder that is in use, or was used, is refused and left as it is', async (t) => {
  const { dir, record, latest } = await surveyed(t);
  const refused = async (into: string, expected: RegExp): Promise<void> => {
    const result = await takeOver(into, record, latest, systemClock);
    assert.match(result.ok ? 'it was done' : result.error.message, expected);
  };
  const used = join(dir, 'used');
  assert.ok((await takeOver(used, record, latest, systemClock)).ok);
  const before = readFileSync(layoutOf(used).checkpoint);
  await refused(used, /^cannot import into .*used: it has a checkpoint already \(cursor 5897, 0 lines\)/);
  assert.deepEqual(readFileSync(layoutOf(used).checkpoint), before);

  writeFileSync(layoutOf(used).checkpoint, 'broken\n');
  await refused(used, /^cannot import into .*: cannot read .*checkpoint.ndjson: no line in it is whole/);

  const full = join(dir, 'full');
  mkdirSync(join(full, '2026-07-04'), { recursive: true });
  await refused(full, /^cannot import into .*full: 2026-07-04 lies there already/);

  const own = join(dir, 'firehose_stream/new');
  const check = await checkTarget(dir, own);
  assert.match(
    check.ok ? '' : check.error.message,
    /own scripts pack and delete what lies in firehose_stream/,
  );
  assert.ok((await checkTarget(dir, join(dir, 'firehose_stream2'))).ok);
  assert.ok(!existsSync(own));

  const locked = join(dir, 'locked');
  mkdirSync(layoutOf(locked).own, { recursive: true });
  const lock = lockFolder(layoutOf(locked).own, { what: 'collector firehose' });
  assert.ok(lock.ok);
  await refused(locked, /collector firehose \(pid \d+/);
  lock.value.release();
  assert.ok(!readdirSync(layoutOf(locked).own).includes('checkpoint.ndjson'));
});
