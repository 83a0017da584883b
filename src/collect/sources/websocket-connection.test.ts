import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createTestSink } from '../../../test/rig/jetstream.ts';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { createWebSocketSource } from './websocket-connection.ts';

test('an end in the middle of a handshake that nobody answers, in any order of drain and stop', async (t) => {
  leakCheck(t);
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onEnd(t, async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const order of [['stop', 'drain'], ['drain', 'stop'], ['drain']] as const) {
    const ends = { drain: new AbortController(), stop: new AbortController() };
    const source = createWebSocketSource({
      numbers: 'dense',
      mostMessageBytes: 1_000,
      random: () => 0,
      ask: () => ({ url, cursor: undefined, mayBeQuiet: false, read: () => assert.fail('nothing was sent') }),
    });
    const sink = createTestSink('live');
    const before = sockets.length;
    const ended = source.run(
      {
        drain: ends.drain.signal,
        stop: ends.stop.signal,
        ready: () => {},
        clock: systemClock,
        log: silentLog,
      },
      sink,
    );
    await until(() => sockets.length > before, { what: 'the connection' });
    for (const end of order) ends[end].abort();
    await within(ended, { what: 'the source to end' });
    assert.deepEqual(sink.said, []);
  }
});
