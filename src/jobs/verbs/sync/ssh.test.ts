import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentsOf, put, putParts, RIG_NOW, sha256 } from '../../../../test/rig/lifecycle.ts';
import { NO_SSHD, startSshd } from '../../../../test/rig/sshd.ts';
import { syncRig } from '../../../../test/rig/syncing.ts';

const H8 = '2026-11-18/2026-11-18T08.ndjson';
const H9 = '2026-11-18/2026-11-18T09.ndjson';
const TEXT = '{"seq":1}\n{"seq":2}\n'.repeat(500);

test('sync over ssh, with a real rsync and a real sshd', { skip: NO_SSHD }, async (whole) => {
  const sshd = await startSshd(whole);

  await whole.test(
    'closed parts are sent, read back and proved; open ones are not; a second run sends nothing',
    async (t) => {
      const { root, there, ledger, run } = syncRig(t, sshd);
      putParts(root, { [H8]: TEXT, [H9]: '' });
      put(root, '2026-11-18/2026-11-18T10.open.ndjson', 'open');
      put(root, 'stray.txt', 'nobody’s');
      const outcome = await run();
      assert.equal(outcome.kind, 'done', outcome.summary);
      assert.match(outcome.summary, /^sent 2 files, 9.8K, read back and equal, to /);
      assert.deepEqual(contentsOf(there), { [H8]: TEXT, [H9]: '' });
      const target = `${sshd.host}:${there}`;
      assert.deepEqual(ledger.copies(root, H8), [
        { job: 'offsite', target, path: H8, sha256: sha256(TEXT), bytes: TEXT.length, verifiedAt: RIG_NOW },
      ]);
      assert.equal(statSync(join(there, H8)).mtimeMs, statSync(join(root, H8)).mtimeMs);
      const logins = sshd.logins();
      const again = await run();
      assert.match(again.summary, /^nothing to send/);
      assert.equal(sshd.logins(), logins, 'a second run connects for nothing');
    },
  );

  await whole.test(
    'names with blanks, line breaks, dashes, quotes and UTF-8 come as they are, below a folder with such a name',
    async (t) => {
      const { root, there, run } = syncRig(t, sshd, {
        root: `-a 'b" $(id)`,
        there: `- far "side's" ;id\`id\` ü`,
      });
      const names = [
        '-',
        '--delete',
        '-rf',
        'a b',
        'new\nline',
        '#c',
        ';d',
        'ünï/日本 語',
        `q'u"o\`te`,
        '$(touch x)',
        'back\\slash',
        '*?[x]',
        ':c',
        'tail ',
        ' head',
        '~',
      ];
      for (const name of names) put(root, name, `this is ${name}`);
      const outcome = await run();
      assert.equal(outcome.kind, 'done', outcome.summary);
      assert.deepEqual(contentsOf(there), Object.fromEntries(names.map((name) => [name, `this is ${name}`])));
      for (const name of names) utimesSync(join(root, name), 1e9, 1e9);
      assert.equal((await run()).counts['found'], names.length);
    },
  );

  await whole.test(
    'a folder that is not there is not made, a host that is not known is not spoken to, a wrong key is said',
    async (t) => {
      const { root, base, there, ledger, run } = syncRig(t, sshd);
      put(root, 'a', TEXT);
      rmSync(there, { recursive: true });
      const missing = await run();
      assert.equal(missing.kind, 'failed');
      assert.match(missing.summary, /has no folder .*; make it once/);
      assert.equal(existsSync(there), false);
      mkdirSync(there);
      const unknown = await run({
        'ssh-options': [
          `Port=${sshd.port}`,
          `UserKnownHostsFile=${base}/nobody`,
          'GlobalKnownHostsFile=/dev/null',
        ],
      });
      assert.match(
        unknown.summary,
        /127\.0\.0\.1 is not known by its host key: check it, and put it into known_hosts$/,
      );
      const keyless = await run({ identity: join(base, 'no-such-key') });
      assert.match(keyless.summary, /(does not let us in|cannot use its options): /);
      const down = await run({ 'ssh-options': ['Port=1', ...sshd.options.slice(1)] });
      assert.match(down.summary, /cannot be reached: .*refused.*; the next run goes on from here$/);
      assert.equal(down.kind, 'failed');
      assert.deepEqual(readdirSync(there), []);
      assert.deepEqual(ledger.copies(root, 'a'), []);
    },
  );
});
