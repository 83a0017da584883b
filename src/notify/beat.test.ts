import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { createServer } from '../core/http.ts';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { until, within } from '../../test/rig/wait.ts';
import { createLog } from '../core/log.ts';
import { createBeating } from './beating.ts';

interface Far {
  readonly server: Server;
  readonly url: string;
  readonly asked: string[];
  /** What it answers; 0: nothing. */
  status: number;
}

async function using(work: (far: Far, rig: ReturnType<typeof createRig>) => Promise<void>): Promise<void> {
  const far = { asked: [] as string[], status: 200 };
  const server = createServer((request, response) => {
    far.asked.push(request.url ?? '');
    if (far.status > 0) response.writeHead(far.status).end('x'.repeat(100_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/s3cret`;
  const rig = createRig();
  try {
    await work(Object.assign(far, { server, url }), rig);
  } finally {
    rig.over.abort();
    await within(rig.run, { what: 'the beat to end' });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function createRig() {
  const clock = createFakeClock();
  const said: string[] = [];
  const health = { unwell: '' };
  const log = createLog('info', (line) => said.push((JSON.parse(line) as { message: string }).message));
  const beating = createBeating({ clock, log, unwell: () => health.unwell });
  const over = new AbortController();
  return { clock, said, health, beating, over, run: beating.run(over.signal) };
}

/** Waits until it came so often, and whatever follows from the last answer has been done. */
async function beats(far: Far, count: number, clock: ReturnType<typeof createFakeClock>): Promise<void> {
  await until(() => far.asked.length >= count && (clock.nextTimer() ?? 0) > 10_000, {
    what: `beat ${count}`,
  });
  assert.equal(far.asked.length, count);
}

test('the beat goes out again and again, and follows the config', async () => {
  await using(async (far, { clock, beating, said }) => {
    await clock.advance(60_000);
    assert.equal(far.asked.length, 0);
    beating.apply({ url: far.url, everyMs: 60_000 });
    await beats(far, 1, clock);
    await clock.advance(59_999);
    assert.equal(far.asked.length, 1);
    await clock.advance(1);
    await beats(far, 2, clock);
    beating.apply({ url: `${far.url}/other`, everyMs: 30_000 });
    await beats(far, 3, clock);
    assert.equal(far.asked[2], '/ping/s3cret/other');
    beating.apply(undefined);
    await clock.advance(300_000);
    assert.equal(far.asked.length, 3);
    assert.deepEqual(said, []);
  });
});

test('there is no beat while the daemon is not well', async () => {
  await using(async (far, { clock, beating, health, said }) => {
    health.unwell = 'the time line cannot be written';
    beating.apply({ url: far.url, everyMs: 60_000 });
    await clock.advance(180_000);
    assert.equal(far.asked.length, 0);
    health.unwell = '';
    await clock.advance(60_000);
    await beats(far, 1, clock);
    assert.deepEqual(said, ['cannot beat: the time line cannot be written', 'the beat goes out again']);
  });
});

test('a beat that fails is said once, without its address, and tried again at the next time', async () => {
  await using(async (far, { clock, beating, said }) => {
    far.status = 500;
    beating.apply({ url: far.url, everyMs: 60_000 });
    await beats(far, 1, clock);
    await clock.advance(60_000);
    await beats(far, 2, clock);
    far.status = 0;
    await clock.advance(60_000);
    await until(() => far.asked.length === 3, { what: 'beat 3' });
    await clock.advance(10_000);
    await until(() => said.length === 2, { what: 'the deadline to be said' });
    far.server.closeAllConnections();
    far.server.close();
    await clock.advance(60_000);
    await until(() => said.length === 3, { what: 'the refusal to be said' });
    assert.deepEqual(said, [
      'cannot beat: the far side answers with status 500',
      'cannot beat: no answer within 10 s',
      'cannot beat: ECONNREFUSED',
    ]);
  });
});
