import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkoutRig, NO_GIT } from '../../../../test/rig/git-repository.ts';
import { put } from '../../../../test/rig/lifecycle.ts';
import { NO_SSHD, startSshd } from '../../../../test/rig/sshd.ts';
import type { VerbFacts } from '../../../core/verb.ts';
import { checkoutKind } from './checkout.ts';
import type { CheckoutOptions } from './options.ts';

const skip = NO_GIT;
const read = (path: string): string => readFileSync(path, 'utf8');

test('the latest tag by its version: fetched once, switched in one step, described, and told', {
  skip,
}, async (t) => {
  const { root, there, run } = checkoutRig(t);
  there.commit({ 'config.yaml': 'one', 'run.sh': '#!' }, 'v1.9.0');
  const commit = there.commit({ 'config.yaml': 'two' }, 'v1.10.0');
  there.commit({ 'config.yaml': 'three' }, 'v1.10.0-rc1');
  there.commit({ 'config.yaml': 'other' }, 'nightly');
  const onChange = ['sh', '-c', 'echo "now $VAHTI_VERSION after $VAHTI_PREVIOUS in $(basename "$PWD")"'];
  const outcome = await run({ tag: 'v*', 'on-change': onChange });
  assert.equal(outcome.kind, 'done', outcome.summary);
  const name = `v1.10.0-${commit.slice(0, 12)}`;
  assert.equal(outcome.summary, `checked out v1.10.0, ${commit.slice(0, 12)}`);
  assert.ok(outcome.said.includes(`now ${name} after  in ${name}`), outcome.said.join('\n'));
  assert.equal(readlinkSync(join(root, 'current')), `versions/${name}`);
  assert.equal(read(join(root, 'current/config.yaml')), 'two');
  assert.equal(
    read(join(root, 'current/VERSION.TXT')),
    `version: v1.10.0\ncommit: ${commit}\ndate: 2026-11-20T12:00:00Z\ntag: v1.10.0\n`,
  );
  const again = await run({ tag: 'v*', 'on-change': onChange });
  assert.deepEqual([again.kind, again.summary], ['done', 'v1.10.0 is checked out: nothing to do']);
  assert.ok(!again.said.some((line) => line.startsWith('now')));
  const next = there.commit({ 'config.yaml': 'four', 'run.sh': undefined }, 'v2.0.0');
  const plan = await run({ tag: 'v*', 'on-change': onChange }, { dryRun: true });
  assert.deepEqual(plan.said, [
    `would fetch v2.0.0, ${next.slice(0, 12)} from file://${there.path}`,
    `would have ${root}/current lead to versions/v2.0.0-${next.slice(0, 12)} in place of ${name}`,
    'would run the command of on-change there',
  ]);
  assert.equal(readlinkSync(join(root, 'current')), `versions/${name}`);
  const third = await run({ tag: 'v*', 'on-change': onChange });
  assert.ok(third.said.some((line) => line.endsWith(`after ${name} in v2.0.0-${next.slice(0, 12)}`)));
  assert.deepEqual(readdirSync(join(root, 'current')).toSorted(), ['.git', 'VERSION.TXT', 'config.yaml']);
});

test('a branch: each new commit; earlier ones are kept as many as are asked for; taken back is gone back to', {
  skip,
}, async (t) => {
  const { root, there, run } = checkoutRig(t);
  const commits: string[] = [];
  for (const text of ['1', '2', '3', '4']) {
    commits.push(there.commit({ a: text }));
    const outcome = await run({ branch: 'main', keep: 2 });
    assert.equal(outcome.kind, 'done', outcome.summary);
    assert.equal(read(join(root, 'current/a')), text);
  }
  const names = commits.map((commit) => `main-${commit.slice(0, 12)}`);
  assert.deepEqual(readdirSync(join(root, 'versions')).toSorted(), names.slice(1).toSorted());
  there.git('reset', '--quiet', '--hard', commits[2] ?? '');
  assert.equal((await run({ branch: 'main', keep: 2 })).kind, 'done');
  assert.equal(readlinkSync(join(root, 'current')), `versions/${names[2]}`);
  // Back to one that is not there any more.
  there.git('reset', '--quiet', '--hard', commits[0] ?? '');
  await run({ branch: 'main', keep: 0 });
  assert.deepEqual(readdirSync(join(root, 'versions')), [names[0]]);
  assert.match(read(join(root, 'current/VERSION.TXT')), /^version: [0-9a-f]{7,}\n.*\n.*\nbranch: main\n$/);
});

