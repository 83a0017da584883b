import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig } from '../../../test/rig/pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import { type Episode, nextTelling, QUIET, type Telling } from './episode.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-c', script, 'sh', ...words];
const PICKY = { from: 'inbox', run: sh('! grep -q bad "$1" && cp "$1" "$2/$3"', '{in}', '{out}', '{name}') };

/** What people are told after an episode, from what the ledger holds. */
function telling(rig: PipelineRig, { ended, id, files, ...rest }: Episode): Promise<Telling | undefined> {
  return rig.ledger(async (ledger) => {
    const failing = await ledger.failing({ ended, id, files });
    const known = { ended, id, files, ...rest };
    return nextTelling(known, failing, systemClock.now(), { digestMs: 0, held: false });
  });
}

test('a corrected delivery under the same name ends an episode, once it is done', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { steps: { A: PICKY } });
  rig.deliver('a.in', 'bad\n');
  await rig.work();
  const first = await telling(rig, QUIET);
  assert.deepEqual([first?.what, first?.news.length], ['first', 1]);
  const told = first?.next ?? QUIET;
  assert.equal(await telling(rig, told), undefined);
  rig.deliver('a.in', 'corrected\n');
  // It came in, and waits for its turn: it may fail again.
  const held = rig.start();
  await held.pipeline.hold('a test');
  await held.settle();
  await held.stop();
  assert.equal(await rig.state('a.in'), 'ready');
  assert.equal(await telling(rig, told), undefined);
  const running = rig.start();
  await running.pipeline.resume();
  await running.settle();
  await running.stop();
  assert.equal(await rig.state('a.in'), 'done');
  const over = await telling(rig, told);
  assert.equal(over?.what, 'over');
  // What fails then is told at once.
  rig.deliver('a.in', 'bad again\n');
  await rig.work();
  const next = await telling(rig, over?.next ?? QUIET);
  assert.deepEqual([next?.what, next?.news.length], ['first', 1]);
});
