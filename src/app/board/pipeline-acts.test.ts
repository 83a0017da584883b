import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import { RpcError } from '../../core/rpc.ts';
import { pipelineTarget } from '../pipeline/control.ts';
import { statePaths } from '../state.ts';
import { retryMeant } from './pipeline-acts.ts';

const CONFIG = {
  inbox: { root: 'incoming', match: '*.in', settle: '10ms', scan: '1h', 'on-same-name': 'error' },
  steps: {
    L0: { from: 'inbox', run: ['sh', '-c', '! grep -q bad {in} && cp {in} {out}'], to: 'L0/{name}' },
  },
};
const LOOKING = { clock: systemClock, signal: new AbortController().signal };

test('what an inbox refused goes on when a person retries the file, or all that failed; not with a step', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  for (const content of ['first\n', 'other\n'])
    for (const name of ['a.in', 'b.in']) {
      rig.deliver(name, content);
      await rig.work();
    }
  rig.deliver('c.in', 'bad\n');
  await rig.work();
  const paths = statePaths(tempFolder(t));
  mkdirSync(join(paths.folder, 'pipelines'), { recursive: true });
  symlinkSync(join(rig.folder, 'state'), join(paths.folder, 'pipelines/p'));
  const target = pipelineTarget('p', planOf(rig.folder, CONFIG), paths);
  const retry = (meant: { readonly file?: string; readonly step?: string }): Promise<string> =>
    retryMeant(target, { name: 'p', ...meant }, LOOKING);
  assert.equal(await retry({ file: 'a.in' }), '1 file that failed before a first step goes on');
  assert.equal(await rig.state('a.in'), 'ready');
  await assert.rejects(
    retry({ file: 'a.in' }),
    (thrown) => thrown instanceof RpcError && thrown.code === 'refused',
  );
  assert.equal(await retry({ step: 'L0' }), '1 task is done again');
  assert.equal(await rig.state('b.in'), 'failed');
  await rig.work();
  assert.equal(await retry({}), '1 task is done again; 1 file that failed before a first step goes on');
  await rig.work();
  assert.deepEqual(rig.products(), { 'L0/a.in': 'other\n', 'L0/b.in': 'other\n' });
});
