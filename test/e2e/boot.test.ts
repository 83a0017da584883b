import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon, vahti } from '../rig/vahti.ts';

const SLEEP = '{ run: [sleep, "1000"] }';
const YAML = `services: { always: ${SLEEP}, byhand: { run: [sleep, "1000"], boot: false } }\n`;

test('a service with boot: false is only started by a person, and a reload brings it back as it was', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, YAML);
  const stopped = await daemon.service('byhand');
  assert.deepEqual(
    [stopped.state, stopped.boot],
    ['stopped', { starts: false, by: 'config', why: null, at: null }],
  );
  assert.match((await daemon.cli('status')).stdout, /byhand\s+stopped .* not started with the daemon/);
  const explained = (await daemon.cli('explain', 'byhand')).stdout;
  assert.match(explained, /does not start with the daemon: `boot: false` in the config/);

  // A reload that changes it leaves it as it is: stopped, and running after a start.
  const changed = (sleep: number, boot: boolean) =>
    writeFileSync(
      join(daemon.folder, 'vahti.yaml'),
      `services: { always: ${SLEEP}, byhand: { run: [sleep, "${sleep}"], boot: ${boot} } }\n`,
    );
  changed(1001, false);
  assert.equal((await daemon.cli('reload')).code, 0);
  assert.equal((await daemon.service('byhand')).state, 'stopped');
  assert.equal((await daemon.cli('start', 'byhand')).code, 0);
  changed(1002, false);
  assert.equal((await daemon.cli('reload')).code, 0);
  const running = await daemon.service('byhand');
  assert.equal(running.state, 'running');
  // Whether it starts with the daemon is nothing that a running life has to end for.
  changed(1002, true);
  assert.equal((await daemon.cli('reload')).code, 0);
  const kept = await daemon.service('byhand');
  assert.deepEqual([kept.pid, kept.boot.starts], [running.pid, true]);
  changed(1002, false);
  await daemon.cli('reload');
  await daemon.stop();

  const next = await startDaemon(t, YAML, daemon.folder);
  await next.waitFor('always', 'to run', ({ state }) => state === 'running');
  assert.equal((await next.service('byhand')).state, 'stopped');
  await next.stop();
});

test('disable and enable outlive the daemon, leave what runs alone, and are told with their reason', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, YAML);
  const { pid } = await daemon.waitFor('always', 'to run', ({ state }) => state === 'running');
  const disabled = await daemon.cli('disable', 'always', '--why', 'the disk is replaced');
  assert.equal(disabled.stdout, 'always is disabled; it runs on until: vahti stop always\n');
  const after = await daemon.service('always');
  assert.deepEqual([after.pid, after.boot.by, after.boot.why], [pid, 'person', 'the disk is replaced']);
  assert.match((await daemon.cli('status')).stdout, /always\s+running .*disabled: the disk is replaced/);
  const enabled = await daemon.cli('enable', 'byhand');
  assert.equal(enabled.stdout, 'byhand is enabled; start it now by: vahti start byhand\n');
  const [record] = await daemon.records('always', '--kind', 'action');
  assert.equal(record?.message, 'disable by a person: the disk is replaced');
  assert.deepEqual(record?.fields, { action: 'disable', by: 'person', why: 'the disk is replaced' });
  assert.equal((await daemon.cli('disable', 'nobody')).code, 4);
  await daemon.stop();

  const next = await startDaemon(t, YAML, daemon.folder);
  await next.waitFor('byhand', 'to run', ({ state }) => state === 'running');
  assert.equal((await next.service('always')).state, 'stopped');
  assert.match(
    (await next.cli('explain', 'always')).stdout,
    /a person disabled it at \S+: the disk is replaced\./,
  );
  assert.equal((await next.cli('start', 'always')).code, 0);
  assert.equal((await next.service('always')).state, 'running');
  await next.stop();
});

test('without a daemon they are written for the next one', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'vahti.yaml'), YAML);
  const disabled = await vahti(t, ['disable', 'always', '--why', 'not yet'], folder);
  assert.deepEqual([disabled.code, disabled.stdout], [0, 'always is disabled\n']);
  assert.match(disabled.stderr, /not running: this holds for the next one/);
  assert.equal((await vahti(t, ['enable', 'nobody'], folder)).code, 4);
  const daemon = await startDaemon(t, YAML, folder);
  const { state, boot } = await daemon.service('always');
  assert.deepEqual([state, boot.starts, boot.why], ['stopped', false, 'not yet']);
  assert.equal((await daemon.records('always', '--kind', 'action')).length, 1);
  await daemon.stop();
});
