import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readLedger } from '../../src/pipeline/ledger/sqlite.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { FROM_SOURCE, ROOT, startVahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/**
 * B1, B2, I1–I3 with real processes: SIGKILL of a pipeline's runner before or after one operation on its disk, from its claim over
 * its intent and its renames to its commit, while steps split, group and merge. Then it is started again and goes on to the end.
 * The oracle: every line of every input lies in exactly one product, once; each input is done; no run's folder is left.
 */
const CASES = Number(process.env['VAHTI_FAULT_CASES'] ?? 40);
const AT_ONCE = 2;
const MOMENTS = ['before', 'after'] as const;
const INPUTS = 4;
const KEYS = ['x', 'y', 'z'];

const SPLIT = `awk -v out="$2" -v s="$3" '{ f = out "/" s "_" $1 ".lb"; print $2 >> f; close(f) }' "$1"`;
const MERGE = 'touch "$1"; { cat "$1"; xargs cat < "$2"; } | sort > "$3/$4.day"';
const CONFIG = {
  services: {
    tm: {
      pipeline: {
        inbox: { root: 'incoming', match: '*.in', settle: '10ms', scan: '1s' },
        parallel: 2,
        steps: {
          LB: { from: 'inbox', run: ['sh', '-ec', SPLIT, 'sh', '{in}', '{out}', '{stem}'], to: 'LB/{name}' },
          L0: {
            from: 'LB',
            each: 'group',
            names: '{source}_{svc}.lb',
            key: '{svc}',
            merge: true,
            run: ['sh', '-ec', MERGE, 'sh', '{target}', '{list}', '{out}', '{svc}'],
            to: 'L0/{name}',
          },
        },
      },
    },
  },
};

function newFolder(t: TestContext): string {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'vahti.yaml'), JSON.stringify(CONFIG));
  mkdirSync(join(folder, 'incoming'));
  for (let file = 0; file < INPUTS; file++)
    writeFileSync(join(folder, `incoming/f${file}.in`), KEYS.map((key) => `${key} ${key}${file}\n`).join(''));
  return folder;
}

async function isOver(folder: string): Promise<boolean> {
  const opened = readLedger(join(folder, '.vahti/pipelines/tm'), 'tm');
  if (!opened.ok) return false;
  const tally = await opened.value.inboxTally();
  opened.value.close();
  return tally.some(({ state, count }) => state === 'done' && count === INPUTS);
}

/** Runs the program to the end of its work, or to its death. */
async function runOnce(t: TestContext, folder: string, crash?: string): Promise<void> {
  const mark = join(folder, 'mark');
  const hook = join(ROOT, 'test/rig/crash-hook.ts');
  const env =
    crash === undefined
      ? undefined
      : { ...FROM_SOURCE, RIG_CRASH: crash, RIG_CRASH_MARK: mark, NODE_OPTIONS: `--import=${hook}` };
  const running = startVahti(t, ['run', 'tm'], folder, env);
  await until(async () => running.over() || (await isOver(folder)), {
    deadlineMs: 60_000,
    what: `the work to be over (${crash ?? 'undisturbed'}): ${JSON.stringify(running.output())}`,
  });
  if (!running.over()) running.kill('SIGTERM');
  await within(running.ended, { deadlineMs: 20_000, what: 'the runner to end' });
}

function check(folder: string, what: string): void {
  const days = join(folder, 'products/L0');
  for (const key of KEYS) {
    const lines = readFileSync(join(days, `${key}.day`), 'utf8')
      .split('\n')
      .slice(0, -1);
    assert.deepEqual(
      lines,
      Array.from({ length: INPUTS }, (_, file) => `${key}${file}`),
      `${what}: ${key}`,
    );
  }
  assert.deepEqual(readdirSync(join(folder, '.vahti/pipelines/tm/work')), [], what);
}

async function runCase(t: TestContext, crash: string): Promise<void> {
  const folder = newFolder(t);
  await runOnce(t, folder, crash);
  // Where the death came last of all, its work was over.
  if (!(await isOver(folder))) await runOnce(t, folder);
  assert.ok(await isOver(folder), crash);
  assert.ok(existsSync(join(folder, 'mark')), `${crash}: the crash never happened`);
  check(folder, crash);
}

test('whatever operation a pipeline is killed at, each input is in its products once', async (t) => {
  leakCheck(t);
  const counted = newFolder(t);
  await runOnce(t, counted, 'count');
  const operations = Number(readFileSync(join(counted, 'mark'), 'utf8'));
  check(counted, 'undisturbed');
  // How inputs are grouped depends on how fast runs are: the last few operations may not come in every run.
  const last = Math.floor(operations * 0.7);
  const cases = Array.from({ length: CASES }, (_, index) => {
    const at = Math.floor((index * last) / CASES);
    return `${at}:${MOMENTS[index % MOMENTS.length] ?? 'before'}:collector`;
  });
  t.diagnostic(`${operations} operations, ${cases.length} cases`);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let crash = cases[next++]; crash !== undefined; crash = cases[next++]) await runCase(t, crash);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
});
