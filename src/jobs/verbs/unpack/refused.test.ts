import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { makeTar, makeZip } from '../../../../test/rig/archives.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { contentsOf, put } from '../../../../test/rig/lifecycle.ts';
import { unpackRig } from '../../../../test/rig/unpacking.ts';

const TEXT = 'spacecraft and planet kernels\n'.repeat(100);
/** What cannot be compressed. */
const NOISE = createHash('shake256', { outputLength: 20_000 }).update('noise').digest();

/** What leads out, by any of the ways that there are, or is never unpacked; with the reason. */
const REFUSED: readonly (readonly [string, Buffer, RegExp])[] = [
  [
    'a.tar',
    makeTar([{ name: 'ok' }, { name: '../evil', data: 'x' }]),
    /its entry "\.\.\/evil" leads out of it/,
  ],
  ['b.tar', makeTar([{ name: '/tmp/evil' }]), /is an absolute path/],
  ['c.tar', makeTar([{ name: 'a/../../evil' }]), /leads out of it/],
  [
    'd.tar',
    makeTar([
      { name: 'l', type: '2', link: '/etc' },
      { name: 'l/passwd', data: 'x' },
    ]),
    /is a link/,
  ],
  ['e.tar', makeTar([{ name: 'l', type: '1', link: '/etc/passwd' }]), /is a link/],
  ['f.tar', makeTar([{ name: 'null', type: '3' }]), /is a device/],
  ['g.tar', makeTar([{ name: 'fifo', type: '6' }]), /is a pipe/],
  ['h.tar', makeTar([{ name: 'a' }, { name: 'a/b' }]), /a file and a folder of one name/],
  ['i.tar', makeTar([{ name: 'a' }, { name: './a' }]), /two entries of one name/],
  ['j.tar', makeTar([{ name: 'a', data: 'x' }], { hasEnd: false }), /it ends before its end/],
  ['k.tar', makeTar([{ name: 'a', data: 'x'.repeat(3000) }]).subarray(0, 1500), /it ends within an entry/],
  ['l.tar', Buffer.from('no tar at all '.repeat(100)), /^it is no tar file$/],
  ['m.tar', makeTar([{ name: 'x', type: 'S' }]), /is a sparse file/],
  [
    'n.tar.gz',
    gzipSync(makeTar([{ name: 'a', data: 'x' }])).subarray(0, 60),
    /it is damaged: unexpected end of file/,
  ],
  [
    'o.tar.zst',
    Buffer.concat([zstdCompressSync(makeTar([{ name: 'a' }])), Buffer.from('more')]),
    /it is damaged/,
  ],
  ['p.zip', makeZip([{ name: '../evil', data: 'x' }]), /leads out of it/],
  ['q.zip', makeZip([{ name: '..\\evil', data: 'x' }]), /has a backslash/],
  ['r.zip', makeZip([{ name: 'l', data: '/etc', mode: 0o120777 }]), /is a link/],
  ['s.zip', makeZip([{ name: 'dev', mode: 0o020644 }]), /is a device or a pipe/],
  ['t.zip', makeZip([{ name: 'secret', data: 'x', flags: 1 }]), /its entry "secret" needs a password/],
  ['u.zip', makeZip([{ name: 'a', data: 'x', method: 12 }]), /compressed by bzip2, which is not known here/],
  ['v.zip', makeZip([{ name: 'a', data: 'x'.repeat(50), bytes: 40 }]), /longer than its list says/],
  ['w.zip', makeZip([{ name: 'a', data: 'x', localName: 'b' }]), /another one than in its list/],
  [
    'x.zip',
    makeZip([
      { name: 'a', data: 'x' },
      { name: 'b', data: 'y', at: 0 },
    ]),
    /lie in each other/,
  ],
  ['y.zip', makeZip([{ name: 'a', data: 'x' }]).subarray(0, 60), /no zip file, or its end is missing/],
  [
    'z.zip',
    Buffer.from(makeZip([{ name: 'a', data: 'plain' }])).fill('!', 31, 36),
    /is not what its list says/,
  ],
  [
    'o2.tar.gz',
    gzipSync(makeTar([{ name: 'a', data: NOISE }])).subarray(0, 9000),
    /it is damaged: unexpected end/,
  ],
  ['z2.zip', Buffer.from(makeZip([{ name: 'a', data: TEXT }])).fill('!', 40, 60), /it is damaged: /],
  ['aa.zip', makeZip([{ name: 'x'.repeat(300), data: 'x' }]), /a name that is too long/],
  ['bb.zip', makeZip([{ name: 'a\0b', data: 'x' }]), /an impossible name/],
];

