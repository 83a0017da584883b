import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { createLog } from '../../core/log.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import { createLending } from './lending.ts';
import { createStage } from './stage.ts';
import { showService } from './views.ts';

const CONFIG = {
  inbox: { root: 'incoming', match: '*.in', settle: '10ms', scan: '1h' },
  steps: { A: { from: 'inbox', run: ['cp', '{in}', '{out}'] } },
};

test('a folder that cannot be made for its socket takes nothing from a pipeline but its figures', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  await rig.work();
  const folder = join(rig.folder, 'state');
  const reader = readLedger(folder, 'p');
  assert.ok(reader.ok);
  onEnd(t, () => reader.value.close());
  const clock = systemClock;
  const lending = createLending(clock);
  const plan = planOf(rig.folder, CONFIG);
  const stage = createStage({ name: 'p', plan, folder, reader: reader.value, borrower: lending.wanted });
  writeFileSync(join(rig.folder, 'run'), 'no folder');
  const lines: string[] = [];
  const log = createLog('error', (line) => lines.push(line));
  const over = new AbortController();
  const socket = join(rig.folder, 'run', 'p.sock');
  const shown = showService({ stage, lending, socket, scope: { clock, log }, program: '1.2.3' }, over.signal);
  await until(() => lines.length > 0, { what: 'it to be said' });
  assert.match(lines.join(''), /"reason":"cannot make \S+\/run: .*"message":"cannot show figures"/);
  over.abort();
  await within(shown, { what: 'the views to end' });
});
