import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { LedgerFile } from '../ledger/types.ts';
import { childrenOf } from '../lineage.ts';
import { offlineView } from '../status/offline.ts';
import { lineageLines } from './lineage-lines.ts';
import { fileMeant, tellStory } from './story.ts';

const INPUTS = 250;
const PRODUCTS = 30;
const CONFIG = {
  inbox: { root: 'incoming', match: '**/*.in', settle: '10ms', scan: '1h' },
  steps: {
    ALL: {
      from: 'inbox',
      each: 'batch',
      batch: INPUTS,
      wait: '1h',
      run: ['sh', '-c', `for at in $(seq ${PRODUCTS}); do : > "$1/$at.all"; done`, 'sh', '{out}'],
    },
  },
};
const SIGNAL = new AbortController().signal;

test('of a task with very many inputs and products a story reads what it shows', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  for (let at = 0; at < INPUTS; at++) rig.deliver(`${at}.in`, `${at}`);
  await rig.work();
  await rig.ledger(async (whole) => {
    let rows = 0;
    const counted = <A extends unknown[], T>(ask: (...asked: A) => Promise<readonly T[]>) =>
      async function counting(...asked: A): Promise<readonly T[]> {
        const found = await ask(...asked);
        rows += found.length;
        return found;
      };
    const [inputsOf, productsOf] = [counted(whole.inputsOf), counted(whole.productsOf)];
    const ledger = { ...whole, inputsOf, productsOf };
    const view = await offlineView('p', planOf(rig.folder, CONFIG), ledger, join(rig.folder, 'state/logs'));
    const product = await fileMeant(view, '7.all');
    assert.ok(product !== undefined);
    const { from, tasks } = await tellStory(view, product, { clock: systemClock, signal: SIGNAL });
    assert.deepEqual([from.length, from.at(-1)?.shown], [200, 'cut']);
    assert.deepEqual(
      tasks.map(({ inputs, files, products, moreProducts }) => [
        inputs,
        files.length,
        products.length,
        moreProducts,
      ]),
      [[INPUTS, 5, 20, PRODUCTS - 20]],
    );
    assert.ok(rows <= 5 + 20 + 201, `${rows} rows`);
  });
});

test('a lineage is told with pauses for others, and cut where it takes too long', async () => {
  let [passed, pauses] = [0, 0];
  const clock = { monotonic: () => passed, sleep: async () => ++pauses > 0 };
  const file = (id: number): LedgerFile => ({ ...A_FILE, id, path: `${id}` });
  const slow = <T>(value: T): T => {
    passed += 20;
    return value;
  };
  const ledger = {
    tasksOn: async (id: number) => (id > 1 ? [] : Array.from({ length: 150 }, (_, at) => ({ id: at + 2 }))),
    productsOf: async (task: number) => slow([file(task)]),
  } as unknown as LedgerReader;
  const plan = planOf('/data', CONFIG);
  const lines = await lineageLines({ plan, ledger }, file(1), childrenOf, { clock, signal: SIGNAL });
  assert.ok(lines.length > 20 && lines.length < 100, `${lines.length} lines`);
  assert.equal(lines.at(-1)?.shown, 'cut');
  assert.ok(pauses > 20, `${pauses} pauses`);
  // Nobody waits for it any more.
  const over = { clock, signal: AbortSignal.abort() };
  assert.deepEqual(await lineageLines({ plan, ledger }, file(1), childrenOf, over), []);
});

const A_FILE: LedgerFile = {
  id: 1,
  kind: 'inbox',
  origin: 'inbox',
  path: '1',
  rev: 0,
  state: 'done',
  ino: '1',
  size: 1,
  mtimeNs: '1',
  why: null,
  due: null,
  firstSeen: 0,
  settledAt: 0,
  ended: 0,
};
