import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

const services = {
  // Its own log is below what it watches.
  app: { run: ['sh', './src/app.sh'], 'reload-on': ['src/**'], log: { file: 'src/app.log' } },
  broken: {
    run: ['sh', './src/broken.sh'],
    'reload-on': ['src/broken.sh'],
    restart: { fast: 0, backoff: '1h..1h' },
  },
  off: { run: ['sleep', '1000'], 'reload-on': ['src/**'] },
};

test('a changed source restarts its service at once, also one that waits; a stop on purpose holds', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'src'));
  const source = (name: string, text: string): void => writeFileSync(join(folder, 'src', name), text);
  source('app.sh', 'echo hello; exec sleep 1000');
  source('broken.sh', 'exit 1');
  const daemon = await startDaemon(t, JSON.stringify({ services }), folder);
  const first = await daemon.waitFor('app', 'to run', ({ state }) => state === 'running');
  await daemon.waitFor('broken', 'to wait', ({ state }) => state === 'waiting');
  await daemon.cli('stop', 'off');

  source('broken.sh', 'exec sleep 1000 # mended');
  const mended = await daemon.waitFor('broken', 'to run', ({ state }) => state === 'running');
  assert.deepEqual([mended.lane, mended.startsInWindow], ['fast', 0]);
  const second = await daemon.waitFor(
    'app',
    'to be restarted',
    ({ pid }) => pid !== null && pid !== first.pid,
  );
  const said = await until(async () => (await daemon.records('broken', '--kind', 'action'))[0]?.message, {
    what: 'the record',
  });
  assert.equal(said, 'restart by a changed file: src/broken.sh changed');
  assert.equal((await daemon.service('off')).state, 'stopped');

  source('notes.txt', 'new');
  await daemon.waitFor('app', 'to be restarted again', ({ pid }) => pid !== null && pid !== second.pid);
  assert.equal((await daemon.service('broken')).pid, mended.pid);
  const restarts = await daemon.records('app', '--kind', 'action');
  assert.equal(restarts.length, 2);
  await daemon.stop();
});
