import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { createChecks } from './checks.ts';

test('on the network one file is read at a time, and one that hangs has its place until the disk answers', async (t) => {
  leakCheck(t);
  const root = tempFolder(t);
  const clock = createFakeClock();
  const said: string[] = [];
  const checks = createChecks({
    plan: { root, gate: undefined },
    env: {},
    cwd: root,
    life: 'none',
    clock,
    signal: new AbortController().signal,
    isRemote: () => true,
    trouble: (message) => void said.push(message),
  });
  // Whoever reads from it hangs until somebody writes to it.
  const hung = join(root, 'hung');
  execFileSync('mkfifo', [hung]);
  writeFileSync(join(root, 'x'), '');
  const first = checks.checksum('hung');
  const waits = checks.checksum('x');
  await clock.advance(29_000);
  assert.equal(checks.running, 2, 'x has to wait for its turn');
  await clock.advance(1000);
  assert.equal(await within(first, { what: 'the answer for what hangs' }), undefined);
  assert.equal(await within(waits, { what: 'the answer for what waited' }), undefined);
  assert.equal(await within(checks.checksum('x'), { what: 'an answer at once' }), undefined);
  assert.deepEqual(said, [`cannot read ${hung}: nothing came for 30 s`]);
  writeFileSync(hung, 'x');
  const sum = await until(() => checks.checksum('x'), { what: 'the place to be free' });
  assert.equal(sum.slice(0, 8), 'e3b0c442');
  assert.equal(checks.running, 0);
});
