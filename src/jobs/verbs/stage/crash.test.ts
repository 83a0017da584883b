import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { Crash, crashingFiles, type CrashMoment, momentsOf } from '../../../../test/rig/crashing-files.ts';
import {
  contentsOf,
  crashingLedger,
  memoryFolder,
  put,
  rigLedger,
  sha256,
  verbContext,
} from '../../../../test/rig/lifecycle.ts';
import { divided, LATER_MS, NOBODY } from '../../../../test/rig/staging.ts';
import type { Ledger } from '../../../core/ledger.ts';
import { stageOptions } from './options.ts';
import { runStage } from './run.ts';

const FILES: Readonly<Record<string, string>> = {
  'd/a.xml': 'a'.repeat(5_000),
  'd/a.md5': 'sum of a',
  'b.xml': 'b',
  'b.md5': 'sum of b',
};
/** Files whose names do not begin with a dot are all that a reader looks at. */
const visible = (root: string): Record<string, string> =>
  Object.fromEntries(Object.entries(contentsOf(root)).filter(([path]) => !/(^|\/)\./.test(path)));

interface Scene {
  readonly name: string;
  readonly isDivided: boolean;
  readonly options: Record<string, unknown>;
}
const SCENES: readonly Scene[] = [
  { name: 'by rename, one by one', isDivided: false, options: {} },
  { name: 'to another file system, in sets', isDivided: true, options: { members: ['.xml', '.md5'] } },
];

async function life(scene: Scene, base: string, ledger: Ledger, at: number, moment: CrashMoment) {
  const [root, to] = [join(base, 'in'), join(base, 'out')];
  const crashing = crashingFiles(at, moment);
  const given = verbContext(crashingLedger(ledger, crashing.call), base, { now: Date.now() + LATER_MS });
  const files = scene.isDivided ? divided(root, to, crashing.files) : crashing.files;
  const options = v.parse(stageOptions, { root, to, ...scene.options });
  const outcome = await runStage(options, given, { files, writers: NOBODY }).catch((thrown: unknown) => {
    if (thrown instanceof Crash) return undefined;
    throw thrown;
  });
  return { outcome, done: crashing.done };
}

function setUp(base: string, ledger: Ledger): void {
  mkdirSync(join(base, 'out'), { recursive: true });
  for (const [path, data] of Object.entries(FILES)) put(join(base, 'in'), path, data);
  const path = 'b.xml';
  ledger.take({ root: join(base, 'in'), path, sha256: sha256(FILES[path] ?? ''), bytes: 1, mtimeMs: 0 });
}

/** Each file is whole, at the old place or the new one; what a reader sees there is whole. */
function proveNothingLost({ options }: Scene, base: string, context: string): void {
  const [here, there] = [visible(join(base, 'in')), visible(join(base, 'out'))];
  for (const [path, data] of Object.entries(FILES)) {
    assert.ok(path in here || path in there, `${context}: ${path} is lost`);
    if (path in here) assert.equal(here[path], data, `${context}: ${path} here`);
    if (path in there) assert.equal(there[path], data, `${context}: ${path} there is not whole`);
  }
  if ('members' in options)
    for (const name of ['d/a', 'b'])
      assert.ok(!(`${name}.xml` in there) || `${name}.md5` in there, `${context}: ${name}.xml came alone`);
}

for (const scene of SCENES) {
  test(`killed at every operation and run again: ${scene.name}`, async (t) => {
    const folder = memoryFolder(t);
    const ledger = rigLedger(t, folder);
    const whole = join(folder, 'whole');
    setUp(whole, ledger);
    const { done } = await life(scene, whole, ledger, Number.POSITIVE_INFINITY, 'before');
    assert.deepEqual(contentsOf(join(whole, 'out')), FILES);
    assert.ok(done.includes('purged') && done.filter((name) => name === 'rename').length === 4, done.join());
    for (let at = 0; at < done.length; at += 1) {
      for (const moment of momentsOf(done, at)) {
        const base = join(folder, `${at}-${moment}`);
        setUp(base, ledger);
        const dead = await life(scene, base, ledger, at, moment);
        const said = `killed ${moment} operation ${at} (${dead.done.at(-1)})`;
        assert.equal(dead.outcome, undefined, said);
        proveNothingLost(scene, base, said);
        await life(scene, base, ledger, (at * 5) % 13, moment);
        proveNothingLost(scene, base, `${said}, and again`);
        const { outcome } = await life(scene, base, ledger, Number.POSITIVE_INFINITY, 'before');
        assert.equal(outcome?.kind, 'done', `${said}: ${outcome?.summary}`);
        // Also nothing that was in the making.
        assert.deepEqual(contentsOf(join(base, 'out')), FILES, said);
        assert.deepEqual(contentsOf(join(base, 'in')), {}, said);
        assert.notEqual(ledger.file(join(base, 'in'), 'b.xml')?.purged, null, said);
        rmSync(base, { recursive: true });
      }
    }
  });
}
