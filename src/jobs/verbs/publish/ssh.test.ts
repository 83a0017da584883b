import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AS, NAMES, publishRig } from '../../../../test/rig/publishing.ts';
import { NO_SSHD, startSshd } from '../../../../test/rig/sshd.ts';

/** The same payload but for small and capital letters. */
const COMPARE = ['sh', '-c', 'tr a-z A-Z < "$0" | cmp -s - "$1"', '{old}', '{new}'];
const OPTIONS = {
  names: NAMES,
  as: AS,
  conflict: { supplements: 1 },
  changed: 'republish',
  compare: COMPARE,
};

test('publish over ssh, with a real rsync and a real sshd', { skip: NO_SSHD }, async (whole) => {
  const sshd = await startSshd(whole);

  await whole.test('E11 by rsync: under other names, read back, named; nothing is overwritten', async (t) => {
    const rig = publishRig(t, sshd);
    for (const day of [1, 2, 3]) rig.put(`in/solo_L1_hk_${day}_V01U.fits`, `day ${day}`);
    chmodSync(join(rig.root, 'in/solo_L1_hk_1_V01U.fits'), 0o640);
    const first = await rig.run(OPTIONS);
    assert.equal(first.kind, 'done', first.summary);
    const there = {
      'L1/solo_hk_1_V01.fits': 'day 1',
      'L1/solo_hk_2_V01.fits': 'day 2',
      'L1/solo_hk_3_V01.fits': 'day 3',
    };
    assert.deepEqual(rig.published(), there);
    assert.equal(statSync(join(rig.there, 'L1/solo_hk_1_V01.fits')).mode & 0o777, 0o640);
    const logins = sshd.logins();
    assert.deepEqual((await rig.run(OPTIONS)).said, []);
    assert.equal(sshd.logins(), logins, 'a run without anything to do connects for nothing');
    // A supplement, one with the same payload, a new content, and a stranger's file.
    rig.put('in/solo_L1_hk_1_V01.fits', 'another day 1');
    rig.put('in/solo_L1_hk_2_V01.fits', 'DAY 2');
    rig.put('in/solo_L1_hk_3_V01U.fits', 'day 3 has grown');
    rig.put('in/solo_L1_hk_4_V01.fits', 'day 4');
    writeFileSync(join(rig.there, 'L1/solo_hk_4_V01.fits'), 'theirs');
    const second = await rig.run(OPTIONS);
    assert.deepEqual(rig.published(), {
      ...there,
      'L1/solo_hk_1_V01-sup1.fits': 'another day 1',
      'L1/solo_hk_3_V01.fits': 'day 3 has grown',
      'L1/solo_hk_4_V01.fits': 'theirs',
    });
    assert.match(second.summary, /something else lies at .*solo_hk_4_V01\.fits, which this job did not put/);
    assert.equal(second.counts['ignored'], 1);
    assert.deepEqual(readdirSync(join(rig.base, 'publish')), ['publish.db']);
  });

  await whole.test('E11 by ssh alone: the same, without rsync at the far side', async (t) => {
    const rig = publishRig(t, sshd);
    rig.put('a/solo_L1_hk_1_V01.fits', 'day 1');
    rig.put('b/solo_L1_hk_1_V01.fits', 'DAY 1');
    rig.put('c/solo_L1_hk_1_V01.fits', 'another day 1');
    chmodSync(join(rig.root, 'a/solo_L1_hk_1_V01.fits'), 0o640);
    const { kind, counts, summary } = await rig.run({ ...OPTIONS, by: 'ssh', order: 'name' });
    assert.equal(kind, 'done', summary);
    assert.deepEqual(rig.published(), {
      'L1/solo_hk_1_V01.fits': 'day 1',
      'L1/solo_hk_1_V01-sup1.fits': 'another day 1',
    });
    assert.equal(counts['ignored'], 1);
    assert.equal(statSync(join(rig.there, 'L1/solo_hk_1_V01.fits')).mode & 0o777, 0o640);
  });

  await whole.test('E11 a host that cannot be reached: nothing is marked', async (t) => {
    const rig = publishRig(t, sshd);
    rig.put('a', 'a');
    const options = sshd.options.filter((each) => !each.startsWith('Port'));
    const dead = await rig.run({ 'ssh-options': [...options, 'Port=1'] });
    assert.equal(dead.kind, 'failed');
    assert.match(dead.summary, /^nothing to publish; ended early: cannot publish to .* cannot be reached: /);
    assert.equal(rig.rows().size, 0);
  });

  await whole.test('many files go in few connections', async (t) => {
    const rig = publishRig(t, sshd);
    for (let k = 0; k < 300; k += 1) rig.put(`${k % 7}/${k}`, String(k));
    const logins = sshd.logins();
    const { kind, counts } = await rig.run();
    assert.deepEqual([kind, counts['published']], ['done', 300]);
    assert.ok(sshd.logins() - logins <= 4, `${sshd.logins() - logins} connections`);
  });
});
