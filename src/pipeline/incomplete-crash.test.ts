import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { crashingFiles, type CrashingFiles } from '../../test/rig/crashing-files.ts';
import { leakCheck } from '../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig } from '../../test/rig/pipeline.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { disk, type Files } from '../core/files.ts';
import type { Ledger } from './ledger/ledger.ts';

/**
 * B1, I1, I3 for products that change their place: from where they may grow to where they are complete, back, and by time alone. A
 * runner dies after any operation; at each moment a reader finds one form of the product at least, and in the end one, with each
 * line of the inputs once.
 */
const sh = (script: string, ...words: string[]): string[] => ['sh', '-ec', script, 'sh', ...words];
const MERGE = sh(
  `touch "$1"; { cat "$1"; xargs cat < "$2"; } | sort > "$3/$4.day"
   tail -1 "$3/$4.day" | grep -q end && c=true || c=false
   printf '{"product":"%s.day","complete":%s}\\n' "$4" $c >> "$VAHTI_PRODUCTS"`,
  '{target}',
  '{list}',
  '{out}',
  '{day}',
);
const CONFIG = {
  parallel: 1,
  steps: {
    L1: {
      from: 'inbox',
      each: 'group',
      names: '{day}-{n}.in',
      key: '{day}',
      merge: true,
      run: MERGE,
      to: 'L1/{name}',
      incomplete: 'growing/{name}',
      'complete-after': '7d',
    },
    L2: { from: 'L1', run: ['cp', '{in}', '{out}/{name}'], to: 'L2/{name}' },
  },
};
const FORMS = ['growing/mon.day', 'L1/mon.day'];

interface Change {
  readonly what: string;
  readonly before: readonly string[];
  /** What comes then; by time alone without it. */
  readonly then?: string;
  readonly after: Readonly<Record<string, string>>;
}

const CHANGES: readonly Change[] = [
  {
    what: 'complete',
    before: ['1\n'],
    then: 'end\n',
    after: { 'L1/mon.day': '1\nend\n', 'L2/mon.day': '1\nend\n' },
  },
  {
    what: 'growing again',
    before: ['end\n'],
    then: 'late\n',
    after: { 'L2/mon.day': 'end\nlate\n', 'growing/mon.day': 'end\nlate\n' },
  },
  { what: 'complete by time', before: ['1\n'], after: { 'L1/mon.day': '1\n', 'L2/mon.day': '1\n' } },
];

/** A case in so many is run; all of them by VAHTI_FAULT_CASES=all. */
const EVERY = process.env['VAHTI_FAULT_CASES'] === 'all' ? 1 : 5;
const WEEK_MS = 8 * 86_400_000;
const later: Clock = {
  ...systemClock,
  now: () => systemClock.now() + WEEK_MS,
  micros: () => systemClock.micros() + WEEK_MS * 1000,
};

/** Looks, as a reader would, after each operation. */
function looking(files: Files, look: () => void): Files {
  const around =
    <Words extends unknown[], T>(operation: (...words: Words) => Promise<T>) =>
    async (...words: Words): Promise<T> => {
      const result = await operation(...words);
      look();
      return result;
    };
  return { ...files, rename: around(files.rename), unlink: around(files.unlink) };
}

function mortalLedger(ledger: Ledger, { call }: CrashingFiles): Ledger {
  const writes = ['arrive', 'claim', 'intend', 'finalise', 'succeed', 'end'] as const;
  const around = Object.fromEntries(
    writes.map((name) => [
      name,
      async (...words: unknown[]) =>
        call(name, () => (ledger[name] as (...all: unknown[]) => Promise<unknown>)(...words)),
    ]),
  );
  return { ...ledger, ...around };
}

async function prepared(t: TestContext, { before, then }: Change): Promise<PipelineRig> {
  const rig = pipelineRig(t, CONFIG);
  for (const [index, content] of before.entries()) rig.deliver(`mon-${index}.in`, content);
  await rig.work();
  if (then !== undefined) rig.deliver('mon-then.in', then);
  return rig;
}

test('B1 I3 killed anywhere while a product changes its place: one form at any time, one in the end', async (t) => {
  leakCheck(t);
  let cases = 0;
  for (const change of CHANGES) {
    const clock = change.then === undefined ? later : systemClock;
    const runOnce = async (rig: PipelineRig, at: number): Promise<readonly string[]> => {
      const look = (): void => {
        const there = FORMS.filter((path) => existsSync(join(rig.folder, 'products', path)));
        assert.notEqual(there.length, 0, `${change.what}: no form is there`);
      };
      const crashing = crashingFiles(at, 'after', looking(disk, look));
      const running = rig.start(CONFIG, {
        clock,
        files: crashing.files,
        around: (ledger) => mortalLedger(ledger, crashing),
      });
      await running.settle().catch(() => {});
      await running.stop().catch(() => {});
      look();
      return crashing.done;
    };
    const check = async (rig: PipelineRig, what: string): Promise<void> => {
      assert.deepEqual(rig.products(), change.after, what);
      assert.deepEqual(await rig.failures(), [], what);
      await rig.ledger(async (ledger) => {
        const current = await ledger.products({ limit: 10 });
        assert.deepEqual(
          current.map(({ path }) => path).toSorted(),
          Object.keys(change.after).toSorted(),
          what,
        );
        const open = await ledger.tasks({ states: ['ready', 'running', 'installing'], limit: 10 });
        assert.deepEqual(open, [], what);
      });
    };
    const undisturbed = await prepared(t, change);
    const operations = await runOnce(undisturbed, Number.POSITIVE_INFINITY);
    await check(undisturbed, `${change.what}, undisturbed`);
    for (let at = cases % EVERY; at < operations.length; at += EVERY, cases++) {
      const rig = await prepared(t, change);
      await runOnce(rig, at);
      await rig.work(undefined, { clock });
      await check(rig, `${change.what}, killed after operation ${at}, ${operations[at]}`);
    }
  }
  t.diagnostic(`${cases} cases`);
});
