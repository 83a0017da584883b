import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig } from '../../test/rig/pipeline.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-ec', script, 'sh', ...words];

/** Two levels: a file in capitals, and that backwards. */
const TWO = {
  steps: {
    UP: {
      from: 'inbox',
      run: sh('tr a-z A-Z < "$1" > "$2/$3.up"; echo "UP $3" >> "$TRACE"', '{in}', '{out}', '{stem}'),
      to: 'UP/{name}',
    },
    REV: {
      from: 'UP',
      run: sh('rev "$1" > "$2/$3.rev"; echo "REV $3" >> "$TRACE"', '{in}', '{out}', '{stem}'),
      to: 'REV/{name}',
    },
  },
};

test('C1 levels follow each other, each with what the one before has made, one file after another', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { ...TWO, parallel: 1 });
  rig.deliver('a.in', 'abc\n');
  rig.deliver('deep/b.in', 'xyz\n');
  rig.deliver('c.txt', 'not meant\n');
  await rig.work();
  assert.deepEqual(rig.products(), {
    'REV/a.rev': 'CBA\n',
    'REV/b.rev': 'ZYX\n',
    'UP/a.up': 'ABC\n',
    'UP/b.up': 'XYZ\n',
  });
  assert.deepEqual([await rig.state('a.in'), await rig.state('deep/b.in')], ['done', 'done']);
  assert.equal(await rig.state('c.txt'), undefined);
  const order = rig.trace().map((line) => line.split(' ')[0]);
  assert.deepEqual(
    order,
    ['UP', 'REV', 'UP', 'REV'],
    'the first file goes all its way before the second begins',
  );
});

test('B8 A2 A7 what is done is not done again; other content under the same name is', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, TWO);
  rig.deliver('a.in', 'abc\n');
  await rig.work();
  await rig.work();
  assert.deepEqual(rig.trace(), ['UP a', 'REV a']);
  rig.deliver('a.in', 'abcd\n');
  await rig.work();
  assert.deepEqual(rig.trace(), ['UP a', 'REV a', 'UP a', 'REV a']);
  assert.equal(rig.products()['REV/a.rev'], 'DCBA\n');
});
