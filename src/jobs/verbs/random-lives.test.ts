import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import * as v from 'valibot';
import { Crash, CRASH_MOMENTS, crashingFiles, type CrashMoment } from '../../../test/rig/crashing-files.ts';
import { leakCheck, testStateId } from '../../../test/rig/leaks.ts';
import {
  crashingLedger,
  memoryFolder,
  put,
  putParts,
  RIG_NOW,
  rigLedger,
  verbContext,
} from '../../../test/rig/lifecycle.ts';
import { NO_RSYNC } from '../../../test/rig/sshd.ts';
import { systemClock } from '../../core/clock.ts';
import type { Ledger } from '../../core/ledger.ts';
import type { VerbContext, VerbOutcome } from '../../core/verb.ts';
import { archiveOptions } from './archive/options.ts';
import { createPacking } from './archive/packing.ts';
import { runArchive } from './archive/run.ts';
import { purgeOptions } from './purge/options.ts';
import { runPurge } from './purge/run.ts';
import type { Far } from '../far/far.ts';
import { syncOptions } from './sync/options.ts';
import { runSync } from './sync/run.ts';

/** As lifecycle.test.ts, with the real `sync` and a real rsync instead of a model: fewer lives, since each takes processes. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

type Kill = { readonly at: number; readonly moment: CrashMoment };
type Act =
  | { readonly do: 'close' | 'rot' | 'again' | 'lose' | 'decay'; readonly part: number }
  | { readonly do: 'archive' | 'sync' | 'purge'; readonly kill: Kill }
  | { readonly do: 'refused' }
  | { readonly do: 'clock'; readonly ms: number };

const part = fc.nat(2);
const kill = fc.record({
  at: fc.oneof(fc.constant(1e9), fc.nat(30)),
  moment: fc.constantFrom(...CRASH_MOMENTS),
});
const verb = (name: 'archive' | 'sync' | 'purge') => fc.record({ do: fc.constant(name), kill });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), part }) },
  { weight: 3, arbitrary: verb('archive') },
  { weight: 5, arbitrary: verb('sync') },
  { weight: 4, arbitrary: verb('purge') },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('rot' as const, 'again' as const, 'lose' as const, 'decay' as const),
      part,
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'refused' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      ms: fc.constantFrom(-40 * DAY, -HOUR, HOUR, 3 * DAY, 40 * DAY),
    }),
  },
);

const pathOf = (index: number): string => `2026-11-1${index}/2026-11-1${index}T0${index}.ndjson`;
const textOf = (index: number): string => `{"part":${index}}\n`.repeat(1 + index * 40);

interface World {
  readonly root: string;
  readonly there: string;
  readonly ledger: Ledger;
  readonly closed: Set<number>;
  /** Parts that a stranger laid hands on, here. */
  readonly touched: Set<number>;
  now: number;
}

function contextOf({ now, root }: World, job: string, ledger: Ledger): VerbContext {
  const env = { PATH: process.env['PATH'] ?? '', VAHTI_LIFE: `${testStateId}/${job}` };
  const given = verbContext(ledger, root, { job, now, env });
  const sleep = async (ms: number, signal?: AbortSignal): Promise<boolean> =>
    ms >= 10_000 ? signal?.aborted !== true : systemClock.sleep(ms, signal);
  return { ...given, clock: { ...given.clock, sleep } };
}

/** Runs a verb that dies at an operation of the disk, a call of the ledger, or a step at the far side. */
async function run(
  world: World,
  name: 'archive' | 'sync' | 'purge',
  { at, moment }: Kill,
  more: object = {},
): Promise<VerbOutcome | undefined> {
  const { root, there } = world;
  const dying = crashingFiles(at, moment);
  const proved: Ledger['proved'] = (...words) => dying.call('proved', () => world.ledger.proved(...words));
  const ledger = { ...crashingLedger(world.ledger, dying.call), proved };
  const context = contextOf(world, name, ledger);
  const step = async <T>(what: string, does: () => Promise<T>): Promise<T> => {
    dying.call(`${what} begins`, () => undefined);
    const value = await does();
    dying.call(`${what} ends`, () => undefined);
    return value;
  };
  const far = (real: Far): Far => ({
    ...real,
    send: (from, load) => step('send', () => real.send(from, load)),
    checksums: (load, durably) => step('checksums', () => real.checksums(load, durably)),
    ...more,
  });
  const { files } = dying;
  const means = { files, packing: createPacking(files), writers: { has: () => false } };
  const running =
    name === 'archive'
      ? runArchive(v.parse(archiveOptions, { root, jobs: 1 }), context, means)
      : name === 'purge'
        ? runPurge(v.parse(purgeOptions, { root, older: '1d', 'proved-by': 'sync' }), context, means)
        : runSync(v.parse(syncOptions, { root, to: there, reverify: 'all' }), context, { files, far });
  const before = looksOf(root);
  const outcome = await running.catch((thrown: unknown) => {
    if (thrown instanceof Crash) return undefined;
    throw thrown;
  });
  proveKept(world, before, name);
  return outcome;
}

