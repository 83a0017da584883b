import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck } from '../rig/leaks.ts';
import { startDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** The waits of the back-off lane vary by a tenth; what a busy machine adds comes on top. */
const JITTER = 0.1;

test('a program that fails at once is started once, three times at once, and then after 1, 2 and 4 s', async (t) => {
  leakCheck(t);
  const bad = {
    run: ['sh', '-c', 'echo x >> starts; echo "cannot find my config" >&2; exit 1'],
    restart: { fast: 3, backoff: '1s..1m' },
  };
  const services = { bad, good: { run: ['sleep', '1000'] } };
  const daemon = await startDaemon(t, JSON.stringify({ services }));
  const { pid } = await daemon.waitFor('good', 'to run', ({ state }) => state === 'running');
  const status = await until(
    async () => {
      const service = await daemon.service('bad');
      return service.startsInWindow === 7 && service.state === 'waiting' && service;
    },
    { deadlineMs: 20_000, what: 'the seventh start' },
  );
  const asked = Date.now();
  assert.deepEqual([status.lane, status.failures, status.pid, status.wanted], ['backoff', 7, null, true]);
  assert.match(status.lastExit?.text ?? '', /^exited with code 1 after/);
  const waitMs = (status.nextStartAt ?? 0) - (status.lastExit?.at ?? 0);
  assert.ok(
    waitMs >= 8_000 * (1 - JITTER) && waitMs <= 8_000 * (1 + JITTER) + 500,
    `then a wait of ${waitMs} ms`,
  );
  assert.ok((status.nextStartAt ?? 0) > asked);
  assert.equal(
    readFileSync(join(daemon.folder, 'starts'), 'utf8'),
    'x\n'.repeat(7),
    'it ran as often as was counted',
  );

  const records = await daemon.records('bad');
  const starts = records.filter(({ kind }) => kind === 'start').map(({ time }) => time / 1000);
  assert.equal(starts.length, 7);
  const gaps = starts.slice(1).map((time, index) => time - (starts[index] as number));
  assert.ok((gaps[0] ?? 0) + (gaps[1] ?? 0) + (gaps[2] ?? 0) < 1_000, `three at once: ${gaps.join(', ')}`);
  for (const [index, seconds] of [1, 2, 4].entries()) {
    const gap = gaps[index + 3] as number;
    assert.ok(
      gap >= seconds * 1000 * (1 - JITTER) && gap <= seconds * 1000 * (1 + JITTER) + 700,
      `wait ${index + 1}: ${gap} ms`,
    );
  }
  const flips = records.filter(({ kind }) => kind === 'flip').map(({ message }) => message);
  assert.equal(flips.length, 1, 'one message when the lane changes');
  assert.match(flips[0] as string, /^backoff lane: 4 failures in a row; next try at /);
  const exits = records.filter(({ kind }) => kind === 'exit');
  assert.deepEqual(
    exits.map(({ fields }) => fields?.['tail']),
    exits.map(() => ['cannot find my config']),
  );
  assert.equal((await daemon.service('good')).pid, pid, 'nobody else is touched');
});
