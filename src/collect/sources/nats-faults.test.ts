import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { natsSource, sinkOf } from '../../../test/rig/broker-source.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { runLines } from '../../../test/rig/line-sink.ts';
import { NO_NATS_SERVER, startNatsServer } from '../../../test/rig/nats-server.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';

const skip = NO_NATS_SERVER;

function texts(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, i) => `m${from + i}`);
}

/** A server with the stream `orders`, and so many messages in it. */
async function setUp(t: TestContext, messages = 0) {
  leakCheck(t);
  const server = await startNatsServer(t);
  await server.createStream('orders');
  await server.publish('orders', texts(messages));
  return { server, address: `${server.address}/orders` };
}

test('kill -9 of the server, again and again: each message once, in order', { skip }, async (t) => {
  const { server, address } = await setUp(t);
  const sink = sinkOf();
  runLines(t, natsSource(address), sink);
  let sent = 0;
  for (let round = 0; round < 4; round += 1) {
    sent = await server.publish('orders', texts(3000, sent + 1));
    await until(() => sink.lines.length > sent - 2500, { what: `some of round ${round}` });
    await server.kill();
    await sink.heard('disconnected', round + 1);
    await server.start();
  }
  const stored = await server.api<{ state: { last_seq: number } }>('STREAM.INFO.orders');
  assert.equal(stored.state.last_seq, sent, 'the server itself lost what it had acknowledged');
  await sink.gather(sent);
  assert.deepEqual(
    sink.lines.map(({ text }) => text),
    texts(sent),
  );
  assert.deepEqual(sink.gaps, []);
  assert.equal(sink.epochs(), 0);
});

test('what retention removed before we came back is one gap, whose end the next message shows', {
  skip,
}, async (t) => {
  const { server, address } = await setUp(t, 10);
  const sink = sinkOf();
  const first = runLines(t, natsSource(address), sink);
  await sink.gather(10);
  await first.end();
  await server.publish('orders', texts(10, 11));
  await server.api('STREAM.PURGE.orders', { seq: 18 });
  runLines(t, natsSource(address), sink);
  await sink.gather(13);
  assert.deepEqual(
    sink.lines.slice(10).map(({ seq }) => seq),
    [18, 19, 20],
  );
  assert.equal(sink.gaps.length, 1);
  const { from, to, reason, detail } = sink.gaps[0] ?? {};
  assert.deepEqual([from, to, reason], [10, 18, 'outdated']);
  assert.match(String(detail), /^OutdatedCursor: the stream no longer has 11 to 17; its oldest is of 20/);
});

test('a purge while we read is a gap from the last that came to the first after it', { skip }, async (t) => {
  const { server, address } = await setUp(t);
  const sink = sinkOf();
  sink.fill();
  runLines(t, natsSource(address), sink);
  await server.publish('orders', texts(1500));
  await sink.gather(1);
  // The sink is full, so that at most the first thousand were asked for.
  await server.api('STREAM.PURGE.orders');
  await server.publish('orders', texts(1, 1501));
  sink.empty();
  await until(() => sink.lines.at(-1)?.text === 'm1501', { what: 'what came after the purge' });
  const had = sink.lines.length - 1;
  assert.ok(had <= 1000, `${had} messages came`);
  assert.deepEqual(
    sink.lines.map(({ text }) => text),
    [...texts(had), 'm1501'],
  );
  assert.deepEqual(
    sink.gaps.map(({ from, to, reason }) => [from, to, reason]),
    [[had, 1501, 'jump']],
  );
});

test('a stream that was deleted and made again is a new epoch, even when it is longer than before', {
  skip,
}, async (t) => {
  const { server, address } = await setUp(t, 5);
  const sink = sinkOf();
  runLines(t, natsSource(address), sink);
  await sink.gather(5);
  await server.api('STREAM.DELETE.orders');
  await sink.heard('disconnected');
  await server.createStream('orders');
  await server.publish('orders', texts(8, 101));
  await sink.gather(13);
  assert.deepEqual(
    sink.lines.slice(5).map(({ text }) => text),
    texts(8, 101),
  );
  assert.equal(sink.epochs(), 1);
  assert.match(sink.gaps[0]?.detail ?? '', /^the stream was made anew at /);
});

test('a server that lost its last messages and numbers others so is a new epoch', { skip }, async (t) => {
  const { address } = await setUp(t, 5);
  const sink = sinkOf();
  const first = runLines(t, natsSource(address), sink);
  await sink.gather(5);
  await first.end();
  const [created = ''] = (sink.marks()[''] ?? '').split(' ');
  for (const [mark, told] of [
    [`${created} 7 1`, 'the stream ends at 5, and we stand at 7'],
    [`${created} 4 1`, 'message 4 is another one than the one we had under that number'],
  ] as const) {
    const seq = Number(mark.split(' ')[1]);
    const later = sinkOf({ position: seq, marks: { '': mark } });
    const running = runLines(t, natsSource(address), later);
    await later.gather(5);
    assert.equal(later.epochs(), 1);
    assert.equal(later.gaps[0]?.detail, told);
    await running.end();
  }
});

test('on-reset: stop ends the source with an error', { skip }, async (t) => {
  const { address } = await setUp(t, 5);
  const sink = sinkOf({ position: 9, onReset: 'stop' });
  const scope = new AbortController();
  t.after(() => scope.abort());
  const running = natsSource(address).run(
    { drain: scope.signal, stop: scope.signal, ready: () => {}, clock: systemClock, log: silentLog },
    sink,
  );
  await assert.rejects(within(running, { what: 'the source to stop' }), /cannot go on: the stream ends at 5/);
});

test('a server that stops answering is left', { skip, timeout: 60_000 }, async (t) => {
  const { server, address } = await setUp(t, 1);
  const sink = sinkOf();
  runLines(t, natsSource(address), sink);
  await sink.gather(1);
  server.freeze(true);
  await until(() => sink.notices.some(({ kind }) => kind === 'disconnected'), {
    deadlineMs: 30_000,
    what: 'the connection to be given up',
  });
  server.freeze(false);
  await server.publish('orders', ['m2']);
  await sink.gather(2);
  assert.match(JSON.stringify(sink.notices), /no heartbeat for 11 s/);
});
