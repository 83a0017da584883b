import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import * as v from 'valibot';
import { Crash, CRASH_MOMENTS, crashingFiles, type CrashMoment } from '../../../test/rig/crashing-files.ts';
import {
  crashingLedger,
  memoryFolder,
  put,
  putParts,
  RIG_NOW,
  rigLedger,
  sha256,
  verbContext,
} from '../../../test/rig/lifecycle.ts';
import type { Ledger } from '../../core/ledger.ts';
import { archiveOptions } from './archive/options.ts';
import { createPacking } from './archive/packing.ts';
import { runArchive } from './archive/run.ts';
import { purgeOptions } from './purge/options.ts';
import { runPurge } from './purge/run.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TARGETS = ['a:/srv', 'b:/srv'] as const;

type Kill = { readonly at: number; readonly moment: CrashMoment };
type Act =
  | { readonly do: 'close' | 'tamper' | 'again' | 'delete'; readonly part: number }
  | { readonly do: 'archive' | 'purge'; readonly kill: Kill; readonly keepRaw: boolean }
  | { readonly do: 'copy' | 'lose'; readonly target: 0 | 1; readonly skip: number }
  | { readonly do: 'clock'; readonly ms: number };

const part = fc.nat(2);
const kill = fc.record({
  at: fc.oneof(fc.constant(1e9), fc.nat(40)),
  moment: fc.constantFrom(...CRASH_MOMENTS),
});
const target = fc.constantFrom(0 as const, 1 as const);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('close' as const), part }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('tamper' as const, 'again' as const, 'delete' as const),
      part,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('archive' as const), kill, keepRaw: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('copy' as const), target, skip: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), target, skip: fc.nat(5) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('purge' as const), kill, keepRaw: fc.constant(false) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      ms: fc.constantFrom(-40 * DAY, -HOUR, HOUR, 3 * DAY, 40 * DAY),
    }),
  },
);

const pathOf = (index: number): string => `2026-11-1${index >> 1}/2026-11-1${index >> 1}T0${index}.ndjson`;
const textOf = (index: number): string => `{"part":${index}}\n`.repeat(index * 40);

/** A collector's folder, two places elsewhere that hold bytes by their checksum, and a clock that jumps. */
interface World {
  readonly root: string;
  readonly ledger: Ledger;
  readonly far: readonly [Map<string, string>, Map<string, string>];
  readonly closed: Set<number>;
  /** Parts that somebody else laid hands on. */
  readonly touched: Set<number>;
  now: number;
}

function snapshot(root: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  if (!existsSync(root)) return found;
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    if (entry.isFile() && !full.includes('/.vahti/') && !full.endsWith('.tmp'))
      found.set(full.slice(root.length + 1), readFileSync(full));
  }
  return found;
}

/** What is not there any more after a verb must be in an archive here, or lie on both places. */
function proveKept(world: World, before: ReadonlyMap<string, Buffer>, verb: string): void {
  const after = snapshot(world.root);
  for (const [path, data] of before) {
    const now = after.get(path);
    if (now !== undefined) {
      assert.ok(now.equals(data), `${verb} changed ${path}`);
      continue;
    }
    const archive = after.get(`${path}.zst`);
    const isArchived = archive !== undefined && zstdDecompressSync(archive).equals(data);
    const sums = [sha256(data), ...(path.endsWith('.zst') ? [sha256(zstdDecompressSync(data))] : [])];
    const row = world.ledger.file(world.root, path);
    if (row?.sha256 === sha256(data) && row.archived !== null) sums.push(row.archived.sha256);
    const isProved = world.far.every((place) => [...place.values()].some((sum) => sums.includes(sum)));
    if (verb === 'archive') assert.ok(isArchived, `archive deleted ${path}`);
    else assert.ok(isProved, `purge deleted ${path}, which is not elsewhere`);
  }
}

async function runVerb(
  world: World,
  name: 'archive' | 'purge',
  { at, moment }: Kill,
  keepRaw: boolean,
): Promise<void> {
  const { root } = world;
  const before = snapshot(root);
  const crashing = crashingFiles(at, moment);
  const ledger = crashingLedger(world.ledger, crashing.call);
  const context = verbContext(ledger, root, { now: world.now });
  const means = {
    files: crashing.files,
    packing: createPacking(crashing.files),
    writers: { has: () => false },
  };
  const running =
    name === 'archive'
      ? runArchive(
          v.parse(archiveOptions, { root, jobs: 1, ...(keepRaw ? { 'keep-raw': '2h' } : {}) }),
          context,
          means,
        )
      : runPurge(v.parse(purgeOptions, { root, older: '1d', 'proved-by': ['one', 'two'] }), context, means);
  await running.catch((thrown: unknown) => {
    if (!(thrown instanceof Crash)) throw thrown;
  });
  proveKept(world, before, name);
}

