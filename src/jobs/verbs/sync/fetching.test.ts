import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentsOf, put, RIG_NOW, sha256 } from '../../../../test/rig/lifecycle.ts';
import { NO_SSHD, startSshd } from '../../../../test/rig/sshd.ts';
import { overSsh, syncRig } from '../../../../test/rig/syncing.ts';

const TEXT = '{"seq":1}\n'.repeat(1000);

test('fetched files are whole and proved; what is here is not written over; what is young there waits', {
  skip: NO_SSHD,
}, async (t) => {
  const sshd = await startSshd(t);
  const { root, there, ledger, run } = syncRig(t, sshd);
  put(there, 'a b\n/c', TEXT);
  put(there, 'd', 'dd');
  put(there, 'mine', 'theirs');
  put(there, 'young', 'not yet', RIG_NOW - 1_000);
  put(there, 'x.open.ndjson', 'open');
  put(root, 'mine', 'ours');
  put(root, 'd', 'dd');
  const from = overSsh(sshd, there, 'from');
  const outcome = await run(from);
  assert.deepEqual(outcome.refused, [
    {
      path: 'mine',
      reason: 'another file of this name is here, that was not fetched: it is not written over',
    },
  ]);
  assert.deepEqual(contentsOf(root), { 'a b\n/c': TEXT, d: 'dd', mine: 'ours' });
  assert.deepEqual([outcome.counts['files'], outcome.counts['found'], outcome.counts['waiting']], [1, 1, 1]);
  assert.equal(ledger.copies(root, 'a b\n/c')[0]?.sha256, sha256(TEXT));
  assert.equal(readdirSync(join(root, '.vahti')).length, 0);
  // Changed there: fetched again. Purged here: not.
  put(there, 'd', 'DDD', RIG_NOW - 3_600_000);
  ledger.purging(root, 'a b\n/c', { at: RIG_NOW, run: 'p' });
  rmSync(join(root, 'a b\n/c'));
  ledger.purged(root, 'a b\n/c', { at: RIG_NOW, run: 'p' });
  const again = await run({ ...from, exclude: 'mine' });
  assert.equal(again.kind, 'done', again.summary);
  assert.deepEqual(contentsOf(root), { d: 'DDD', mine: 'ours' });
  // Emptied there: nothing happens here.
  rmSync(there, { recursive: true });
  mkdirSync(there);
  const empty = await run(from);
  assert.match(empty.summary, /is empty, and was not: is its disk not mounted\?/);
  assert.deepEqual(contentsOf(root), { d: 'DDD', mine: 'ours' });
});
