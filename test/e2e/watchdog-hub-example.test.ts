import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { freePort } from '../rig/needs.ts';
import { ROOT, startDaemon } from '../rig/vahti.ts';

const WATCHDOG = '1000000000000001';

test('examples/watchdog-hub as its README says it, but for the port and the pace', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  cpSync(join(ROOT, 'examples/watchdog-hub'), folder, { recursive: true });
  const port = await freePort();
  const yaml = readFileSync(join(folder, 'vahti.yaml'), 'utf8')
    .replaceAll('7080', String(port))
    .replace('[node,', `[${process.execPath},`)
    .replace('TOKEN:', 'EVERY_MS: 100, TOKEN:');
  const daemon = await startDaemon(t, yaml, folder);
  await daemon.waitFor('hub', 'to be ready', ({ ready }) => ready === true);
  const tokenOf = async (...args: string[]): Promise<string> => {
    const made = await daemon.cli('token', 'create', ...args);
    assert.equal(made.code, 0, made.stderr);
    return made.stdout;
  };
  writeFileSync(join(folder, 'watchdog.token'), await tokenOf('agent', WATCHDOG));
  const token = (await tokenOf('user', 'anna', '--agents', WATCHDOG)).trim();
  assert.equal((await daemon.cli('start', 'watchdog')).code, 0);
  const env = { ...process.env, HUB: `ws://127.0.0.1:${port}/ws`, TOKEN: token };
  const app = await promisify(execFile)(process.execPath, ['app.mjs', '3'], {
    cwd: folder,
    env,
    timeout: 20_000,
  });
  assert.match(app.stdout, /^notification of Device-Identification: New device: \{"id":\d+\}$/m);
  const again = await promisify(execFile)(process.execPath, ['app.mjs', '1'], {
    cwd: folder,
    env,
    timeout: 20_000,
  });
  assert.match(again.stdout, /^log 30 scan: packet \d+$/m);
  const logs = await daemon.cli('logs', '--hub', '--agent', WATCHDOG, '--kind', 'notification');
  assert.match(logs.stdout, /New device/);
  const statistics = await fetch(`http://127.0.0.1:${port}/publicStatistics`);
  assert.equal(statistics.status, 200);
  await statistics.text();
});