test('what was changed here is never hidden: the switch is refused, and the files are named', {
  skip,
}, async (t) => {
  const { root, there, run } = checkoutRig(t);
  there.commit({ a: '1', b: '1', '.gitignore': '*.pyc\n' }, 'v1');
  await run();
  const first = readlinkSync(join(root, 'current'));
  writeFileSync(join(root, 'current/a'), 'mine');
  writeFileSync(join(root, 'current/new file'), 'mine');
  writeFileSync(join(root, 'current/x.pyc'), 'nobody’s');
  rmSync(join(root, 'current/b'));
  const same = await run();
  assert.equal(same.kind, 'partly');
  there.commit({ a: '2' }, 'v2');
  const outcome = await run();
  assert.equal(outcome.kind, 'failed');
  assert.deepEqual(outcome.refused.map(({ path }) => path).toSorted(), ['a', 'b', 'new file']);
  assert.match(outcome.summary, /ended early: what was changed in `current` would be gone from there$/);
  assert.equal(readlinkSync(join(root, 'current')), first);
  assert.equal(read(join(root, 'current/a')), 'mine');
  writeFileSync(join(root, 'current/a'), '1');
  writeFileSync(join(root, 'current/b'), '1');
  rmSync(join(root, 'current/new file'));
  assert.equal((await run()).kind, 'done');
  // An earlier copy that is changed stays, however many are kept.
  writeFileSync(join(root, first, 'a'), 'mine again');
  const kept = await run({ keep: 0 });
  assert.deepEqual(kept.refused, [{ path: first, reason: 'it stays: a was changed here' }]);
});

test('on-change that fails fails the run, and is tried again until it succeeds', { skip }, async (t) => {
  const { base, root, there, run } = checkoutRig(t);
  there.commit({ a: '1' }, 'v1');
  const onChange = ['sh', '-c', `echo "no room" >&2; test -e ${base}/ready`];
  for (let round = 0; round < 2; round += 1) {
    const outcome = await run({ 'on-change': onChange });
    assert.equal(outcome.kind, 'failed');
    assert.match(
      outcome.summary,
      /is checked out, but the command of on-change ended with code 1; the next run/,
    );
    assert.ok(outcome.said.includes('no room'));
  }
  assert.equal(read(join(root, 'current/a')), '1');
  writeFileSync(join(base, 'ready'), '');
  assert.equal((await run({ 'on-change': onChange })).kind, 'done');
  rmSync(join(base, 'ready'));
  assert.equal((await run({ 'on-change': onChange })).kind, 'done');
});

test('hooks, options in names and files of the repository cannot do anything here', { skip }, async (t) => {
  const { base, root, there, run } = checkoutRig(t);
  const evil = `touch ${base}/evil`;
  put(there.path, '.githooks/post-checkout', `#!/bin/sh\n${evil}\n`);
  there.commit({ a: '1', '.gitattributes': '* filter=evil\n', '-x': 'dash' }, 'v1');
  there.git('tag', 'v9');
  assert.equal((await run()).kind, 'done');
  for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
    put(root, `repository.git/hooks/${hook}`, `#!/bin/sh\n${evil}\n`);
    const { chmodSync } = await import('node:fs');
    chmodSync(join(root, `repository.git/hooks/${hook}`), 0o755);
  }
  there.commit({ a: '2' }, 'v10');
  assert.equal((await run()).kind, 'done');
  assert.equal(existsSync(join(base, 'evil')), false);
  // Its own VERSION.TXT is not written over.
  there.commit({ 'VERSION.TXT': 'its own' }, 'v11');
  assert.match((await run()).summary, /the repository has a VERSION\.TXT of its own; choose another name/);
  assert.equal((await run({ 'version-file': 'DEPLOYED' })).kind, 'done');
  assert.equal(read(join(root, 'current/VERSION.TXT')), 'its own');
});

