import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig, type PipelineRig, resolved, untilTraced } from '../../test/rig/pipeline.ts';
import { until } from '../../test/rig/wait.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { lineageOf } from './lineage.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-ec', script, 'sh', ...words];

/** Adds lines to what is there. It is complete when its last line, in order, is the end of the day. */
const MERGE = sh(
  `touch "$1"; { cat "$1"; xargs cat < "$2"; } | sort > "$3/$4.day"; echo "merge $4" >> "$TRACE"
   tail -1 "$3/$4.day" | grep -q end && c=true || c=false
   printf '{"product":"./%s.day","complete":%s}\\n' "$4" $c >> "$VAHTI_PRODUCTS"`,
  '{target}',
  '{list}',
  '{out}',
  '{day}',
);
const DAY = {
  from: 'inbox',
  each: 'group',
  names: '{day}-{n}.in',
  key: '{day}',
  merge: true,
  run: MERGE,
  to: 'L1/{stem}_V{version:02}.day',
  incomplete: 'L1/{stem}_V{version:02}U.day',
};
const COUNT = {
  from: 'L1',
  run: sh(
    'wc -l < "$1" | tr -d " " > "$2/$3"; echo "count $4" >> "$TRACE"',
    '{in}',
    '{out}',
    '{stem}',
    '{name}',
  ),
  to: 'L2/{name}',
};
const STEPS = { L1: DAY, L2: COUNT };

async function contents(rig: PipelineRig): Promise<readonly string[]> {
  return rig.ledger(async (ledger) => {
    const all = await ledger.products({ limit: 100 });
    return all.map(({ path, complete }) => `${path} ${complete ? 'complete' : 'growing'}`);
  });
}

test('a product that may still grow lies at its own place until it is complete', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { parallel: 1, steps: STEPS });
  rig.deliver('mon-1.in', '1\n');
  await rig.work();
  assert.deepEqual(rig.products(), { 'L1/mon_V01U.day': '1\n', 'L2/mon_V01': '1\n' });
  rig.deliver('mon-2.in', '2\n');
  await rig.work();
  assert.deepEqual(rig.products(), { 'L1/mon_V01U.day': '1\n2\n', 'L2/mon_V01': '2\n' });
  assert.deepEqual(await contents(rig), ['L1/mon_V01U.day growing', 'L2/mon_V01 complete']);
  rig.deliver('mon-3.in', 'end\n');
  await rig.work();
  assert.deepEqual(rig.products(), { 'L1/mon_V01.day': '1\n2\nend\n', 'L2/mon_V01': '3\n' });
  assert.deepEqual(await contents(rig), ['L1/mon_V01.day complete', 'L2/mon_V01 complete']);
  // The next level is one product all the time: it is called after the complete one.
  assert.deepEqual(
    rig.trace().filter((line) => line.startsWith('count')),
    Array(3).fill('count mon_V01.day'),
  );
});

test('a late input makes a complete product one that may grow again; there never are two of it', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { parallel: 1, steps: STEPS });
  rig.deliver('mon-1.in', 'end\n');
  await rig.work();
  assert.deepEqual(Object.keys(rig.products()), ['L1/mon_V01.day', 'L2/mon_V01']);
  rig.deliver('mon-2.in', 'late\n');
  await rig.work();
  assert.deepEqual(rig.products(), { 'L1/mon_V01U.day': 'end\nlate\n', 'L2/mon_V01': '2\n' });
  assert.deepEqual(await contents(rig), ['L1/mon_V01U.day growing', 'L2/mon_V01 complete']);
  rig.deliver('mon-3.in', 'then the end\n');
  await rig.work();
  assert.deepEqual(rig.products(), { 'L1/mon_V01.day': 'end\nlate\nthen the end\n', 'L2/mon_V01': '3\n' });
});

