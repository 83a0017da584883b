import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Crash, crashingFiles } from '../../../../test/rig/crashing-files.ts';
import { checkoutRig, NO_GIT } from '../../../../test/rig/git-repository.ts';

/** What a reader of `current` sees: one version or the other, with all that belongs to it. */
function proveWhole(root: string, said: string): string {
  const current = join(root, 'current');
  const version = /^tag: (.*)$/m.exec(readFileSync(join(current, 'VERSION.TXT'), 'utf8'))?.[1] ?? '';
  for (const name of ['a', 'd/b'])
    assert.equal(readFileSync(join(current, name), 'utf8'), `${name} of ${version}`, `${said}: ${version}`);
  return version;
}

test('killed at operations and calls of git, and run again: a reader sees one version or the next, and all is told once', {
  skip: NO_GIT,
}, async (t) => {
  const { base, root, there, run } = checkoutRig(t);
  const files = (tag: string) => ({ a: `a of ${tag}`, 'd/b': `d/b of ${tag}` });
  there.commit(files('v0'), 'v0');
  await run({ keep: 0 });
  const onChange = ['sh', '-c', `echo "$VAHTI_VERSION" >>${base}/told`];
  const life = async (at: number) => {
    const crashing = crashingFiles(at, at % 2 === 0 ? 'before' : 'after');
    const git = (real: (words: readonly string[]) => Promise<never>) => async (words: readonly string[]) => {
      crashing.call(`git ${words.find((word) => /^[a-z-]+$/.test(word)) ?? ''}`, () => undefined);
      return real(words);
    };
    const means = { files: crashing.files, git: git as never };
    const outcome = await run({ keep: 0, 'on-change': onChange }, { means }).catch((thrown: unknown) => {
      if (thrown instanceof Crash) return undefined;
      throw thrown;
    });
    return { outcome, done: crashing.done };
  };
  there.commit(files('v1'), 'v1');
  const { done } = await life(Number.POSITIVE_INFINITY);
  assert.equal(proveWhole(root, 'no crash'), 'v1');
  assert.ok(done.length > 12 && done.includes('git worktree'), done.join());
  // Each third one, and another start each time: all of them take a minute.
  let version = 1;
  for (let at = Number(process.hrtime.bigint() % 3n); at < done.length; at += 3) {
    version += 1;
    there.commit(files(`v${version}`), `v${version}`);
    const said = `killed at operation ${at} (${done[at]})`;
    rmSync(join(base, 'told'), { force: true });
    await life(at);
    assert.ok([`v${version - 1}`, `v${version}`].includes(proveWhole(root, said)), said);
    const { outcome } = await life(Number.POSITIVE_INFINITY);
    assert.equal(outcome?.kind, 'done', `${said}: ${outcome?.summary}`);
    assert.equal(proveWhole(root, said), `v${version}`, said);
    const told = readFileSync(join(base, 'told'), 'utf8').trim().split('\n');
    const name = readlinkSync(join(root, 'current')).slice('versions/'.length);
    // At least once: killed right after the command, it is told again.
    assert.ok(told.length <= 2 && told.every((line) => line === name), `${said}: told ${told.join()}`);
    assert.deepEqual(readdirSync(join(root, 'versions')), [name], said);
    assert.ok(!existsSync(join(root, '.on-change')), said);
    assert.deepEqual(readdirSync(root).toSorted(), ['current', 'repository.git', 'versions'], said);
  }
});
