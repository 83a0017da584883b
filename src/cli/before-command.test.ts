import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createHurriedClock } from '../../test/rig/hurried-clock.ts';
import { leakCheck, onEnd, tempFolder } from '../../test/rig/leaks.ts';
import { isAlive } from '../../test/rig/vahti.ts';
import { until, within } from '../../test/rig/wait.ts';
import { runBefore } from './before-command.ts';

function beforeRig(t: TestContext) {
  leakCheck(t);
  const cwd = tempFolder(t);
  const end = new AbortController();
  onEnd(t, () => end.abort());
  return {
    end,
    run: (text: string) =>
      within(
        runBefore({
          text,
          cwd,
          environment: { PATH: process.env['PATH'] },
          clock: createHurriedClock(50),
          signal: end.signal,
        }),
        { what: 'the command to be over' },
      ),
    /** The number of a process that writes it to a file. */
    pid: () =>
      until(() => Number(readFileSync(join(cwd, 'pid'), 'utf8').trim()), { what: 'the process to begin' }),
  };
}

test('a command that ignores TERM is killed with all that it started when the run is to end', async (t) => {
  const { run, pid, end } = beforeRig(t);
  const ran = run(`sh -c "trap '' TERM; sleep 1000 & echo \\$! > pid; wait; sleep 1000"`);
  const below = await pid();
  end.abort();
  const over = await ran;
  assert.match(over.ok ? '' : over.error, /^cannot go on: sh .* ended with SIGKILL$/);
  assert.equal(isAlive(below), false);
});

test('a command is not even started when the run is to end already', async (t) => {
  const { run, end } = beforeRig(t);
  end.abort();
  assert.deepEqual(await run('sleep 1000'), {
    ok: false,
    error: 'cannot run sleep 1000: it was to end before',
  });
});

test('what a command leaves running is ended, and that it ended well counts', async (t) => {
  const { run, pid } = beforeRig(t);
  assert.deepEqual(await run(`sh -c "sleep 1000 & echo \\$! > pid"`), { ok: true, value: undefined });
  assert.equal(isAlive(await pid()), false);
});

test('how a command failed is said', async (t) => {
  const { run } = beforeRig(t);
  assert.deepEqual(await run('sh -c "exit 3"'), {
    ok: false,
    error: 'cannot go on: sh -c "exit 3" ended with code 3',
  });
  const missing = await run('/no/such/program');
  assert.match(missing.ok ? '' : missing.error, /^cannot /);
});
