import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  CRASH_MOMENTS,
  Crash,
  crashingFiles,
  type CrashMoment,
} from '../../../../test/rig/crashing-files.ts';
import {
  contentsOf,
  crashingLedger,
  memoryFolder,
  put,
  putParts,
  RIG_NOW,
  rigLedger,
  sha256,
  verbContext,
} from '../../../../test/rig/lifecycle.ts';
import type { Ledger } from '../../../core/ledger.ts';
import { disk } from '../../../core/files.ts';
import { createPacking } from './packing.ts';
import { runArchive } from './run.ts';

const PARTS: Readonly<Record<string, string>> = {
  '2026-11-18/2026-11-18T08.ndjson': '{"seq":1}\n'.repeat(300),
  '2026-11-18/2026-11-18T09.ndjson': '{"seq":301}\n'.repeat(10),
  '2026-11-19/2026-11-19T00.ndjson': '',
};
const OTHERS: Readonly<Record<string, string>> = { 'a/app.log': 'one\n'.repeat(50), 'b.log': 'two\n' };

/** A look through /proc costs more than all the rest of a small run. */
const NOBODY = { has: () => false };

interface Scene {
  readonly name: string;
  readonly options: { readonly files?: readonly string[] };
  readonly files: Readonly<Record<string, string>>;
  readonly set: (root: string) => void;
  /** The path of each archive at the end, by the file's. */
  readonly ends: Readonly<Record<string, string>>;
}

const zst = (path: string): [string, string] => [path, `${path}.zst`];
const SCENES: readonly Scene[] = [
  {
    name: 'a collector’s parts, one with an archive that gzip made',
    options: {},
    files: PARTS,
    set(root) {
      putParts(root, PARTS);
      const path = '2026-11-18/2026-11-18T09.ndjson';
      writeFileSync(join(root, `${path}.gz`), gzipSync(PARTS[path] ?? ''));
    },
    ends: {
      ...Object.fromEntries(Object.keys(PARTS).map(zst)),
      '2026-11-18/2026-11-18T09.ndjson': '2026-11-18/2026-11-18T09.ndjson.gz',
    },
  },
  {
    name: 'other files',
    options: { files: ['**/*.log'] },
    files: OTHERS,
    set(root) {
      for (const [path, data] of Object.entries(OTHERS)) put(root, path, data);
    },
    ends: Object.fromEntries(Object.keys(OTHERS).map(zst)),
  },
];

/** At every moment each content is there, whole, under its own name or in an archive that has its final name. */
function proveNothingLost(scene: Scene, root: string, context: string): void {
  // Also: what has an archive's final name unpacks, or this throws.
  const found = contentsOf(root);
  for (const [path, data] of Object.entries(scene.files)) {
    const forms = [found[path], found[`${path}.zst`], found[`${path}.gz`]].filter(
      (form) => form !== undefined,
    );
    assert.ok(forms.length > 0, `${context}: ${path} is lost`);
    for (const form of forms) assert.equal(form, data, `${context}: ${path} has another content`);
  }
}

function proveEnd(scene: Scene, root: string, ledger: Ledger, context: string): void {
  const expected = Object.entries(scene.ends).map(([path, archive]) => [archive, scene.files[path]]);
  assert.deepEqual(contentsOf(root), Object.fromEntries(expected), context);
  const rows = [...ledger.files(root)].map(({ path, sha256: sum, archived }) => [path, sum, archived?.path]);
  assert.deepEqual(
    rows,
    Object.entries(scene.ends)
      .map(([path, archive]) => [path, sha256(scene.files[path] ?? ''), archive])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    context,
  );
}