test('what is in the way is said, and nothing is changed', { skip }, async (t) => {
  const { base, root, there, run } = checkoutRig(t);
  assert.match((await run()).summary, /has no tag$/);
  there.commit({ a: '1' });
  assert.match((await run({ tag: 'v*' })).summary, /has no tag that matches v\*$/);
  assert.match((await run({ branch: 'dev' })).summary, /has no branch dev$/);
  assert.match(
    (await run({ from: `file://${base}/none` })).summary,
    /does not appear to be a git repository|not exist/,
  );
  put(base, 'full/file', 'x');
  assert.match(
    (await run({ root: join(base, 'full') })).summary,
    /it is not empty, and no checkout of ours$/,
  );
  const env = { PATH: '/nowhere' };
  assert.match((await run({}, { env })).summary, /cannot start "git": no such program/);
  const bin = join(base, 'bin');
  put(base, 'bin/git', '#!/bin/sh\nexec sleep 100\n');
  const { chmodSync } = await import('node:fs');
  chmodSync(join(bin, 'git'), 0o755);
  const slow = await run({ deadline: '300ms' }, { env: { PATH: `${bin}:${process.env['PATH']}` } });
  assert.match(slow.summary, /git ls-remote took longer than its deadline$/);
  assert.ok(!existsSync(join(root, 'current')));
  mkdirSync(join(base, 'link'));
  symlinkSync(join(base, 'link'), join(base, 'linked'));
  there.git('tag', 'v1');
  assert.equal((await run({ root: join(base, 'linked') })).kind, 'done');
});

test('over ssh: with the key and the host that are known, never asking anybody', {
  skip: NO_GIT || NO_SSHD,
}, async (t) => {
  const sshd = await startSshd(t);
  const { base, root, there, run } = checkoutRig(t);
  there.commit({ a: '1' }, 'v1');
  const far = {
    from: `ssh://${sshd.host}${there.path}`,
    identity: sshd.identity,
    'ssh-options': sshd.options,
  };
  const outcome = await run(far);
  assert.equal(outcome.kind, 'done', outcome.summary);
  assert.equal(read(join(root, 'current/a')), '1');
  const unknown = await run({
    ...far,
    'ssh-options': [`Port=${sshd.port}`, `UserKnownHostsFile=${base}/none`],
  });
  assert.match(unknown.summary, /Host key verification failed/);
  const scp = await run({ ...far, from: `${sshd.host}:${there.path}` });
  assert.equal(scp.summary, 'v1 is checked out: nothing to do');
});

test('mistakes in the config are found', () => {
  const facts: VerbFacts = { folder: '/tmp', jobs: new Map() };
  const problems = (options: Partial<CheckoutOptions>) =>
    checkoutKind.problems?.({ root: 'conf', from: 'git@host:conf.git', ...options }, facts);
  assert.deepEqual(problems({ tag: 'latest', identity: 'key', 'ssh-options': ['Port=2'] }), []);
  for (const from of ['https://h/x.git', 'ssh://u@h/x', 'file:///x', '/srv/x', './x', 'srv/x.git', 'h:x'])
    assert.deepEqual(problems({ from, branch: 'main' }), [], from);
  for (const from of [
    '--upload-pack=touch x',
    'ext::sh -c touch% x',
    'ssh://-oProxyCommand=x/y',
    '-x:y',
    'h::x',
    'a\nb:c',
  ])
    assert.match(problems({ from, branch: 'main' })?.[0] ?? '', /^cannot use the address /, from);
  assert.deepEqual(
    problems({ from: 'https://u:secret@h/x', 'on-change': 'no-such-program x', identity: 'k' }),
    [
      'cannot use an address with a password in it, which others would see: use ssh, or git’s credential helpers',
      'cannot tell which version is meant: write either `tag` or `branch`',
      'cannot use identity: the repository is not reached by ssh',
      'cannot use the command "no-such-program": no such program',
    ],
  );
  for (const branch of ['-x', 'a..b', 'a b', 'a.lock', '@', 'a/', '.a', 'a~1', 'a@{1}'])
    assert.equal(problems({ branch })?.length, 1, branch);
  assert.equal(problems({ branch: 'a', 'version-file': '../x' })?.length, 1);
});