/** What lies below a folder by path, archives unpacked as far as they can be read. */
function looksOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const paths = names.map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
  const content = (path: string): string => {
    const data = readFileSync(join(folder, path));
    try {
      return (path.endsWith('.zst') ? zstdDecompressSync(data) : data).toString();
    } catch {
      return `rotten: ${data.toString('hex')}`;
    }
  };
  return Object.fromEntries(
    paths.filter((path) => !path.startsWith('.vahti')).map((path) => [path, content(path)]),
  );
}

/** What is not here any more after a verb lies in its archive here or, after a purge, over there: the very bytes. */
function proveKept({ root, there }: World, before: Readonly<Record<string, string>>, name: string): void {
  const [after, far] = [looksOf(root), looksOf(there)];
  for (const [path, content] of Object.entries(before)) {
    if (path.endsWith('.tmp')) continue;
    if (path in after) assert.equal(after[path], content, `${name} changed ${path}`);
    else if (name === 'archive') assert.equal(after[`${path}.zst`], content, `archive deleted ${path}`);
    else {
      assert.equal(name, 'purge', `${name} deleted ${path}`);
      const plain = path.replace(/\.zst$/, '');
      assert.ok(
        [far[plain], far[`${plain}.zst`]].includes(content),
        `purge deleted ${path}, which is not elsewhere`,
      );
    }
  }
}

const NEVER: Kill = { at: 1e9, moment: 'before' };

/** Changes the bytes of a part under their size and time, wherever below a folder it lies. */
function rot(folder: string, index: number): boolean {
  const found = [pathOf(index), `${pathOf(index)}.zst`]
    .map((path) => join(folder, path))
    .filter((path) => existsSync(path));
  for (const path of found) {
    const { mtimeMs } = statSync(path);
    const data = readFileSync(path);
    // The magic number of an archive, too: it can't be read then.
    data[0] = (data[0] ?? 0) ^ 1;
    writeFileSync(path, data);
    utimesSync(path, mtimeMs / 1000, mtimeMs / 1000);
  }
  return found.length > 0;
}

async function perform(world: World, step: Act): Promise<void> {
  const { root, there, closed, touched } = world;
  switch (step.do) {
    case 'close':
      if (!closed.has(step.part)) putParts(root, { [pathOf(step.part)]: textOf(step.part) });
      closed.add(step.part);
      return;
    case 'rot':
      if (rot(root, step.part)) touched.add(step.part);
      return;
    case 'again':
      if (!closed.has(step.part) || existsSync(join(root, pathOf(step.part)))) return;
      touched.add(step.part);
      put(root, pathOf(step.part), 'late lines\n');
      return;
    case 'lose':
    case 'decay':
      if (step.do === 'decay') rot(there, step.part);
      else
        for (const path of [pathOf(step.part), `${pathOf(step.part)}.zst`])
          rmSync(join(there, path), { force: true });
      // Found out by the next run, which reads all of it back.
      await run(world, 'sync', NEVER);
      return;
    case 'refused': {
      const trouble = { reason: 'the far side refuses', passing: true };
      await run(world, 'sync', NEVER, { send: async () => ({ complaint: () => undefined, trouble }) });
      return;
    }
    case 'clock':
      world.now += step.ms;
      return;
    default:
      await run(world, step.do, step.kill);
  }
}

test('property: with a real rsync, over crashes, failures, decay and clock jumps, nothing unproved is deleted, and a rerun comes to the same end', {
  skip: NO_RSYNC,
}, async (t) => {
  leakCheck(t);
  const base = memoryFolder(t);
  const ledger = rigLedger(t, base);
  let count = 0;
  let purged = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 6, maxLength: 14 }), async (steps) => {
      const [root, there] = [join(base, `here${(count += 1)}`), join(base, `there${count}`)];
      mkdirSync(there);
      const world: World = { root, there, ledger, closed: new Set(), touched: new Set(), now: RIG_NOW };
      for (const index of [0, 1]) await perform(world, { do: 'close', part: index });
      for (const step of steps) await perform(world, step);
      // A day on which all goes well, and one on which nothing is left to do.
      world.now = Math.max(world.now, RIG_NOW) + 45 * DAY;
      for (const name of ['archive', 'sync', 'purge'] as const) await run(world, name, NEVER);
      for (const index of world.closed) {
        if (world.touched.has(index)) continue;
        assert.notEqual(
          ledger.file(root, pathOf(index))?.purged ?? null,
          null,
          `${pathOf(index)} is not purged`,
        );
        for (const form of [pathOf(index), `${pathOf(index)}.zst`])
          assert.equal(existsSync(join(root, form)), false, form);
        purged += 1;
      }
      const end = [looksOf(root), looksOf(there)];
      for (const name of ['archive', 'sync', 'purge'] as const) await run(world, name, NEVER);
      assert.deepEqual([looksOf(root), looksOf(there)], end, 'a rerun changes nothing');
      for (const folder of [root, there]) rmSync(folder, { recursive: true, force: true });
    }),
    { numRuns: 12 },
  );
  assert.ok(purged > 5, `only ${purged} parts came to their end`);
});
