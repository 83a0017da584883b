import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesBelow, pendingEvent, testEvent } from '../../test/rig/stream.ts';
import { tempFolder } from '../../test/rig/leaks.ts';
import { systemClock } from '../core/clock.ts';
import { disk } from '../core/files.ts';
import type { StreamEvent } from '../core/source.ts';
import { type Committed, readCommitted } from './committed.ts';
import { createCommitter } from './committer.ts';
import { layoutOf } from './layout.ts';
import type { PartCut } from './period.ts';
import { recover } from './recover.ts';

const START = Date.UTC(2026, 6, 4, 14, 30);

async function collect(
  root: string,
  cut: PartCut,
  batches: readonly (readonly StreamEvent[])[],
): Promise<Committed> {
  const layout = layoutOf(root);
  const recovered = await recover(disk, layout, 'boot');
  const committer = await createCommitter({
    files: disk,
    layout,
    cut,
    clock: systemClock,
    boot: 'boot',
    recovered,
  });
  for (const batch of batches) {
    await committer.commit(
      batch.map((event) => pendingEvent(event, START + 9e7)),
      0,
    );
    await committer.closeDue(false);
  }
  await committer.release();
  return (await readCommitted(layout)) as Committed;
}

/** Ten events from a number and a time on. */
function ten(seq: number, time: number, apart = 1_000): StreamEvent[] {
  return Array.from({ length: 10 }, (_, i) => testEvent(seq + i, time + i * apart));
}

test('an event goes to the hour that it is from; one that comes after its hour was closed to a late part, and all of these together', async (t) => {
  const root = tempFolder(t);
  const late = [testEvent(350, START + 1_795_000), testEvent(351, START + 1_796_000)];
  const committed = await collect(root, 'hour', [
    // From 14:30 to 15:10, an event in ten seconds.
    ...Array.from({ length: 24 }, (_, i) => ten(10 + i * 10, START + i * 100_000, 10_000)),
    ...late.map((event) => [event]),
  ]);
  assert.deepEqual(
    committed.parts.map((part) => [part.name, part.closed, part.lines]),
    [
      ['2026-07-04/2026-07-04T14', true, 180],
      ['2026-07-04/2026-07-04T15', false, 60],
      ['2026-07-04/2026-07-04T14-late-1', false, 2],
    ],
  );
});

test('parts cut by size are closed once they have it, in the order of the stream, whatever the time of their events', async (t) => {
  const root = tempFolder(t);
  const batches = Array.from({ length: 9 }, (_, i) => ten(100 + i * 10, START + i * 3_600_000));
  const committed = await collect(root, 2_000, batches);
  const closed = committed.parts.filter((part) => part.closed);
  assert.ok(closed.length >= 3 && closed.every((part) => part.bytes >= 2_000));
  assert.equal(committed.parts.filter((part) => !part.closed).length <= 1, true);
  assert.match(closed[0]?.name ?? '', /^2026-07-04\/2026-07-04T143000-k0$/);
  assert.deepEqual(
    linesBelow(root)
      .map((line) => line.seq)
      .sort((a, b) => a - b),
    Array.from({ length: 90 }, (_, i) => 100 + i),
  );
});

test('when the config cuts otherwise, what is open by the old rule is closed, and nothing of it is lost', async (t) => {
  const root = tempFolder(t);
  await collect(root, 'hour', [ten(10, START)]);
  await collect(root, 1_000_000, [ten(30, START + 60_000)]);
  const committed = await collect(root, 'day', [ten(50, START + 120_000)]);
  assert.deepEqual(
    committed.parts.map((part) => [part.name.slice(11), part.closed]),
    [
      ['2026-07-04T14', true],
      ['2026-07-04T143100-k10', true],
      ['2026-07-04', false],
    ],
  );
  assert.equal(linesBelow(root).length, 30);
});
