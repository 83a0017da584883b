import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Crash, crashingFiles, type CrashMoment, momentsOf } from '../../../../test/rig/crashing-files.ts';
import { contentsOf, memoryFolder, RIG_NOW } from '../../../../test/rig/lifecycle.ts';
import { type PublishRig, publishRig } from '../../../../test/rig/publishing.ts';
import type { History } from './history.ts';

/** Two plain files, one with the same bytes under the same public name, a supplement, one with a new content later. */
const FILES: Readonly<Record<string, string>> = {
  'd/a': 'a'.repeat(30),
  'e/a': 'other',
  'f/a': 'other',
  b: 'b',
};
const THERE = { a: FILES['d/a'], 'a-sup1': 'other', b: 'b, changed' };
const OPTIONS = { as: '{name}', order: 'name', changed: 'republish', conflict: { supplements: 1 } };

/** What it was, before this life. */
async function setUp(rig: PublishRig): Promise<void> {
  rig.put('b', 'b');
  await rig.run(OPTIONS);
  for (const [path, data] of Object.entries(FILES)) rig.put(path, data);
  rig.put('b', 'b, changed', RIG_NOW - 3_600_000);
}

async function life(rig: PublishRig, at: number, moment: CrashMoment) {
  const crashing = crashingFiles(at, moment);
  const history = (real: History): History => ({
    ...real,
    together: (writes) => crashing.call('together', () => real.together(writes)),
  });
  const outcome = await rig
    .run(OPTIONS, { means: { files: crashing.files, history } })
    .catch((thrown: unknown) => {
      if (thrown instanceof Crash) return undefined;
      throw thrown;
    });
  return { outcome, done: crashing.done };
}

/** I6: what is marked lies there, verified; what is seen there is whole, and one of ours. */
function proveMarks(rig: PublishRig, said: string): void {
  const there = contentsOf(rig.there);
  const known = new Set([...Object.values(FILES), 'b, changed']);
  for (const [path, data] of Object.entries(there))
    if (!path.startsWith('.')) assert.ok(known.has(data), `${said}: ${path} is not whole`);
  for (const { path, state, publicName } of rig.rows().values())
    if (state === 'published' || state === 'supplement')
      assert.ok(
        publicName !== null && there[publicName] !== undefined,
        `${said}: ${path} is marked, and not there`,
      );
}

async function killEverywhere(t: TestContext): Promise<void> {
  const folder = memoryFolder(t);
  const rigAt = (name: string): PublishRig => {
    const base = join(folder, name);
    mkdirSync(base);
    return publishRig(t, undefined, base);
  };
  const whole = rigAt('whole');
  await setUp(whole);
  const { done } = await life(whole, Number.POSITIVE_INFINITY, 'before');
  assert.deepEqual(whole.published(), THERE);
  assert.ok(done.includes('link') && done.includes('rename') && done.includes('together'), done.join());
  for (let at = 0; at < done.length; at += 1)
    for (const moment of momentsOf(done, at)) {
      const rig = rigAt(`${at}-${moment}`);
      await setUp(rig);
      const dead = await life(rig, at, moment);
      const said = `killed ${moment} operation ${at} (${dead.done.at(-1)})`;
      assert.equal(dead.outcome, undefined, said);
      proveMarks(rig, said);
      await life(rig, (at * 5) % 11, moment);
      proveMarks(rig, `${said}, and again`);
      const { outcome } = await life(rig, Number.POSITIVE_INFINITY, 'before');
      assert.equal(outcome?.kind, 'done', `${said}: ${outcome?.summary}`);
      assert.deepEqual(rig.published(), THERE, said);
      assert.deepEqual(
        readdirSync(rig.there).toSorted(),
        Object.keys(THERE),
        `${said}: something is left over`,
      );
      const states = Object.values(rig.states()).toSorted();
      assert.deepEqual(states, ['ignored', 'published as a', 'published as b', 'supplement as a-sup1'], said);
      const again = await life(rig, Number.POSITIVE_INFINITY, 'before');
      assert.equal(again.outcome?.summary, 'nothing to publish', said);
      rmSync(rig.base, { recursive: true });
    }
}

test('E6 killed at every operation and run again: no loss, nothing twice, nothing half', killEverywhere);

test('a time that changes between two runs makes no difference', async (t) => {
  const rig = publishRig(t);
  await setUp(rig);
  await rig.run(OPTIONS);
  for (const path of Object.keys(FILES)) utimesSync(join(rig.root, path), 1, 1);
  assert.equal((await rig.run(OPTIONS)).summary, 'nothing to publish');
});
