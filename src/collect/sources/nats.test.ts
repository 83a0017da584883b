import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { natsSource, sinkOf } from '../../../test/rig/broker-source.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { runLines } from '../../../test/rig/line-sink.ts';
import { NO_NATS_SERVER, startNatsServer } from '../../../test/rig/nats-server.ts';
import { until } from '../../../test/rig/wait.ts';

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

test('each message is a line with its number, time, subject and headers; what is too long is quarantined', {
  skip,
}, async (t) => {
  const { server, address } = await setUp(t);
  await server.publish('orders', [
    {
      subject: 'orders.eu',
      data: '{\n  "at": "2026-07-04T12:00:00Z",\n  "id": 12345678901234567890 }',
      headers: { A: 'ü' },
    },
    'plain',
    Buffer.from([0xff, 0x00]),
    '',
    'x'.repeat(1001),
    'last',
  ]);
  const sink = sinkOf();
  runLines(t, natsSource(address, { timePath: ['at'] }), sink);
  const lines = await sink.gather(5);
  assert.deepEqual(
    lines.map(({ seq }) => seq),
    [1, 2, 3, 4, 6],
  );
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ['json', 'text', 'binary', 'text', 'text'],
  );
  assert.equal(lines[0]?.time, '2026-07-04T12:00:00Z');
  assert.equal(lines[0]?.subject, 'orders.eu');
  assert.deepEqual(lines[0]?.headers, { A: ['ü'] });
  assert.match(lines[1]?.time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.equal(Buffer.from(lines[2]?.base64 ?? '', 'base64').toString('hex'), 'ff00');
  assert.equal(lines[3]?.text, '');
  assert.equal(sink.quarantined()[0]?.length, 1001);
  assert.deepEqual(sink.gaps, [], 'what is quarantined is no gap');
});

test('live begins behind what is there, and holds also when nothing came before the connection was lost', {
  skip,
}, async (t) => {
  const { server, address } = await setUp(t, 3);
  const sink = sinkOf({ position: 'live' });
  runLines(t, natsSource(address), sink);
  await until(() => sink.marks()[''] !== undefined, { what: 'the beginning to be kept' });
  const marks = { ...sink.marks() };
  await server.kill();
  await sink.heard('disconnected');
  await server.start();
  await server.publish('orders', texts(2, 4));
  await sink.gather(2);
  assert.deepEqual(
    sink.lines.map(({ text }) => text),
    ['m4', 'm5'],
  );
  // As after a kill of the collector before its first message.
  const again = sinkOf({ position: 'live', marks });
  runLines(t, natsSource(address), again);
  await again.gather(2);
  assert.deepEqual(
    again.lines.map(({ text }) => text),
    ['m4', 'm5'],
  );
  assert.deepEqual([...sink.gaps, ...again.gaps], []);
});

test('messages deleted before we read them are a gap of their numbers', { skip }, async (t) => {
  const { server, address } = await setUp(t, 6);
  await server.api('STREAM.MSG.DELETE.orders', { seq: 3 });
  await server.api('STREAM.MSG.DELETE.orders', { seq: 4 });
  const sink = sinkOf();
  runLines(t, natsSource(address), sink);
  await sink.gather(4);
  assert.deepEqual(
    sink.gaps.map(({ from, to, reason }) => [from, to, reason]),
    [[2, 5, 'jump']],
  );
});

test('with a filter, numbers left out are nothing; only its subjects come', { skip }, async (t) => {
  const { server, address } = await setUp(t);
  const mixed = texts(20).map((data, i) => ({ subject: i % 5 === 0 ? 'orders.eu.x' : 'orders.us.x', data }));
  await server.publish('orders', mixed);
  const sink = sinkOf({ dense: false });
  const source = natsSource(`${address}?subject=orders.eu.>`);
  assert.equal(source.numbers, 'sparse');
  runLines(t, source, sink);
  await sink.gather(4);
  assert.deepEqual(
    sink.lines.map(({ seq }) => seq),
    [1, 6, 11, 16],
  );
  assert.deepEqual(sink.gaps, []);
});

test('a full sink stops the asking: so much at most comes, and nothing is lost', { skip }, async (t) => {
  const { server, address } = await setUp(t);
  await server.publish('orders', texts(5000));
  const sink = sinkOf();
  sink.fill();
  runLines(t, natsSource(address), sink);
  await sink.gather(1);
  await assert.rejects(
    until(() => sink.lines.length > 1, { deadlineMs: 300, what: 'more' }),
    /in vain/,
  );
  sink.empty();
  await sink.gather(5000);
  assert.deepEqual(
    sink.lines.map(({ text }) => text),
    texts(5000),
  );
});

test('who we are: user and password, a token, and a refusal in words without the secret', {
  skip,
}, async (t) => {
  leakCheck(t);
  const access = { user: 'me', pass: 's3cret' };
  const server = await startNatsServer(t, 'authorization { user: me, password: s3cret }', access);
  await server.createStream('orders');
  await server.publish('orders', ['m1']);
  const address = `${server.address}/orders`;
  const password = () => ({ ok: true, value: 's3cret' }) as const;
  const sink = sinkOf();
  runLines(t, natsSource(address, { access: { user: 'me', password } }), sink);
  await sink.gather(1);
  const refused = sinkOf();
  runLines(t, natsSource(address, { access: { user: 'you', password } }), refused);
  await refused.heard('disconnected');
  assert.match(JSON.stringify(refused.notices), /cannot connect: .*Authorization/i);
  assert.doesNotMatch(JSON.stringify(refused.notices), /s3cret/);
});

test('what is not there is said, and tried again', { skip }, async (t) => {
  const { server } = await setUp(t, 1);
  const sink = sinkOf();
  runLines(t, natsSource(`${server.address}/nothing`), sink);
  const [said] = await sink.heard('disconnected');
  assert.match(JSON.stringify(said), /stream not found/);
  await server.createStream('nothing');
  await server.publish('nothing', ['a']);
  await sink.gather(1);
});

test('drain ends quickly and takes the consumer off the server', { skip }, async (t) => {
  const { server, address } = await setUp(t, 1);
  const sink = sinkOf();
  const running = runLines(t, natsSource(address), sink);
  await sink.gather(1);
  const began = performance.now();
  await running.end();
  assert.ok(performance.now() - began < 800, `${performance.now() - began} ms`);
  const names = () => server.api<{ total: number }>('CONSUMER.NAMES.orders');
  await until(async () => (await names()).total === 0, { deadlineMs: 2000, what: 'no consumer to be left' });
});