async function life(
  scene: Scene,
  root: string,
  ledger: Ledger,
  at: number,
  moment: CrashMoment,
  keepRaw: number,
) {
  const crashing = crashingFiles(at, moment);
  const given = verbContext(crashingLedger(ledger, crashing.call), root, { now: RIG_NOW });
  const options = {
    root,
    jobs: 1,
    ...scene.options,
    files: scene.options.files?.slice(),
    'keep-raw': keepRaw,
  };
  const means = { files: crashing.files, packing: createPacking(crashing.files), writers: NOBODY };
  const outcome = await runArchive({ ...options, files: options.files }, given, means).catch(
    (thrown: unknown) => {
      if (thrown instanceof Crash) return undefined;
      throw thrown;
    },
  );
  return { outcome, done: crashing.done };
}

for (const scene of SCENES) {
  test(`killed at every file operation and every call of the ledger, and run again: ${scene.name}`, async (context) => {
    const base = memoryFolder(context);
    const ledger = rigLedger(context, base);
    const whole = join(base, 'whole');
    scene.set(whole);
    const { done } = await life(scene, whole, ledger, Number.POSITIVE_INFINITY, 'before', 0);
    proveEnd(scene, whole, ledger, 'no crash');
    assert.ok(done.length >= Object.keys(scene.files).length * 9, `only ${done.length} operations`);
    assert.ok(done.includes('archived'));
    for (let at = 0; at < done.length; at += 1) {
      for (const moment of CRASH_MOMENTS) {
        const root = join(base, `${at}-${moment}`);
        scene.set(root);
        const dead = await life(scene, root, ledger, at, moment, 0);
        const said = `killed ${moment} operation ${at} (${dead.done.at(-1)})`;
        assert.equal(dead.outcome, undefined, said);
        proveNothingLost(scene, root, said);
        // Killed once more on the way back, somewhere else.
        await life(scene, root, ledger, (at * 7) % 11, moment, 0);
        proveNothingLost(scene, root, `${said}, and again`);
        const { outcome } = await life(scene, root, ledger, Number.POSITIVE_INFINITY, 'before', 0);
        assert.equal(outcome?.kind, 'done', `${said}: ${outcome?.summary}`);
        proveEnd(scene, root, ledger, said);
        rmSync(root, { recursive: true });
      }
    }
  });
}

test('a disk that fails at any one operation loses nothing, and the next run mends it', async (context) => {
  const scene = SCENES[0] as Scene;
  const base = memoryFolder(context);
  const ledger = rigLedger(context, base);
  for (const code of ['ENOSPC', 'EIO']) {
    for (let at = 0, isOver = false; !isOver; at += 1) {
      const root = join(base, `${code}-${at}`);
      scene.set(root);
      let count = 0;
      const fail = async <T>(go: () => Promise<T>): Promise<T> => {
        count += 1;
        if (count - 1 === at) throw Object.assign(new Error(`${code}: as told`), { code });
        return go();
      };
      const files = {
        ...disk,
        open: (path: string, how: 'read' | 'update' | 'create') => fail(() => disk.open(path, how)),
        write: (fd: number, data: Uint8Array, position: number) => fail(() => disk.write(fd, data, position)),
        datasync: (fd: number) => fail(() => disk.datasync(fd)),
        rename: (from: string, to: string) => fail(() => disk.rename(from, to)),
        unlink: (path: string) => fail(() => disk.unlink(path)),
        syncFolder: (path: string) => fail(() => disk.syncFolder(path)),
      };
      const outcome = await runArchive({ root, jobs: 1 }, verbContext(ledger, root), {
        files,
        packing: createPacking(files),
        writers: NOBODY,
      });
      isOver = count <= at;
      assert.equal(outcome.kind === 'done', isOver, `${code} at ${at}`);
      if (!isOver) assert.match(outcome.summary, /as told|full/);
      const found = contentsOf(root);
      for (const [path, data] of Object.entries(PARTS))
        assert.ok(
          [found[path], found[`${path}.zst`], found[`${path}.gz`]].includes(data),
          `${code} at ${at}: ${path}`,
        );
      await runArchive({ root, jobs: 1 }, verbContext(ledger, root), {
        files: disk,
        packing: createPacking(),
        writers: NOBODY,
      });
      proveEnd(scene, root, ledger, `${code} at ${at}`);
      rmSync(root, { recursive: true });
    }
  }
});
