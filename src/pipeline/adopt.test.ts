import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig } from '../../test/rig/pipeline.ts';
import { systemClock } from '../core/clock.ts';
import { adoptFiles } from './adopt.ts';

const CONFIG = {
  steps: { A: { from: 'inbox', run: ['sh', '-c', 'echo {name} >> $TRACE; ! grep -q bad {in}'] } },
};

test('what is adopted is done without a run, until it comes with other content; what has failed is left', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  rig.deliver('old.in', 'old');
  rig.deliver('sub/old.in', 'old');
  const inbox = { name: 'inbox', root: join(rig.folder, 'incoming') };
  const adopt = (...paths: string[]) =>
    rig.ledger((ledger) => adoptFiles(ledger, inbox, paths, systemClock.now()));
  assert.deepEqual(await adopt('old.in', './sub/old.in', 'none.in', '../state', 'sub', '/etc/hostname'), {
    adopted: 2,
    known: 0,
    left: [
      { path: 'none.in', why: 'it is not there' },
      { path: '../state', why: `it is not in ${inbox.root}` },
      { path: 'sub', why: 'it is no file' },
      { path: '/etc/hostname', why: `it is not in ${inbox.root}` },
    ],
  });
  assert.deepEqual(await adopt('old.in'), { adopted: 0, known: 1, left: [] });
  rig.deliver('new.in', 'bad');
  await rig.work();
  assert.deepEqual(rig.trace(), ['new.in']);
  assert.deepEqual(await adopt('new.in'), {
    adopted: 0,
    known: 0,
    left: [{ path: 'new.in', why: 'it is failed' }],
  });
  writeFileSync(join(inbox.root, 'old.in'), 'other content');
  await rig.work();
  assert.deepEqual(rig.trace(), ['new.in', 'old.in']);
});
