import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentsOf, put, putParts, RIG_NOW, sha256 } from '../../../../test/rig/lifecycle.ts';
import { NO_RCLONE, startS3 } from '../../../../test/rig/s3.ts';
import { syncRig } from '../../../../test/rig/syncing.ts';

const H8 = '2026-11-18/2026-11-18T08.ndjson';
const TEXT = '{"seq":1}\n'.repeat(1000);

test('sync to S3 and back, with a real rclone and a store that checks what it gets', {
  skip: NO_RCLONE,
}, async (t) => {
  const s3 = await startS3(t);
  const rig = (st: typeof t) => {
    const made = syncRig(st);
    s3.objects.clear();
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: made.base,
      RCLONE_CONFIG: join(made.base, 'rclone.conf'),
      ...s3.env,
    };
    const to = `rclone:stand:${s3.bucket}/fire hose`;
    return {
      ...made,
      to,
      env,
      send: (options = {}, more = {}) => made.run({ to, ...options }, { env, ...more }),
    };
  };

  await t.test(
    'parts are sent and read back by downloading them; what an ETag says counts for nothing',
    async (st) => {
      const { root, ledger, to, send } = rig(st);
      const big = randomBytes(6_000_000).toString('latin1').replaceAll('\n', ' ');
      putParts(root, { [H8]: TEXT, 'big part.ndjson': big });
      put(root, '2026-11-18/2026-11-18T09.open.ndjson', 'open');
      const outcome = await send();
      assert.equal(outcome.kind, 'done', outcome.summary);
      assert.deepEqual(
        s3.refusals.filter((line) => /Signature|Digest|Mismatch/.test(line)),
        [],
      );
      assert.deepEqual([...s3.objects.keys()].toSorted(), [`fire hose/${H8}`, 'fire hose/big part.ndjson']);
      const stored = s3.objects.get('fire hose/big part.ndjson');
      assert.match(stored?.etag ?? '', /-\d+"$/, 'it was not sent in parts');
      assert.equal(sha256(stored?.data ?? ''), sha256(readFileSync(join(root, 'big part.ndjson'))));
      assert.equal(ledger.copies(root, H8)[0]?.target, to);
      assert.ok(
        s3.requests.filter((line) => line === `GET fire hose/${H8}`).length > 0,
        'it was not read back',
      );
      assert.match((await send()).summary, /^nothing to send/);
      // Other bytes under the same ETag, size and time.
      if (stored !== undefined) stored.data = Buffer.from(stored.data).fill(0, 10, 20);
      const again = await send({ reverify: 'all' }, { now: RIG_NOW + 1_000 });
      assert.equal(again.counts['disproved'], 1, again.summary);
      assert.equal(again.counts['files'], 1);
      assert.equal(
        sha256(s3.objects.get('fire hose/big part.ndjson')?.data ?? ''),
        sha256(readFileSync(join(root, 'big part.ndjson'))),
      );
    },
  );

  await t.test('a store that refuses leaves no proof; what comes later is sent then', async (st) => {
    const { root, ledger, send } = rig(st);
    put(root, 'a', TEXT);
    put(root, 'new\nline', 'x');
    s3.refuseWrites = { status: 403, code: 'AccessDenied' };
    const denied = await send();
    assert.equal(denied.kind, 'failed', 'a store that takes nothing is more than trouble of single files');
    assert.match(denied.summary, /nothing comes to .*AccessDenied/);
    assert.doesNotMatch(JSON.stringify(denied), /a-secret-of-the-rig/);
    assert.deepEqual(ledger.copies(root, 'a'), []);
    s3.refuseWrites = undefined;
    const later = await send();
    assert.equal(later.counts['files'], 1, later.summary);
    assert.deepEqual(
      later.refused.map(({ path }) => path),
      ['new\nline'],
    );
    assert.equal(ledger.copies(root, 'a').length, 1);
  });

  await t.test('a wrong key is refused by the store, and said', async (st) => {
    const { root, env, send } = rig(st);
    put(root, 'a', TEXT);
    const outcome = await send({}, { env: { ...env, RCLONE_CONFIG_STAND_SECRET_ACCESS_KEY: 'wrong' } });
    assert.notEqual(outcome.kind, 'done', outcome.summary);
    assert.match(outcome.summary, /Forbidden|SignatureDoesNotMatch|status code: 403/);
    assert.equal(s3.objects.size, 0);
  });

  await t.test('deleted here, deleted there, within caps; others’ objects stay', async (st) => {
    const { root, send } = rig(st);
    put(root, 'a', 'one');
    put(root, 'b', 'two');
    await send();
    s3.objects.set('fire hose/other', { data: Buffer.from('x'), etag: '"e"', meta: {}, time: new Date() });
    rmSync(join(root, 'a'));
    const outcome = await send({ delete: { 'max-files': 1, 'max-bytes': '1K' } });
    assert.equal(outcome.counts['deleted'], 1, outcome.summary);
    assert.deepEqual([...s3.objects.keys()].toSorted(), ['fire hose/b', 'fire hose/other']);
  });

  await t.test('fetched from there', async (st) => {
    const { root, run, to, env } = rig(st);
    const meta = { 'x-amz-meta-mtime': String((RIG_NOW - 3_600_000) / 1000) };
    s3.objects.set('fire hose/d/x y', {
      data: Buffer.from(TEXT),
      etag: '"e"',
      meta,
      time: new Date(RIG_NOW),
    });
    const outcome = await run({ from: to }, { env });
    assert.equal(outcome.counts['files'], 1, outcome.summary);
    assert.deepEqual(contentsOf(root), { 'd/x y': TEXT });
    assert.match((await run({ from: to }, { env })).summary, /^nothing to fetch/);
  });
});
