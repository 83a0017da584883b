import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import * as v from 'valibot';
import { makeTar, makeZip } from '../../../../test/rig/archives.ts';
import { Crash, crashingFiles, type CrashMoment, momentsOf } from '../../../../test/rig/crashing-files.ts';
import {
  contentsOf,
  crashingLedger,
  memoryFolder,
  put,
  rigLedger,
  verbContext,
} from '../../../../test/rig/lifecycle.ts';
import { LATER_MS, NOBODY } from '../../../../test/rig/staging.ts';
import { unpackRig } from '../../../../test/rig/unpacking.ts';
import { disk } from '../../../core/files.ts';
import type { Ledger } from '../../../core/ledger.ts';
import { createByteReader } from './byte-reader.ts';
import { safePath } from './entry.ts';
import { unpackOptions } from './options.ts';
import { runUnpack } from './run.ts';

const ENTRIES = [
  { name: 'd/a', data: 'a'.repeat(3000) },
  { name: 'b', data: 'b' },
];
const UNPACKED = { 'x/d/a': 'a'.repeat(3000), 'x/b': 'b', 'y/d/a': 'a'.repeat(3000), 'y/b': 'b' };

async function life(base: string, ledger: Ledger, at: number, moment: CrashMoment) {
  const [root, to] = [join(base, 'in'), join(base, 'out')];
  const crashing = crashingFiles(at, moment);
  const given = verbContext(crashingLedger(ledger, crashing.call), base, { now: Date.now() + LATER_MS });
  const options = v.parse(unpackOptions, { root, to, then: 'delete' });
  const outcome = await runUnpack(options, given, { files: crashing.files, writers: NOBODY }).catch(
    (thrown: unknown) => {
      if (thrown instanceof Crash) return undefined;
      throw thrown;
    },
  );
  return { outcome, done: crashing.done };
}

function setUp(base: string): void {
  mkdirSync(join(base, 'out'), { recursive: true });
  put(join(base, 'in'), 'x.tar.gz', gzipSync(makeTar(ENTRIES)));
  put(join(base, 'in'), 'y.zip', makeZip(ENTRIES));
}

/** What has a name is whole, and an archive is there until what came out of it is. */
function proveWhole(base: string, said: string): void {
  for (const [name, archive] of [
    ['x', 'x.tar.gz'],
    ['y', 'y.zip'],
  ] as const) {
    const folder = join(base, 'out', name);
    const isThere = existsSync(folder);
    if (isThere)
      assert.deepEqual(contentsOf(folder), { 'd/a': 'a'.repeat(3000), b: 'b' }, `${said}: ${name}`);
    assert.ok(isThere || existsSync(join(base, 'in', archive)), `${said}: ${archive} went too early`);
  }
}

test('killed at every operation and run again: whole or not there, and the same end', async (t) => {
  const folder = memoryFolder(t);
  const ledger = rigLedger(t, folder);
  const whole = join(folder, 'whole');
  setUp(whole);
  const { done } = await life(whole, ledger, Number.POSITIVE_INFINITY, 'before');
  assert.deepEqual(contentsOf(join(whole, 'out')), UNPACKED);
  assert.ok(done.includes('produced') && done.includes('purged'), done.join());
  for (let at = 0; at < done.length; at += 1) {
    for (const moment of momentsOf(done, at)) {
      const base = join(folder, `${at}-${moment}`);
      setUp(base);
      const said = `killed ${moment} operation ${at} (${done[at]})`;
      assert.equal((await life(base, ledger, at, moment)).outcome, undefined, said);
      proveWhole(base, said);
      await life(base, ledger, (at * 7) % 19, moment);
      proveWhole(base, `${said}, and again`);
      const { outcome } = await life(base, ledger, Number.POSITIVE_INFINITY, 'before');
      assert.equal(outcome?.kind, 'done', `${said}: ${outcome?.summary}`);
      assert.deepEqual(contentsOf(join(base, 'out')), UNPACKED, said);
      assert.deepEqual(readdirSync(join(base, 'out')), ['x', 'y'], said);
      assert.deepEqual(readdirSync(join(base, 'in')), [], said);
      rmSync(base, { recursive: true });
    }
  }
});

test('property: archives with bytes changed, and with any names, are unpacked or refused, and nothing comes to lie elsewhere', async (t) => {
  const { base, root, to, run } = unpackRig(t);
  const made = [makeTar(ENTRIES), makeZip(ENTRIES), gzipSync(makeTar(ENTRIES))];
  const endings = ['tar', 'zip', 'tar.gz'] as const;
  const word = fc.constantFrom('..', '.', '', 'a', 'b', '/', '\\', '\0', 'c.d', '~', 'é');
  const names = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join('/'));
  const entries = fc.array(fc.record({ name: names, data: fc.string() }), { maxLength: 4 });
  const broken = fc
    .tuple(fc.nat(2), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat())
    .map(([kind, changes, cut]) => {
      const bytes = Buffer.from(made[kind] ?? '');
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return {
        ending: endings[kind] ?? 'tar',
        bytes: cut % 5 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes,
      };
    });
  const named = fc
    .tuple(entries, fc.boolean())
    .map(([all, isZip]) =>
      isZip ? { ending: 'zip', bytes: makeZip(all) } : { ending: 'tar', bytes: makeTar(all) },
    );
  let round = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(broken, named), async ({ ending, bytes }) => {
      round += 1;
      put(root, `${round}.${ending}`, bytes);
      // A bug would reject.
      const outcome = await run({ 'max-bytes': '1M' });
      assert.notEqual(outcome.kind, 'failed', outcome.summary);
      refused += outcome.refused.length;
      assert.deepEqual(
        readdirSync(base)
          .filter((name) => !name.startsWith('ledger'))
          .toSorted(),
        ['incoming', 'unpacked'],
      );
      assert.ok(
        readdirSync(to).every((name) => /^\d+$/.test(name)),
        readdirSync(to).join(),
      );
      rmSync(join(root, `${round}.${ending}`));
    }),
    { numRuns: 80 },
  );
  assert.ok(refused > 10 && readdirSync(to).length > 2, `${refused} refused`);
});

test('property: a safe path stays below its folder', () => {
  const word = fc.oneof(fc.constantFrom('..', '.', '', '/', '~'), fc.string());
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const name = words.join('/');
      let path: string;
      try {
        path = safePath(name);
      } catch {
        return;
      }
      assert.ok(path === '' || join('/x', path).startsWith('/x/'), JSON.stringify([name, path]));
      assert.ok(!path.split('/').some((each) => each === '..' || each === '.'));
    }),
  );
});

test('property: bytes are read as they are asked for, in whatever pieces they come', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array()), fc.array(fc.nat(20)), async (pieces, asked) => {
      async function* source() {
        for (const piece of pieces) yield Buffer.from(piece);
      }
      const whole = Buffer.concat(pieces);
      const reader = createByteReader(source());
      let at = 0;
      for (const bytes of asked) {
        assert.deepEqual(await reader.take(bytes), whole.subarray(at, at + bytes));
        at = Math.min(whole.length, at + bytes);
      }
    }),
  );
});

test('a full disk ends the run, and leaves no part of an archive', async (t) => {
  const { root, to, run } = unpackRig(t);
  put(root, 'x.zip', makeZip(ENTRIES));
  const files = {
    ...disk,
    write: async () => Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })),
  };
  const outcome = await run({}, { means: { files, writers: NOBODY } });
  assert.equal(outcome.kind, 'failed');
  assert.match(outcome.summary, /the disk is full/);
  assert.deepEqual(readdirSync(to), []);
  assert.equal((await run()).kind, 'done');
});
