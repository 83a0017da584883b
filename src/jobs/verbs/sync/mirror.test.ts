import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { put, RIG_NOW } from '../../../../test/rig/lifecycle.ts';
import { NO_RSYNC } from '../../../../test/rig/sshd.ts';
import { syncRig } from '../../../../test/rig/syncing.ts';

test('what others lay there is left; what a person deleted here is deleted there, within caps, and never what was purged', {
  skip: NO_RSYNC,
}, async (t) => {
  const { root, there, ledger, run } = syncRig(t);
  const caps = { delete: { 'max-files': 2, 'max-bytes': '1M' } };
  for (const name of ['a', 'b', 'c', 'd', 'purged', 'purging', 'changed']) put(root, name, `is ${name}`);
  put(there, 'stranger', 'of somebody');
  assert.equal((await run(caps)).kind, 'done');
  ledger.purged(root, 'purged', { at: RIG_NOW, run: 'p' });
  ledger.purging(root, 'purging', { at: RIG_NOW, run: 'p' });
  rmSync(join(root, 'purging'));
  rmSync(join(root, 'purged'));
  rmSync(join(root, 'a'));
  assert.equal((await run()).counts['deleted'], undefined, 'without the key nothing is deleted');
  const dry = await run(caps, { dryRun: true });
  assert.ok(dry.said.some((line) => line.startsWith('would delete a at ')));
  assert.ok(existsSync(join(there, 'a')));
  assert.equal((await run(caps)).counts['deleted'], 1);
  assert.deepEqual(ledger.copies(root, 'a'), []);
  for (const name of ['b', 'c', 'd']) rmSync(join(root, name));
  const over = await run(caps);
  assert.equal(over.kind, 'failed');
  assert.match(
    over.summary,
    /3 files .* are gone here, more than one run may delete there .*nothing was deleted/,
  );
  const kept = ['b', 'c', 'changed', 'd', 'purged', 'purging', 'stranger'];
  assert.deepEqual(readdirSync(there).toSorted(), kept);
  // All of it gone is a disk that is not mounted.
  rmSync(join(root, 'changed'));
  const empty = await run({ delete: { 'max-files': 100, 'max-bytes': '1G' } });
  assert.match(empty.summary, /is what belongs there not mounted\?/);
  assert.deepEqual(readdirSync(there).toSorted(), kept);
  put(root, 'changed', 'is changed');
  rmSync(join(root, '.vahti-source'));
  const unmounted = await run({ delete: { 'max-files': 100, 'max-bytes': '1G' } });
  assert.match(unmounted.summary, /\.vahti-source is not there.*not mounted\?/);
  rmSync(root, { recursive: true });
  assert.match((await run(caps)).summary, /no such folder; is its disk not mounted\?/);
  assert.deepEqual(readdirSync(there).toSorted(), kept);
});

test('what is not what was sent is not deleted there', { skip: NO_RSYNC }, async (t) => {
  const { root, there, run } = syncRig(t);
  put(root, 'a', 'one');
  put(root, 'b', 'two');
  await run();
  writeFileSync(join(there, 'a'), 'made anew there');
  rmSync(join(root, 'a'));
  const outcome = await run({ delete: { 'max-files': 9, 'max-bytes': '1M' } });
  assert.match(outcome.refused[0]?.reason ?? '', /it is not what was sent there$/);
  assert.equal(readFileSync(join(there, 'a'), 'utf8'), 'made anew there');
});
