import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { pipelineRig } from '../../../test/rig/pipeline.ts';
import { silentLog } from '../../core/log.ts';
import { removeFolder } from './folder.ts';

/** The user `nobody`, who may not write what is read-only, as root may. */
const NOBODY = 65_534;

test('a folder goes with what is read-only in it', async (t) => {
  const folder = tempFolder(t);
  const inner = join(folder, 'run/tmp/go/pkg');
  mkdirSync(inner, { recursive: true });
  writeFileSync(join(inner, 'mod'), '');
  chmodSync(join(inner, 'mod'), 0o444);
  for (const each of [inner, dirname(inner)]) chmodSync(each, 0o555);
  if (process.geteuid?.() === 0) {
    for (const each of ['', 'run', 'run/tmp', 'run/tmp/go', 'run/tmp/go/pkg'])
      chownSync(join(folder, each), NOBODY, NOBODY);
    onEnd(t, () => process.seteuid?.(0));
    process.seteuid?.(NOBODY);
  }
  await removeFolder(join(folder, 'run'));
  await removeFolder(join(folder, 'run'));
  assert.deepEqual(readdirSync(folder), []);
});

/** Why no folder can be made that not even root can remove: it takes root, and a filesystem that knows of that. */
function noImmutable(t: TestContext): string | undefined {
  if (process.geteuid?.() !== 0) return 'to make a folder immutable needs root';
  const folder = tempFolder(t);
  const [made] = ['+i', '-i'].map((how) => spawnSync('chattr', [how, folder]).status);
  return made === 0 ? undefined : 'no folder can be made immutable here';
}

test('what a step leaves that cannot be removed ends no runner, and keeps none from beginning', async (t) => {
  leakCheck(t);
  const why = noImmutable(t);
  if (why !== undefined) return t.skip(why);
  const rig = pipelineRig(t, {
    parallel: 1,
    steps: {
      A: {
        from: 'inbox',
        run: [
          'sh',
          '-ec',
          'mkdir "$2/left"; chattr +i "$2/left"; cp "$1" "$3"',
          'sh',
          '{in}',
          '{work}',
          '{out}',
        ],
      },
    },
  });
  const work = join(rig.folder, 'state/work');
  onEnd(t, () => {
    for (const run of existsSync(work) ? readdirSync(work) : [])
      execFileSync('chattr', ['-i', join(work, run, 'left')]);
  });
  const warned: unknown[] = [];
  const log = { ...silentLog, warn: (message: string) => void warned.push(message) };
  rig.deliver('a.in', 'a\n');
  rig.deliver('b.in', 'b\n');
  await rig.work(undefined, { log });
  assert.equal(warned.length, 2);
  rig.deliver('c.in', 'c\n');
  await rig.work(undefined, { log });
  assert.deepEqual(rig.products(), { 'a.in': 'a\n', 'b.in': 'b\n', 'c.in': 'c\n' });
  assert.deepEqual(warned, Array<string>(5).fill('cannot remove the folder of a run'));
});
