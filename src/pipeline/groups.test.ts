import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig } from '../../test/rig/pipeline.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-ec', script, 'sh', ...words];
const SPLIT = sh(
  `awk -v out="$2" -v s="$3" '{ f = out "/" s "_" $1 ".lb"; print $2 >> f; close(f) }' "$1"`,
  '{in}',
  '{out}',
  '{stem}',
);
const LB = { from: 'inbox', run: SPLIT, to: 'LB/{name}' };

/** Says when it begins and ends, so that a test sees what ran at the same time. */
const TRACED = 'echo "+$1" >> "$TRACE"; sleep 0.05; echo "-$1" >> "$TRACE"; ';

/** Which words were between a + and its - at the same time as another one. */
function overlaps(trace: readonly string[]): readonly string[] {
  const open: string[] = [];
  const found = new Set<string>();
  for (const line of trace) {
    const word = line.slice(1);
    if (line.startsWith('-')) {
      open.splice(open.indexOf(word), 1);
      continue;
    }
    for (const other of open) found.add([word, other].toSorted().join('+'));
    open.push(word);
  }
  return [...found].toSorted();
}

test('C2 one file becomes many, which are grouped again; two groups at a time, one target never', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    parallel: 4,
    steps: {
      LB: { ...LB, concurrency: 2 },
      L0: {
        from: 'LB',
        each: 'group',
        names: '{source}_{svc}.lb',
        key: '{svc}',
        batch: 1,
        concurrency: 4,
        run: sh(`${TRACED} cat "$2" > "$3/$1_$4"`, '{svc}', '{list}', '{out}', '{attempt}'),
        to: 'L0/{name}',
      },
    },
  });
  rig.deliver('a.in', 'x 1\ny 2\n');
  rig.deliver('b.in', 'x 3\ny 4\n');
  rig.deliver('c.in', 'x 5\ny 6\n');
  await rig.work();
  const trace = rig.trace();
  assert.equal(trace.length, 12);
  assert.deepEqual(overlaps(trace), ['x+y']);
});

const DAY = 'touch "$1"; { cat "$1"; xargs cat < "$2"; } | sort > "$3/$4.day"';
const MERGED = {
  from: 'LB',
  each: 'group',
  names: '{source}_{svc}.lb',
  key: '{svc}',
  merge: true,
  run: sh(DAY, '{target}', '{list}', '{out}', '{svc}'),
  to: 'L0/{name}',
};

function days(rig: PipelineRig): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(rig.products()).filter(([path]) => path.startsWith('L0/')));
}

test('C5 I2 one by one, all at once, in any order: the same products', async (t) => {
  leakCheck(t);
  const inputs: readonly (readonly [string, string])[] = [
    ['a.in', 'x 1\ny 2\n'],
    ['b.in', 'x 3\nz 4\n'],
    ['c.in', 'y 5\n'],
  ];
  const config = { steps: { LB, L0: MERGED } };
  const made = async (own: TestContext, order: readonly number[], atOnce: boolean) => {
    const rig = pipelineRig(own, config);
    for (const index of order) {
      const [name, text] = inputs[index] ?? ['', ''];
      rig.deliver(name, text);
      if (!atOnce) await rig.work();
    }
    await rig.work();
    assert.deepEqual(await rig.failures(), []);
    return days(rig);
  };
  const wanted = { 'L0/x.day': '1\n3\n', 'L0/y.day': '2\n5\n', 'L0/z.day': '4\n' };
  assert.deepEqual(await made(t, [0, 1, 2], true), wanted);
  assert.deepEqual(await made(t, [0, 1, 2], false), wanted);
  assert.deepEqual(await made(t, [2, 1, 0], false), wanted);
});

test('a new product joins the task of its key that waits, up to `batch`', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    parallel: 1,
    steps: {
      LB: { ...LB, priority: 1 },
      L0: { ...MERGED, merge: false, batch: 2, run: sh('wc -l < "$1" >> "$TRACE"', '{list}') },
    },
  });
  for (const name of ['a', 'b', 'c', 'd', 'e']) rig.deliver(`${name}.in`, `x ${name}\n`);
  await rig.work();
  assert.deepEqual(rig.trace().map(Number), [2, 2, 1]);
});