test('versions are products of their own: one that grows never touches the complete one of another version', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { parallel: 1, steps: STEPS });
  rig.deliver('mon-1.in', 'end\n');
  await rig.work();
  rig.deliver('mon-2.in', '2\n');
  await rig.work({ parallel: 1, version: 2, steps: STEPS });
  assert.deepEqual(rig.products(), {
    'L1/mon_V01.day': 'end\n',
    'L1/mon_V02U.day': '2\n',
    'L2/mon_V01': '1\n',
    'L2/mon_V02': '1\n',
  });
});

test('a step that takes only what is complete, and what it comes from', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { parallel: 1, steps: { L1: DAY, L2: { ...COUNT, only: 'complete' } } });
  rig.deliver('mon-1.in', '1\n');
  await rig.work();
  assert.deepEqual(Object.keys(rig.products()), ['L1/mon_V01U.day']);
  rig.deliver('mon-2.in', 'end\n');
  await rig.work();
  assert.deepEqual(rig.products(), { 'L1/mon_V01.day': '1\nend\n', 'L2/mon_V01': '2\n' });
  const running = rig.start();
  const file = (await running.pipeline.ledger.filesAt('L2/mon_V01'))[0];
  assert.ok(file !== undefined);
  const { from } = await lineageOf(running.pipeline, file);
  await running.stop();
  // What was merged while it was called otherwise belongs to it.
  assert.deepEqual(
    from.map(({ path, next }) => [path, next.map((input) => input.path)]),
    [
      [
        join(rig.folder, 'products/L1/mon_V01.day'),
        ['mon-1.in', 'mon-2.in'].map((name) => join(rig.folder, 'incoming', name)),
      ],
    ],
  );
});

const DAY_MS = 86_400_000;

/** The clock of this machine, some days later. */
function later(days: number): Clock {
  const { now, micros } = systemClock;
  return { ...systemClock, now: () => now() + days * DAY_MS, micros: () => micros() + days * DAY_MS * 1000 };
}

test('complete-after: what has not grown for long enough is put to its place without a run, and the next level gets it', async (t) => {
  leakCheck(t);
  const steps = { L1: { ...DAY, 'complete-after': '7d' }, L2: COUNT };
  const rig = pipelineRig(t, { parallel: 1, steps });
  rig.deliver('mon-1.in', '1\n');
  await rig.work();
  rig.deliver('tue-1.in', '1\n');
  await rig.work(undefined, { clock: later(5) });
  rig.deliver('mon-2.in', '2\n');
  await rig.work(undefined, { clock: later(6) });
  // What came on the sixth day counts: nothing has grown for a week but tuesday.
  await rig.work(undefined, { clock: later(12.5) });
  assert.deepEqual(Object.keys(rig.products()), [
    'L1/mon_V01U.day',
    'L1/tue_V01.day',
    'L2/mon_V01',
    'L2/tue_V01',
  ]);
  const before = rig.trace().length;
  await rig.work(undefined, { clock: later(13.1) });
  assert.deepEqual(rig.products(), {
    'L1/mon_V01.day': '1\n2\n',
    'L1/tue_V01.day': '1\n',
    'L2/mon_V01': '2\n',
    'L2/tue_V01': '1\n',
  });
  assert.deepEqual(rig.trace().slice(before), ['count mon_V01.day']);
  assert.deepEqual(await contents(rig), [
    'L1/mon_V01.day complete',
    'L1/tue_V01.day complete',
    'L2/mon_V01 complete',
    'L2/tue_V01 complete',
  ]);
  assert.deepEqual([await rig.state('mon-1.in'), await rig.state('tue-1.in')], ['done', 'done']);
  // It merges into what time has made complete.
  rig.deliver('mon-3.in', '3\n');
  await rig.work(undefined, { clock: later(20) });
  assert.equal(rig.products()['L1/mon_V01U.day'], '1\n2\n3\n');
  assert.equal(rig.products()['L1/mon_V01.day'], undefined);
});

