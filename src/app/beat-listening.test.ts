import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { leakCheck, onEnd } from '../../test/rig/leaks.ts';
import { freePort } from '../../test/rig/needs.ts';
import { until } from '../../test/rig/wait.ts';
import type { RecordDraft } from '../core/record.ts';
import { createBeatListening } from './beat-listening.ts';
import type { Beats } from './beats.ts';
import type { PlannedBeats } from './plan.ts';

test('where another process listens it says so once, goes on trying, and listens as soon as it can', async (t) => {
  leakCheck(t);
  const other = createServer();
  onEnd(t, () => other.close());
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const clock = createFakeClock();
  const records: RecordDraft[] = [];
  const told = () => records.map(({ message }) => message);
  const beats = { find: () => undefined } as unknown as Beats;
  const listening = createBeatListening({
    clock,
    records: (drafts) => records.push(...drafts),
    beats,
    lifeOf: () => null,
  });
  onEnd(t, () => listening.close());
  const at = (where: number): PlannedBeats => {
    const url = `http://127.0.0.1:${where}`;
    return { host: '127.0.0.1', port: where, url, own: url };
  };
  await listening.change(at(port));
  const refused = `cannot listen for beats at 127.0.0.1:${port}: another process does; it is tried again every 5 s`;
  assert.deepEqual(told(), [refused]);
  await clock.advance(5000);
  await until(() => clock.nextTimer() !== undefined, { what: 'the next try' });
  assert.deepEqual(told(), [refused]);
  other.close();
  await once(other, 'close');
  await clock.advance(5000);
  await until(() => told().length === 2, { what: 'it to listen' });
  assert.equal(told()[1], `listens for beats at http://127.0.0.1:${port}`);
  assert.equal((await fetch(`http://127.0.0.1:${port}/beat/x`)).status, 404);
  await listening.change(at(port));
  assert.equal(told().length, 2, 'nothing changed');
  const elsewhere = await freePort();
  await listening.change(at(elsewhere));
  assert.equal((await fetch(`http://127.0.0.1:${elsewhere}/beat/x`)).status, 404);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/beat/x`));
  await listening.change(undefined);
  await assert.rejects(fetch(`http://127.0.0.1:${elsewhere}/beat/x`));
});
