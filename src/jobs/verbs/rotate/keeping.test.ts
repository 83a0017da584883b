import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import * as v from 'valibot';
import { put, sha256 } from '../../../../test/rig/lifecycle.ts';
import { rotateRig } from '../../../../test/rig/rotating.ts';
import type { VerbFacts } from '../../../core/verb.ts';
import { hiddenWriters } from '../../files/holders.ts';
import { overLimits } from './keeping.ts';
import { readRotated, rotatedPath } from './names.ts';
import { rotateOptions } from './options.ts';
import { rotateKind } from './rotate.ts';

const HOUR_MS = 3_600_000;

test('property: within all limits the newest stay, and what goes is over one of them', () => {
  const log = fc.record({ at: fc.nat(1000), bytes: fc.nat(100) });
  const limits = fc.record(
    { count: fc.integer({ min: 1, max: 10 }), age: fc.nat(1000), bytes: fc.nat(500) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(log), limits, (logs, limit) => {
      const all = logs.toSorted((a, b) => b.at - a.at);
      const gone = new Set(overLimits(all, limit, 1000).map(({ one }) => one));
      const kept = all.filter((one) => !gone.has(one));
      // Nothing that is newer than what stays has gone: what stays is the front.
      assert.deepEqual(kept, all.slice(0, kept.length));
      assert.ok(kept.length <= (limit.count ?? Number.POSITIVE_INFINITY));
      assert.ok(kept.every(({ at }) => 1000 - at <= (limit.age ?? Number.POSITIVE_INFINITY)));
      assert.ok(kept.reduce((sum, { bytes }) => sum + bytes, 0) <= (limit.bytes ?? Number.POSITIVE_INFINITY));
      const next = all[kept.length];
      if (next === undefined) return;
      const isOver =
        kept.length + 1 > (limit.count ?? Number.POSITIVE_INFINITY) ||
        1000 - next.at > (limit.age ?? Number.POSITIVE_INFINITY) ||
        kept.reduce((sum, { bytes }) => sum + bytes, next.bytes) > (limit.bytes ?? Number.POSITIVE_INFINITY);
      assert.ok(isOver, 'more went than had to');
    }),
  );
});

test('property: the name of a rotated log tells its log and its time', () => {
  const at = fc.integer({ min: 0, max: 4e12 });
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), at, fc.constantFrom('', '.zst', '.gz'), (log, when, ending) => {
      const path = rotatedPath(log, when);
      const read = readRotated(path + ending);
      assert.deepEqual(read, {
        log,
        path,
        at: Math.floor(when / 1000) * 1000,
        format: ending === '' ? undefined : ending.slice(1),
      });
    }),
  );
  for (const name of ['app.log', 'app.log.1', 'app.log-20261122', 'a-20261332T000000Z', '-20261122T120000Z'])
    assert.equal(readRotated(name), undefined, name);
});

test('only what was rotated, and is still what it was, is deleted; its tombstone stays', async (t) => {
  const { root, ledger, run } = rotateRig(t);
  const paths = [1, 2, 3, 4].map((hours) => rotatedPath('app.log', Date.now() - hours * HOUR_MS));
  for (const path of paths) put(root, path, `text of ${path}`);
  put(root, 'app.log-20200101', 'of another tool');
  assert.equal((await run({ to: 'none' })).summary, 'nothing to rotate');
  const [newest = '', , changed = '', oldest = ''] = paths;
  appendFileSync(join(root, changed), 'more');
  const outcome = await run({ to: 'none', keep: { count: 1 } });
  assert.deepEqual(outcome.refused, [
    { path: changed, reason: 'it is not what was rotated: it is not deleted' },
  ]);
  assert.deepEqual(readdirSync(root).toSorted(), ['app.log-20200101', changed, newest].toSorted());
  assert.equal(ledger.file(root, oldest)?.purged?.run, 'r1');
  assert.equal(ledger.file(root, oldest)?.sha256, sha256(`text of ${oldest}`));
});

test('limits are of each log by itself; bytes are those on the disk', async (t) => {
  const { root, run } = rotateRig(t);
  for (const log of ['a.log', 'b.log'])
    for (const hours of [1, 2, 3])
      put(root, rotatedPath(log, Date.now() - hours * HOUR_MS), 'x'.repeat(3000));
  const outcome = await run({ to: 'none', keep: { bytes: '7000B' } });
  assert.match(outcome.summary, /^deleted 2 over the limits/, outcome.summary);
  writeFileSync(join(root, 'a.log'), 'x');
  assert.match((await run({ keep: { age: '90m' } })).summary, /^rotated 1 log, 1B; compressed 5; deleted 2 /);
});

test('mistakes in the config are found', () => {
  const facts: VerbFacts = { folder: '/tmp', jobs: new Map() };
  const problems = (options: object) =>
    rotateKind.problems?.(v.parse(rotateOptions, { root: 'x', files: '*', keep: 'all', ...options }), facts);
  assert.deepEqual(problems({ signal: 'HUP', 'pid-file': 'p' }), []);
  assert.deepEqual(problems({ signal: 'HUP', reopen: 'no-such-program', to: 'gz', level: 12 }), [
    'cannot use both signal and reopen: write one of them',
    'cannot compress to gz with level 12: 9 is its highest',
    'cannot use the command "no-such-program": no such program',
  ]);
  assert.deepEqual(problems({ method: 'punch-hole', 'pid-file': 'p', create: true, to: 'none', level: 1 }), [
    'cannot use pid-file without signal',
    'cannot use pid-file with method: punch-hole: the writer keeps its file',
    'cannot use create with method: punch-hole: the writer keeps its file',
    'cannot use level with to: none',
  ]);
  for (const keep of [undefined, {}, 'some', { count: 0 }, { counts: 3 }])
    assert.equal(v.safeParse(rotateOptions, { root: 'x', files: '*', keep }).success, false);
});

test('who does not see all processes takes only logs that nobody else may write to', () => {
  assert.equal(hiddenWriters({ uid: 5, mode: 0o666 }, 0), undefined);
  assert.equal(hiddenWriters({ uid: 5, mode: 0o644 }, 5), undefined);
  for (const file of [
    { uid: 6, mode: 0o644 },
    { uid: 5, mode: 0o664 },
  ])
    assert.match(hiddenWriters(file, 5) ?? '', /only root can see/);
});