/** What a sync does: takes files in, sends what lies there, reads it back, says so. `skip`: of one file the upload fails. */
function copy({ root, ledger, far, now }: World, place: 0 | 1, skip: number): void {
  for (const [path, data] of snapshot(root)) {
    const name = path.replace(/\.zst$/, '');
    const sum = sha256(data);
    if (ledger.file(root, name) === undefined && path === name)
      ledger.take({ root, path, sha256: sum, bytes: data.length, mtimeMs: now });
    const row = ledger.file(root, name);
    if (row === undefined || pathOf(skip) === name || ![row.sha256, row.archived?.sha256].includes(sum))
      continue;
    far[place].set(name, sum);
    const job = place === 0 ? 'one' : 'two';
    ledger.proved(root, name, {
      job,
      target: TARGETS[place],
      path,
      sha256: sum,
      bytes: data.length,
      verifiedAt: now,
    });
  }
}

async function perform(world: World, step: Act): Promise<void> {
  const { root, ledger, far, closed, touched } = world;
  switch (step.do) {
    case 'close':
      if (!closed.has(step.part)) putParts(root, { [pathOf(step.part)]: textOf(step.part) });
      closed.add(step.part);
      return;
    case 'tamper':
    case 'delete':
      for (const path of [pathOf(step.part), `${pathOf(step.part)}.zst`]) {
        if (!existsSync(join(root, path))) continue;
        touched.add(step.part);
        const { mtimeMs, size } = statSync(join(root, path));
        if (step.do === 'delete') rmSync(join(root, path));
        else {
          writeFileSync(
            join(root, path),
            path.endsWith('.zst') ? zstdCompressSync('tampered') : Buffer.alloc(size, 'x'),
          );
          utimesSync(join(root, path), mtimeMs / 1000, mtimeMs / 1000);
        }
      }
      return;
    case 'again':
      if (!closed.has(step.part) || existsSync(join(root, pathOf(step.part)))) return;
      touched.add(step.part);
      put(root, pathOf(step.part), 'late lines\n');
      return;
    case 'copy':
      return copy(world, step.target, step.skip);
    case 'lose':
      // Found out by the sync that reads a share of all again.
      if (far[step.target].delete(pathOf(step.skip)) && ledger.file(root, pathOf(step.skip)) !== undefined)
        ledger.disproved(
          root,
          pathOf(step.skip),
          step.target === 0 ? 'one' : 'two',
          TARGETS[step.target],
          'lost',
        );
      return;
    case 'clock':
      world.now += step.ms;
      return;
    default:
      return runVerb(world, step.do, step.kill, step.keepRaw);
  }
}

test('property: over crashes, failures, strangers’ hands and clock jumps nothing unproved is deleted, and a rerun comes to the same end', async (context) => {
  const base = memoryFolder(context);
  const ledger = rigLedger(context, base);
  let count = 0;
  let purged = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 20 }), async (steps) => {
      const root = join(base, String((count += 1)));
      const far: World['far'] = [new Map(), new Map()];
      const world: World = { root, ledger, far, closed: new Set(), touched: new Set(), now: RIG_NOW };
      putParts(root, {});
      for (const step of steps) await perform(world, step);
      // A day on which all goes well.
      world.now = Math.max(world.now, RIG_NOW) + 45 * DAY;
      const never = { at: 1e9, moment: 'before' as const };
      await runVerb(world, 'archive', never, false);
      for (const place of [0, 1] as const) copy(world, place, -1);
      await runVerb(world, 'purge', never, false);
      for (const index of world.closed) {
        if (world.touched.has(index)) continue;
        assert.notEqual(
          ledger.file(root, pathOf(index))?.purged ?? null,
          null,
          `${pathOf(index)} is not purged`,
        );
        purged += 1;
        for (const form of [pathOf(index), `${pathOf(index)}.zst`])
          assert.equal(existsSync(join(root, form)), false, form);
      }
      rmSync(root, { recursive: true, force: true });
    }),
    { numRuns: 120 },
  );
  assert.ok(purged > 30, `only ${purged} parts came to their end`);
});