test('C3 a batch has so many members at most, the rest is flushed, and bad ones are alone in the end', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    parallel: 1,
    steps: {
      A: {
        from: 'inbox',
        each: 'batch',
        batch: 8,
        wait: '50ms',
        run: sh(
          'wc -l < "$1" >> "$TRACE"; for f in $(cat "$1"); do grep -q bad "$f" && exit 9; cp "$f" "$2"; done',
          '{list}',
          '{out}',
        ),
      },
    },
  });
  for (let index = 0; index < 10; index++)
    rig.deliver(`f${index}.in`, index === 3 || index === 9 ? 'bad\n' : 'good\n');
  const running = rig.start();
  await running.settle();
  // The rest waits for more, but not for long.
  await running.pipeline.settled(AbortSignal.timeout(5000));
  while ((await running.pipeline.figures()).backlog > 0)
    await running.pipeline.settled(AbortSignal.timeout(5000));
  await running.stop();
  assert.equal(Object.keys(rig.products()).length, 8);
  assert.deepEqual(
    [await rig.state('f3.in'), await rig.state('f9.in'), await rig.state('f4.in')],
    ['failed', 'failed', 'done'],
  );
  assert.equal(Math.max(...rig.trace().map(Number)), 8);
});

test('C6 what was not combinable is skipped, but goes on where the next level never saw it', async (t) => {
  leakCheck(t);
  const L0 = {
    ...MERGED,
    exit: { 10: 'skip' },
    run: sh(`[ -e full ] && exit 10; ${DAY}`, '{target}', '{list}', '{out}', '{svc}'),
  };
  const rig = pipelineRig(t, { steps: { LB, L0 } });
  rig.deliver('a.in', 'x 1\n');
  await rig.work();
  writeFileSync(join(rig.folder, 'full'), '');
  rig.deliver('b.in', 'x 2\n');
  const L1 = {
    from: 'L0',
    run: sh('cp "$1" "$2/x.l1"; echo L1 >> "$TRACE"', '{in}', '{out}'),
    to: 'L1/{name}',
  };
  await rig.work({ steps: { LB, L0, L1 } });
  assert.equal(rig.products()['L1/x.l1'], '1\n', 'the level that is new sees what was there');
  rig.deliver('c.in', 'x 3\n');
  await rig.work({ steps: { LB, L0, L1 } });
  assert.deepEqual(rig.trace(), ['L1'], 'and sees it once');
  assert.equal(await rig.state('b.in'), 'done');
});

test('C7 what a step names as failed fails alone, and the rest of the batch is done', async (t) => {
  leakCheck(t);
  const script =
    'for f in $(cat "$1"); do if grep -q bad "$f" && [ ! -e mended ]; then echo "{\\"failed\\": \\"$f\\", \\"why\\": \\"corrupt\\"}" >> "$VAHTI_PRODUCTS"; else cp "$f" "$2"; fi; done';
  const rig = pipelineRig(t, {
    steps: { A: { from: 'inbox', each: 'batch', run: sh(script, '{list}', '{out}') } },
  });
  rig.deliver('a.in', 'good\n');
  rig.deliver('b.in', 'bad\n');
  const running = rig.start();
  await running.settle();
  assert.deepEqual((await running.pipeline.figures()).files, { done: 1, failed: 1 });
  writeFileSync(join(rig.folder, 'mended'), '');
  assert.equal(await running.pipeline.retry({}), 1);
  await running.settle();
  await running.stop();
  assert.deepEqual(Object.keys(rig.products()), ['a.in', 'b.in']);
  assert.equal(await rig.state('b.in'), 'done');
});

test('`inputs: all` gives a group everything that there is with its key, each time', async (t) => {
  leakCheck(t);
  const L0 = {
    ...MERGED,
    merge: false,
    inputs: 'all',
    run: sh('xargs cat < "$1" | sort > "$2/$3.day"', '{list}', '{out}', '{svc}'),
  };
  const rig = pipelineRig(t, { steps: { LB, L0 } });
  rig.deliver('a.in', 'x 1\n');
  await rig.work();
  rig.deliver('b.in', 'x 2\n');
  await rig.work();
  assert.deepEqual(days(rig), { 'L0/x.day': '1\n2\n' });
});
