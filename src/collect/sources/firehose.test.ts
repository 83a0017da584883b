import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { createTestSink } from '../../../test/rig/jetstream.ts';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { runLines } from '../../../test/rig/line-sink.ts';
import { until } from '../../../test/rig/wait.ts';
import { createFirehoseSource } from './firehose.ts';

const ENORMOUS = 5;

function frame(seq: number): Buffer {
  const bytes = Buffer.alloc(seq === ENORMOUS ? 67_108_865 : 4);
  bytes.writeUInt32LE(seq);
  return bytes;
}

for (const inclusive of [false, true]) {
  test(`a frame that is too long to be received at all is left out, with a gap (cursors ${inclusive ? 'include' : 'exclude'} their event)`, async (t) => {
    leakCheck(t);
    const asked: number[] = [];
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    server.on('connection', (socket, request) => {
      socket.on('error', () => {});
      const cursor = Number(new URL(request.url ?? '', 'ws://x').searchParams.get('cursor'));
      asked.push(cursor);
      for (let seq = Math.max(1, cursor + (inclusive ? 0 : 1)); seq <= 8; seq += 1) socket.send(frame(seq));
    });
    await once(server, 'listening');
    onEnd(t, async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    });
    const sink = createTestSink('oldest');
    const source = createFirehoseSource({
      url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      random: () => 0,
      decode: (bytes) => {
        const seq = Buffer.from(bytes).readUInt32LE();
        return { kind: 'event', event: { seq, time: 0, kind: 'commit', lines: [] } };
      },
    });
    runLines(t, source, sink);
    await until(() => sink.events.at(-1)?.seq === 8, { deadlineMs: 30_000, what: 'the event behind it' });
    assert.deepEqual(
      sink.events.map(({ seq }) => seq),
      [1, 2, 3, 4, 6, 7, 8],
    );
    assert.deepEqual(asked, inclusive ? [0, 0, 5, 6] : [0, 0, 5]);
    const gaps = sink.said.filter(({ kind }) => kind === 'gap');
    assert.equal(gaps.length, 1);
    assert.match(JSON.stringify(gaps), /more than 67108864 bytes comes next, and is left out/);
  });
}