test('what leads out, is damaged or encrypted is refused, each with its reason; the rest is unpacked', async (t) => {
  const { base, root, to, run } = unpackRig(t);
  for (const [name, data] of REFUSED) put(root, name, data);
  put(root, 'good.zip', makeZip([{ name: 'a', data: 'good' }]));
  const before = readdirSync(base).toSorted();
  const outcome = await run();
  const reasons = new Map(outcome.refused.map(({ path, reason }) => [path, reason]));
  for (const [name, , reason] of REFUSED) assert.match(reasons.get(name) ?? 'not refused', reason, name);
  assert.equal(outcome.refused.length, REFUSED.length);
  assert.deepEqual(contentsOf(to), { 'good/a': 'good' });
  assert.deepEqual(readdirSync(to), ['good'], 'nothing is left of what was refused');
  assert.deepEqual(readdirSync(base).toSorted(), before);
  assert.ok(!existsSync('/tmp/evil'));
});

test('bombs: too many entries, too much, too dense', async (t) => {
  const { root, to, run } = unpackRig(t);
  put(root, 'dense.tar.gz', gzipSync(makeTar([{ name: 'zeros', data: Buffer.alloc(4_000_000) }])));
  put(root, 'dense.zip', makeZip([{ name: 'zeros', data: Buffer.alloc(4_000_000) }]));
  put(root, 'tail.tar.gz', gzipSync(Buffer.concat([makeTar([{ name: 'a' }]), Buffer.alloc(8_000_000)])));
  put(root, 'many.zip', makeZip(Array.from({ length: 60 }, (_, n) => ({ name: `${n}` }))));
  put(root, 'many.tar', makeTar(Array.from({ length: 60 }, (_, n) => ({ name: `${n}` }))));
  put(root, 'large.tar', makeTar([{ name: 'a', data: 'x'.repeat(200_000) }]));
  const outcome = await run({ 'max-files': 50, 'max-bytes': '100K' });
  const reasons = outcome.refused.map(({ path, reason }) => `${path}: ${reason}`);
  assert.deepEqual(reasons, [
    'dense.tar.gz: more than 100K come out of it (max-bytes)',
    'dense.zip: more than 100K come out of it (max-bytes)',
    'large.tar: more than 100K come out of it (max-bytes)',
    'many.tar: it has more than 50 entries (max-files)',
    'many.zip: it has 60 entries, 50 are the most (max-files)',
    'tail.tar.gz: more comes out of it than its entries can be (max-bytes, max-ratio)',
  ]);
  const dense = await run({ files: 'dense.*' });
  for (const { reason } of dense.refused)
    assert.equal(reason, 'more than 100 times its size comes out of it (max-ratio)');
  assert.equal(dense.refused.length, 2);
  assert.deepEqual(readdirSync(to), []);
  assert.equal((await run({ files: 'dense.*', 'max-ratio': 2000, exists: 'number' })).counts['archives'], 2);
});

test('a program that decompresses is ended where no more is wanted of it, or where the run is told to end', {
  skip: spawnSync('xz', ['--help']).error === undefined ? false : 'there is no xz on this machine',
}, async (t) => {
  leakCheck(t);
  const { root, to, run } = unpackRig(t);
  const packed = spawnSync('xz', ['-c', '-1'], {
    input: makeTar([{ name: 'zeros', data: Buffer.alloc(30_000_000) }]),
    maxBuffer: 1e8,
  });
  put(root, 'dense.tar.xz', packed.stdout);
  put(root, 'broken.tar.xz', packed.stdout.subarray(0, 100));
  const outcome = await run();
  const [broken, dense] = outcome.refused.map(({ reason }) => reason);
  assert.match(broken ?? '', /^it is damaged: xz: .*: Unexpected end of input$/);
  assert.equal(dense, 'more than 100 times its size comes out of it (max-ratio)');
  const told = new AbortController();
  const progress = (): void => told.abort();
  const ended = await run({ 'max-ratio': 1_000_000, exclude: 'broken*' }, { signal: told.signal, progress });
  assert.notEqual(ended.kind, 'failed', ended.summary);
  const missing = await run({ files: 'broken*' }, { env: { PATH: '/nowhere' } });
  assert.equal(missing.refused[0]?.reason, 'cannot start "xz": no such program');
  assert.ok(readdirSync(to).every((name) => name === 'dense'));
});
