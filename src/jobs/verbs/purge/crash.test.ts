import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as v from 'valibot';
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
  rigLedger,
  sha256,
  verbContext,
} from '../../../../test/rig/lifecycle.ts';
import type { Ledger } from '../../../core/ledger.ts';
import { purgeOptions } from './options.ts';
import { runPurge } from './run.ts';

const PARTS = {
  '2026-11-17/2026-11-17T23.ndjson': 'one\n',
  '2026-11-18/2026-11-18T08.ndjson': 'two\n',
  '2026-11-18/2026-11-18T09.ndjson': 'three\n',
};
/** Never proved. */
const KEPT = '2026-11-18/2026-11-18T09.ndjson';
/** Kept beside its archive: both forms go, or are finished by the next run. */
const TWICE = '2026-11-18/2026-11-18T08.ndjson';
const PURGED = Object.keys(PARTS).filter((path) => path !== KEPT);

function setUp(root: string, ledger: Ledger): void {
  putParts(root, PARTS);
  for (const [path, data] of Object.entries(PARTS)) {
    ledger.take({ root, path, sha256: sha256(data), bytes: data.length, mtimeMs: 0 });
    const copy = { job: 'offsite', target: 'far', path, sha256: sha256(data), bytes: data.length };
    if (path !== KEPT) ledger.proved(root, path, { ...copy, verifiedAt: Date.UTC(2026, 10, 20) });
  }
  const packed = gzipSync(PARTS[TWICE]);
  put(root, `${TWICE}.gz`, packed);
  ledger.archived(root, TWICE, { path: `${TWICE}.gz`, sha256: sha256(packed), bytes: packed.length, at: 1 });
}

async function life(root: string, ledger: Ledger, run: string, at: number, moment: CrashMoment = 'before') {
  const crashing = crashingFiles(at, moment);
  const context = verbContext(crashingLedger(ledger, crashing.call), root, { run });
  const options = v.parse(purgeOptions, { root, older: '1d', 'proved-by': 'offsite' });
  const means = { files: crashing.files, writers: { has: () => false } };
  const outcome = await runPurge(options, context, means).catch((thrown: unknown) => {
    if (thrown instanceof Crash) return undefined;
    throw thrown;
  });
  return { outcome, done: crashing.done };
}

function proveEnd(root: string, ledger: Ledger, context: string): void {
  assert.deepEqual(contentsOf(root), { [KEPT]: 'three\n' }, context);
  assert.equal(existsSync(join(root, '2026-11-17')), false, `${context}: the empty folder is there`);
  for (const path of PURGED) assert.notEqual(ledger.file(root, path)?.purged, null, `${context}: ${path}`);
  assert.equal(ledger.file(root, KEPT)?.purged, null, context);
}

test('killed at every file operation and every call of the ledger, and run again, it comes to the same end', async (context) => {
  const base = memoryFolder(context);
  const ledger = rigLedger(context, base);
  const whole = join(base, 'whole');
  setUp(whole, ledger);
  const { done } = await life(whole, ledger, 'r', Number.POSITIVE_INFINITY);
  proveEnd(whole, ledger, 'no crash');
  assert.ok(done.filter((name) => name === 'unlink').length === 3, done.join());
  const first = done.indexOf('purging');
  const order = ['purging', 'unlink', 'syncFolder', 'syncFolder', 'syncFolder', 'purged'];
  assert.deepEqual(done.slice(first, first + order.length), order);
  for (let at = 0; at < done.length; at += 1) {
    for (const moment of CRASH_MOMENTS) {
      const root = join(base, `${at}-${moment}`);
      setUp(root, ledger);
      const dead = await life(root, ledger, 'killed', at, moment);
      const said = `killed ${moment} operation ${at} (${dead.done.at(-1)})`;
      assert.equal(dead.outcome, undefined, said);
      assert.equal(contentsOf(root)[KEPT], 'three\n', said);
      for (const path of PURGED) {
        const row = ledger.file(root, path);
        const isHere = existsSync(join(root, path));
        // Nothing goes without its intention, and no end is written down of what is still here.
        if (!isHere)
          assert.ok(row?.purging !== null || row.purged !== null, `${said}: ${path} went unannounced`);
        if (isHere) assert.equal(row?.purged, null, `${said}: ${path} is said to be gone`);
      }
      await life(root, ledger, 'killed again', at % 4, moment);
      const { outcome } = await life(root, ledger, 'last', Number.POSITIVE_INFINITY);
      assert.equal(outcome?.refused.length, 1, `${said}: ${outcome?.summary}`);
      proveEnd(root, ledger, said);
      rmSync(root, { recursive: true });
    }
  }
});