test('time completes nothing that is held, waits for an input, or has changed on the disk', async (t) => {
  leakCheck(t);
  const steps = { L1: { ...DAY, 'complete-after': '1d' } };
  const rig = pipelineRig(t, { parallel: 1, steps });
  rig.deliver('mon-1.in', '1\n');
  rig.deliver('tue-1.in', '1\n');
  await rig.work();
  const held = rig.start();
  await held.pipeline.hold('a test');
  rig.deliver('mon-2.in', '2\n');
  await held.settle();
  await held.stop();
  await rig.work(undefined, { clock: later(3) });
  assert.deepEqual(Object.keys(rig.products()), ['L1/mon_V01U.day', 'L1/tue_V01U.day']);
  await rig.ledger(async (ledger) => {
    const grown = await ledger.grown('L1', Number.MAX_SAFE_INTEGER, 10);
    assert.deepEqual(
      grown.map(({ path }) => path),
      ['L1/tue_V01U.day'],
    );
  });
  writeFileSync(join(rig.folder, 'products/L1/tue_V01U.day'), 'by hand\n');
  const going = rig.start(undefined, { clock: later(3) });
  await going.pipeline.resume();
  await going.settle();
  await going.stop();
  assert.deepEqual(rig.products(), { 'L1/mon_V01U.day': '1\n2\n', 'L1/tue_V01U.day': 'by hand\n' });
});

test('of a run that fails while its input is replaced nothing has failed', async (t) => {
  leakCheck(t);
  const slow = sh(
    'echo "reads $2" >> "$TRACE"; until [ -e go ]; do sleep 0.02; done; cp "$1" "$3/$2"',
    '{in}',
    '{stem}',
    '{out}',
  );
  const rig = pipelineRig(t, { parallel: 2, steps: { L1: DAY, L2: { ...COUNT, run: slow } } });
  rig.deliver('mon-1.in', '1\n');
  const running = rig.start();
  await running.pipeline.look();
  await untilTraced(rig, 'reads mon_V01');
  rig.deliver('mon-2.in', 'end\n');
  await running.pipeline.look();
  await until(() => existsSync(join(rig.folder, 'products/L1/mon_V01.day')), {
    what: 'the complete product',
  });
  writeFileSync(join(rig.folder, 'go'), '');
  await running.settle();
  await running.stop();
  assert.deepEqual(await rig.failures(), []);
  assert.deepEqual(rig.products(), { 'L1/mon_V01.day': '1\nend\n', 'L2/mon_V01': '1\nend\n' });
  assert.deepEqual([await rig.state('mon-1.in'), await rig.state('mon-2.in')], ['done', 'done']);
});

test('a product in the place of another one, or of its other form, fails the run', async (t) => {
  leakCheck(t);
  const A = {
    from: 'inbox',
    run: sh(
      'cp "$1" "$2/same"; printf \'{"product":"same","complete":%s}\\n\' $(cat "$1") >> "$VAHTI_PRODUCTS"',
      '{in}',
      '{out}',
    ),
    to: 'A/{name}',
    incomplete: 'A/{name}U',
  };
  const rig = pipelineRig(t, { parallel: 1, steps: { A } });
  rig.deliver('a.in', 'true');
  rig.deliver('b.in', 'false');
  await rig.work();
  assert.deepEqual(rig.products(), { 'A/same': 'true' });
  assert.match(
    (await rig.failures()).join('; '),
    /^A: cannot put a product at A\/same: what is there was made of other inputs/,
  );
});

test('mistakes in where products lie that may still grow', (t) => {
  const rig = pipelineRig(t);
  const run = ['cp', '{in}', '{out}'];
  const { diagnostics } = resolved(rig.folder, {
    inbox: { root: 'incoming', match: '*' },
    steps: {
      A: { from: 'inbox', run, to: 'A/{name}', incomplete: 'A/{name}' },
      B: { from: 'inbox', run, to: 'B/{name}', incomplete: '../{nam}' },
    },
  });
  assert.deepEqual(
    diagnostics.map(({ message }) => message.replace(/; there are.*/, '')),
    [
      'cannot tell products that may still grow from complete ones: it is the same as "to"',
      'cannot say {nam} in "../{nam}", did you mean "name"?',
      'cannot put products at "../{nam}": write a path below "products"',
    ],
  );
});
