import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readCommitted } from '../../src/collect/committed.ts';
import { layoutOf } from '../../src/collect/layout.ts';
import { testFrames, writeFrames } from '../rig/frames.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { linesBelow } from '../rig/stream.ts';
import { startDaemon, startVahti } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

const FRAMES = testFrames(6_000, Date.UTC(2026, 6, 4, 14), 600_000);
const EXPECTED = FRAMES.flatMap(({ seq, lines }) =>
  Array.from({ length: lines }, (_, op) => `${seq}/${op}`),
).sort();

function mount(t: TestContext, ...args: readonly string[]): boolean {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) t.diagnostic(stderr.trim());
  return status === 0;
}

test('a full disk stops the intake and says so; with room again it goes on by itself and has lost nothing', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const data = join(folder, 'data');
  mkdirSync(data);
  if (!mount(t, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', data))
    return t.skip('a small disk cannot be mounted here (needs root)');
  onEnd(t, () => spawnSync('umount', ['-l', data]));
  writeFrames(join(folder, 'frames.bin'), FRAMES);
  const relay = startVahti(
    t,
    ['simulate', 'firehose', '--listen', '127.0.0.1:0', '--frames', 'frames.bin'],
    folder,
  );
  const address = await until(() => /127\.0\.0\.1:\d+/.exec(relay.output().stderr)?.[0], {
    what: 'the relay to listen',
  });
  const url = `ws://${address}/xrpc/com.atproto.sync.subscribeRepos`;
  const collect = `{ from: "${url}", into: data, part: minute, cursor: oldest, floor: 64K }`;
  const daemon = await startDaemon(t, `services: { firehose: { collect: ${collect} } }\n`, folder);

  const full = await daemon.waitFor(
    'firehose',
    'to be full',
    ({ figures }) => figures?.connection === 'full',
  );
  const before = (await readCommitted(layoutOf(data)))?.checkpoint.k ?? 0;
  assert.ok(before < EXPECTED.length, 'the disk was never full');
  assert.match(full.figures?.trouble ?? '', /disk is full|left to others/);
  const pid = full.pid;

  assert.ok(mount(t, '-o', 'remount,size=64m', data));
  await until(async () => (await readCommitted(layoutOf(data)))?.checkpoint.k === EXPECTED.length, {
    deadlineMs: 30_000,
    what: 'the rest to be committed',
  });
  const after = await daemon.waitFor(
    'firehose',
    'to be connected again',
    ({ figures }) => figures?.connection === 'connected',
  );
  assert.equal(after.pid, pid, 'it went on in the same process');
  const alarms = await daemon.cli('logs', 'firehose', '--level', 'error', '--json');
  assert.match(alarms.stdout, /cannot commit: .*waiting for room/);
  await daemon.stop();
  assert.deepEqual(
    linesBelow(data)
      .map((line) => `${line.seq}/${line.op}`)
      .sort(),
    EXPECTED,
  );
});

test('an unwritable folder ends the collector with a plain message, and the daemon goes on', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'data'), 'a file where a folder should be');
  const collect = '{ from: "ws://127.0.0.1:9/x", into: data }';
  const daemon = await startDaemon(
    t,
    `services: { firehose: { collect: ${collect} }, other: { run: [sleep, "60"] } }\n`,
    folder,
  );
  const failed = await daemon.waitFor('firehose', 'to have failed', ({ lastExit }) => lastExit !== null);
  assert.match(failed.lastExit?.text ?? '', /exited with code (1|74)/);
  const logs = await daemon.cli('logs', 'firehose', '--level', 'error');
  assert.match(logs.stdout, /cannot .*data/);
  assert.equal((await daemon.service('other')).state, 'running');
  await daemon.stop();
});
