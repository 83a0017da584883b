import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeZip } from '../rig/archives.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { contentsOf, put } from '../rig/lifecycle.ts';
import { wholeLog } from '../rig/rotating.ts';
import { FROM_SOURCE, startVahti } from '../rig/vahti.ts';

/** Real runs of verbs, each killed by SIGKILL before one of its operations on the disk, and run again by hand. */

const HOOK = join(import.meta.dirname, '../rig/crash-hook.ts');
const LINES = Array.from({ length: 500 }, (_, n) => `line ${n}\n`).join('');
const SETTLE_MS = 10;

interface Scene {
  readonly name: string;
  readonly job: object;
  /** Before which operations it is killed, one after the other; then it is run to its end. */
  readonly kills: readonly number[];
  set(folder: string): void;
  /** What has to hold at every moment, and at the end. */
  prove(folder: string, isEnd: boolean): void;
}

const SCENES: readonly Scene[] = [
  {
    name: 'rotate',
    job: { rotate: 'log', files: '*.log', keep: { count: 5 } },
    kills: [1, 6],
    set: (folder) => put(folder, 'log/app.log', LINES),
    prove(folder, isEnd) {
      const root = join(folder, 'log');
      assert.ok(wholeLog(root, 'app.log').includes(LINES), 'lines are lost');
      if (isEnd) assert.match(readdirSync(root).join(), /^app\.log-\d{8}T\d{6}Z\.zst$/);
    },
  },
  {
    name: 'stage',
    job: { stage: 'in', to: 'out', settle: `${SETTLE_MS}ms` },
    kills: [2, 5],
    set(folder) {
      for (const name of ['a', 'd/b']) put(folder, `in/${name}`, LINES);
      mkdirSync(join(folder, 'out'));
    },
    prove(folder, isEnd) {
      const [here, there] = [contentsOf(join(folder, 'in')), contentsOf(join(folder, 'out'))];
      for (const name of ['a', 'd/b']) assert.equal(there[name] ?? here[name], LINES, `${name} is lost`);
      if (isEnd) assert.deepEqual([here, there], [{}, { a: LINES, 'd/b': LINES }]);
    },
  },
  {
    name: 'unpack',
    job: { unpack: 'zips', to: 'unpacked', settle: `${SETTLE_MS}ms`, then: 'delete' },
    kills: [4, 11],
    set(folder) {
      const entries = [
        { name: 'a', data: LINES },
        { name: 'd/b', data: LINES },
      ];
      put(folder, 'zips/x.zip', makeZip(entries));
      mkdirSync(join(folder, 'unpacked'));
    },
    prove(folder, isEnd) {
      const there = join(folder, 'unpacked/x');
      if (existsSync(there)) assert.deepEqual(contentsOf(there), { a: LINES, 'd/b': LINES });
      else assert.ok(!isEnd && existsSync(join(folder, 'zips/x.zip')), 'it is lost');
      if (isEnd)
        assert.deepEqual(
          [readdirSync(join(folder, 'unpacked')), contentsOf(join(folder, 'zips'))],
          [['x'], {}],
        );
    },
  },
];

async function killAndRun(t: TestContext, { name, job, kills, set, prove }: Scene): Promise<void> {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'vahti.yaml'), JSON.stringify({ jobs: { [name]: job } }));
  set(folder);
  for (const at of kills) {
    const mark = join(folder, `killed-at-${at}`);
    const env = {
      ...FROM_SOURCE,
      NODE_OPTIONS: `--import ${HOOK}`,
      RIG_CRASH: `${at}:before:collector`,
      RIG_CRASH_MARK: mark,
    };
    const dead = await startVahti(t, ['run', `job/${name}`], folder, env).ended;
    // What a run before has done is not done again: the later ones may come to their end.
    assert.equal(dead.signal, existsSync(mark) ? 'SIGKILL' : null, `${name}: ${dead.stderr}`);
    assert.ok(existsSync(mark) || at !== kills[0], `${name} was not killed`);
    prove(folder, false);
  }
  const last = await startVahti(t, ['run', `job/${name}`], folder).ended;
  assert.equal(last.code, 0, `${name}: ${last.stdout}${last.stderr}`);
  prove(folder, true);
}

test('rotate, stage and unpack, each killed again and again, come to the same end', async (t) => {
  leakCheck(t);
  await Promise.all(SCENES.map((scene) => killAndRun(t, scene)));
});
