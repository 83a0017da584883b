import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { createHurriedClock } from '../../../test/rig/hurried-clock.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { createLineSink, runLines } from '../../../test/rig/line-sink.ts';
import { textsBelow } from '../../../test/rig/stream.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { disk, type Files } from '../../core/files.ts';
import { createCollector } from '../collector.ts';
import { createWebSocketLinesSource } from './lines-websocket.ts';

/** Ten seconds are half of one. */
const HURRY = 20;
const LINES = 20_000;
const TEXT = 'x'.repeat(500);

test('a disk that does not keep up for more than 10 s: what arrives is spooled, and everything is there once, in order', async (t) => {
  leakCheck(t);
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onEnd(t, async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const into = tempFolder(t);
  const spool = join(into, '.vahti/spool.bin');

  const stalled = Promise.withResolvers<void>();
  let syncs = 0;
  const files: Files = {
    ...disk,
    async datasync(fd) {
      // The disk stands still from its first commit on.
      if ((syncs += 1) > 1) await stalled.promise;
      await disk.datasync(fd);
    },
  };
  const collector = createCollector(
    {
      source: createWebSocketLinesSource({ url, random: () => 0, timePath: ['t'] }),
      into,
      part: 'day',
      start: 'live',
      onReset: 'live',
      files,
      room: { floor: 0, free: () => Promise.resolve(Number.POSITIVE_INFINITY) },
      spool: 1e9,
      boot: 'b',
    },
    createHurriedClock(HURRY),
  );
  const connected = once(server, 'connection');
  const clock = createHurriedClock(HURRY);
  const running = runLines(t, { numbers: 'dense', run: (scope) => collector.run(scope) }, createLineSink(), {
    clock,
  });
  const [socket] = (await within(connected, { what: 'the collector' })) as [import('ws').WebSocket];
  const sent = new Promise<void>((resolve, reject) => {
    for (let n = 1; n <= LINES; n += 1) {
      const line = JSON.stringify({ n, t: '2026-07-04T12:00:00Z', text: TEXT });
      socket.send(line, (error) => (error ? reject(error) : n === LINES && resolve()));
    }
  });
  // The server gets rid of all of it: the socket is not paused for good.
  await within(sent, { deadlineMs: 20_000, what: 'the server to have sent all' });
  await until(() => existsSync(spool) && readFileSync(spool).includes(`"n":${LINES},`), {
    what: 'the last line in the spool',
  });
  assert.ok(collector.figures().lines < LINES / 2, 'nothing waited');
  stalled.resolve();
  await until(() => collector.figures().lines === LINES, { deadlineMs: 20_000, what: 'all lines' });
  socket.send(JSON.stringify({ n: LINES + 1, t: '2026-07-04T12:00:00Z', text: 'direct again' }));
  await until(() => collector.figures().lines === LINES + 1, { what: 'the line behind the spool' });
  await running.end();
  const numbers = textsBelow(into).map(({ text }) => (JSON.parse(text) as { data: { n: number } }).data.n);
  assert.deepEqual(
    numbers,
    Array.from({ length: LINES + 1 }, (_, i) => i + 1),
  );
  assert.equal(existsSync(spool), false);
});
