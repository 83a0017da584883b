import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig } from '../../../test/rig/pipeline.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { FailedFile } from '../ledger/failing.ts';
import { type Episode, nextTelling, QUIET, type Telling } from './episode.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-c', script, 'sh', ...words];
const PICKY = { from: 'inbox', run: sh('! grep -q bad "$1" && cp "$1" "$2/$3"', '{in}', '{out}', '{name}') };

/** What people are told after an episode, from what the ledger holds. */
function telling(rig: PipelineRig, { ended, id, files, ...rest }: Episode): Promise<Telling | undefined> {
  return rig.ledger(async (ledger) => {
    const failing = await ledger.failing({ ended, id, files, most: 10 });
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

/** A wall clock that is so far ahead. */
function later(days: number): Clock {
  const ms = days * 86_400_000;
  return {
    ...systemClock,
    now: () => systemClock.now() + ms,
    micros: () => systemClock.micros() + ms * 1000,
  };
}

test('an old failure is no news when something else is done of its file: told is what failed since', async (t) => {
  leakCheck(t);
  const day = {
    from: 'inbox',
    each: 'group',
    names: '{day}-{n}.in',
    key: '{day}',
    merge: true,
    run: sh(
      `touch "$1"; { cat "$1"; xargs cat < "$2"; } > "$3/$4.day"
       printf '{"product":"./%s.day","complete":false}\\n' "$4" >> "$VAHTI_PRODUCTS"`,
      '{target}',
      '{list}',
      '{out}',
      '{day}',
    ),
    to: 'D/{stem}.day',
    incomplete: 'D/{stem}U.day',
    'complete-after': '7d',
  };
  const rig = pipelineRig(t, { parallel: 1, steps: { A: PICKY, D: day } });
  const news = (known: Pick<FailedFile, 'ended' | 'id'>): Promise<readonly FailedFile[]> =>
    rig.ledger(async (ledger) => (await ledger.failing({ ...known, files: [], most: 10 })).news);
  rig.deliver('mon-1.in', 'bad\n');
  await rig.work();
  const [first] = await news(QUIET);
  assert.equal(first?.why, 'A: exit code 1');
  await rig.work(undefined, { clock: later(8) });
  assert.deepEqual(Object.keys(rig.products()), ['D/mon.day'], 'complete by time');
  assert.deepEqual(await news(first), []);
  // It came to its end once more all the same: its log files name the product anew.
  const ended = await rig.ledger((ledger) => ledger.endedSince(first.ended, first.id, 10));
  assert.deepEqual(
    ended.map(({ path, state }) => [path, state]),
    [['mon-1.in', 'partial']],
  );
  // What is tried again and fails as before has failed since.
  const running = rig.start(undefined, { clock: later(9) });
  await running.pipeline.retry({ path: 'mon-1.in' });
  await running.settle();
  await running.stop();
  assert.deepEqual(
    (await news(first)).map(({ path, why }) => [path, why]),
    [['mon-1.in', 'A: exit code 1']],
  );
});

test('what an inbox refuses is news, and again when it went on and failed', async (t) => {
  leakCheck(t);
  const inbox = { root: 'incoming', match: '*.in', settle: '10ms', scan: '1h', 'on-same-name': 'error' };
  const rig = pipelineRig(t, { inbox, steps: { A: PICKY } });
  rig.deliver('a.in', 'good\n');
  await rig.work();
  rig.deliver('a.in', 'bad\n');
  await rig.work();
  const refused = await telling(rig, QUIET);
  assert.match(refused?.news[0]?.why ?? '', /^its name was there before/);
  const running = rig.start();
  assert.equal(await running.pipeline.goOn(refused?.next.files ?? []), 1);
  await running.settle();
  await running.stop();
  const failed = await telling(rig, refused?.next ?? QUIET);
  assert.deepEqual(
    failed?.news.map(({ why }) => why),
    ['A: exit code 1'],
  );
});
