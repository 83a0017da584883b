import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createJetstreamSimulator } from '../../src/simulate/jetstream/server.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startRelay } from '../rig/relay.ts';
import { jsonLines, startDaemon, vahti } from '../rig/vahti.ts';

interface Gap {
  readonly reason: string;
}

test('a command’s lines are collected once each; what it printed while nobody listened is a gap', async (t) => {
  leakCheck(t);
  const yaml = `services: { count: { collect: { from: [sh, -c, "i=0; while i=$((i+1)); do echo $i; sleep 0.05; done"], into: data } } }\n`;
  const daemon = await startDaemon(t, yaml);
  const first = await daemon.waitFor('count', 'to have lines', ({ figures }) => (figures?.lines ?? 0) > 5);
  process.kill(first.pid as number, 'SIGKILL');
  const lines = first.figures?.lines ?? 0;
  await daemon.waitFor(
    'count',
    'to go on',
    ({ pid, figures }) => pid !== first.pid && (figures?.lines ?? 0) > lines + 10,
  );
  await daemon.stop();
  const gaps = JSON.parse((await daemon.cli('collect', 'gaps', 'count', '--json')).stdout) as Gap[];
  assert.deepEqual(
    gaps.map((gap) => gap.reason),
    ['disconnected'],
  );
  const printed = (await daemon.cli('collect', 'tail', 'count', '--from', '0')).stdout;
  const told = jsonLines<{ seq: number; line: string }>(printed);
  assert.deepEqual(
    told.map((line) => line.seq),
    told.map((_, i) => i + 1),
  );
  // Two runs of the command, each counted from one on without a hole.
  const second = told.findLastIndex((line) => line.line === '1');
  assert.deepEqual(
    told.slice(second).map((line) => line.line),
    told.slice(second).map((_, i) => String(i + 1)),
  );
  assert.deepEqual(
    told.slice(0, second).map((line) => line.line),
    told.slice(0, second).map((_, i) => String(i + 1)),
  );
  assert.equal((await daemon.cli('collect', 'verify', 'count')).code, 0);
});

test('a Jetstream is collected through kills without a doubled event', async (t) => {
  leakCheck(t);
  const relay = createJetstreamSimulator({ host: '127.0.0.1', port: 0, rate: 300, seed: 7 });
  await startRelay(t, relay);
  const folder = tempFolder(t);
  const yaml = `services: { jet: { collect: { from: "ws://${relay.address()}/subscribe", into: data, cursor: oldest } } }\n`;
  const daemon = await startDaemon(t, yaml, folder);
  for (let kills = 0; kills < 3; kills += 1) {
    const before = await daemon.waitFor(
      'jet',
      'to collect',
      ({ figures }) => figures?.connection === 'connected' && figures.lines > 0,
    );
    const grown = await daemon.waitFor(
      'jet',
      'to grow',
      ({ figures }) => (figures?.lines ?? 0) > (before.figures?.lines ?? 0) + 100,
    );
    process.kill(grown.pid as number, 'SIGKILL');
    await daemon.waitFor(
      'jet',
      'to be another life',
      ({ pid, state }) => state === 'running' && pid !== grown.pid,
    );
  }
  const last = await daemon.waitFor(
    'jet',
    'to collect again',
    ({ figures }) => figures?.connection === 'connected' && figures.counts.repeated > 0,
  );
  await daemon.waitFor(
    'jet',
    'to go on',
    ({ figures }) => (figures?.lines ?? 0) > (last.figures?.lines ?? 0) + 50,
  );
  await daemon.stop();
  assert.equal((await daemon.cli('collect', 'verify', 'jet')).code, 0);
  assert.equal((await daemon.cli('collect', 'gaps', 'jet')).stdout, 'no gap is known\n');
  const told = jsonLines<{ seq: number }>((await daemon.cli('collect', 'tail', 'jet', '--from', '0')).stdout);
  assert.equal(new Set(told.map((line) => line.seq)).size, told.length, 'an event is there twice');
});

test('what a stream cannot be asked is said by check, at its place', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(
    join(folder, 'vahti.yaml'),
    `services:
  a: { collect: { from: "tcp://nowhere", into: a } }
  b: { collect: { from: "ftp://x", into: b } }
  c: { collect: { from: [cat], into: c, cursor: 5 } }
  d: { collect: { from: "ws://x/subscribe", into: d, dictionary: missing.zst } }
`,
  );
  const checked = await vahti(t, ['check'], folder);
  assert.equal(checked.code, 2);
  const errors = checked.stderr.split('\n').filter((line) => line.includes('error:'));
  assert.match(errors.join('\n'), /:2:\d+: error: cannot .*tcp:\/\/nowhere/);
  assert.match(errors.join('\n'), /:3:\d+: error: cannot collect from ftp:\/\/x/);
  assert.match(errors.join('\n'), /:4:\d+: error: cannot begin at a number/);
  assert.match(errors.join('\n'), /:5:\d+: error: cannot read the dictionary .*missing\.zst/);
});
