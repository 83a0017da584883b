import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type MessageSink, runKafka, sinkOf } from '../../../test/rig/broker-source.ts';
import { type BrokersOptions, type KafkaBrokers, startKafkaBrokers } from '../../../test/rig/kafka-broker.ts';
import { LOG_START } from '../../../test/rig/kafka-log.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';

function values(count: number, from = 0): { value: string }[] {
  return Array.from({ length: count }, (_, i) => ({ value: `v${from + i}` }));
}

async function setUp(t: TestContext, options?: BrokersOptions): Promise<KafkaBrokers> {
  leakCheck(t);
  return startKafkaBrokers(t, options);
}

function run(
  t: TestContext,
  brokers: KafkaBrokers,
  sink: MessageSink,
  more: Parameters<typeof runKafka>[3] = {},
  query = '',
) {
  return runKafka(t, `kafka://${brokers.bootstrap()}/${brokers.topic}${query}`, sink, more);
}

function offsets(sink: MessageSink, partition = 0): number[] {
  return sink.lines.filter((line) => line.partition === partition).map(({ offset }) => offset ?? -1);
}

function told(sink: MessageSink): (string | null)[][] {
  return sink.gaps.map(({ reason, detail }) => [reason, detail]);
}

test('each record is a line with partition, offset, key, headers and time; tombstones and binary too', async (t) => {
  const brokers = await setUp(t);
  const binary = Buffer.from([0xff, 0]);
  brokers.partition(0).append([
    {
      key: 'a',
      value: '{"at":1783166400,"n":1}',
      headers: [
        ['h', 'ü'],
        ['h', binary],
        ['n', null],
      ],
    },
    { key: null, value: null },
    { key: binary, value: binary },
    { key: '', value: 'x'.repeat(1000) },
    { value: 'last', time: -1 },
  ]);
  const sink = sinkOf();
  run(t, brokers, sink, { timePath: ['at'] });
  const lines = await sink.gather(4);
  assert.deepEqual(
    lines.map(({ seq, offset, kind }) => [seq, offset, kind]),
    [
      [1, 0, 'json'],
      [2, 1, 'null'],
      [3, 2, 'binary'],
      [5, 4, 'text'],
    ],
  );
  assert.equal(lines[0]?.time, '2026-07-04T12:00:00.000Z');
  assert.deepEqual(lines[0]?.headers, [
    ['h', 'ü'],
    ['h', { base64: '/wA=' }],
    ['n', null],
  ]);
  assert.equal(lines[1]?.time, '2026-07-04T12:00:01.000Z');
  assert.deepEqual(
    lines.map(({ key }) => key),
    ['a', null, { base64: '/wA=' }, null],
  );
  assert.equal(lines[2]?.base64, '/wA=');
  assert.equal(sink.quarantined().length, 1);
  assert.deepEqual(sink.gaps, []);
});

test('live begins at each end, oldest at each beginning; a partition that comes later is taken whole', async (t) => {
  const brokers = await setUp(t, { nodes: 2, partitions: 3 });
  for (const id of [0, 1, 2]) brokers.partition(id).append(values(5));
  const live = sinkOf({ position: 'live' });
  const first = run(t, brokers, live);
  await until(() => Object.keys(live.marks()).length === 4, { what: 'all partitions to have begun' });
  await first.end();
  // As after a kill: what came since the beginning is not missed.
  for (const id of [0, 1, 2]) brokers.partition(id).append(values(2, 5));
  brokers.addPartition().append(values(3));
  run(t, brokers, live);
  await live.gather(9);
  assert.deepEqual(
    [0, 1, 2, 3].map((id) => offsets(live, id)),
    [
      [5, 6],
      [5, 6],
      [5, 6],
      [0, 1, 2],
    ],
  );
  const oldest = sinkOf();
  run(t, brokers, oldest);
  await oldest.gather(24);
  assert.deepEqual(offsets(oldest, 2), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...live.gaps, ...oldest.gaps], []);
});

test('after a kill in the middle of a batch, the rest of it comes and nothing twice', async (t) => {
  const brokers = await setUp(t);
  brokers.partition(0).append(values(5));
  brokers.partition(0).append(values(5));
  const sink = sinkOf({ position: 3, marks: { '': '- 1 oldest', '0': `2 ${LOG_START + 2000}` } });
  run(t, brokers, sink);
  await until(() => offsets(sink).at(-1) === 9, { what: 'the last record' });
  assert.deepEqual(offsets(sink), [3, 4, 5, 6, 7, 8, 9]);
  assert.equal(sink.lines[0]?.seq, 4);
  assert.deepEqual(sink.gaps, []);
});

test('what retention removed is a gap that names partition and offsets, before and while we read', async (t) => {
  const brokers = await setUp(t);
  const log = brokers.partition(0);
  log.append(values(10));
  const sink = sinkOf();
  const first = run(t, brokers, sink);
  await sink.gather(10);
  await first.end();
  log.append(values(5));
  log.append(values(5));
  log.deleteBefore(15);
  run(t, brokers, sink);
  await sink.gather(15);
  assert.deepEqual(offsets(sink).slice(10), [15, 16, 17, 18, 19]);
  const detail = 'partition 0 no longer has offsets 10 to 14; its oldest is 15';
  assert.deepEqual(told(sink), [['outdated', detail]]);
  assert.equal(sink.gaps[0]?.since, Date.UTC(2026, 6, 4, 12, 0, 9));
  log.append(values(5));
  log.append(values(5));
  log.deleteBefore(25);
  await until(() => offsets(sink).at(-1) === 29, { what: 'the last record' });
  assert.equal(new Set(offsets(sink)).size, sink.lines.length);
});

test('of transactions only what was committed comes, and what ends them moves the position on', async (t) => {
  const brokers = await setUp(t);
  const log = brokers.partition(0);
  log.append([{ value: 'kept' }], { producer: 1n });
  log.append([{ value: 'given up' }], { producer: 2n });
  log.append([{ value: 'plain' }]);
  log.endTransaction(2n, 'abort');
  log.endTransaction(1n, 'commit');
  log.append([{ value: 'kept too' }], { producer: 2n });
  log.endTransaction(2n, 'commit');
  log.append([{ value: 'not decided' }], { producer: 3n });
  log.append([{ value: 'behind it' }]);
  const sink = sinkOf();
  run(t, brokers, sink);
  await sink.gather(3);
  await until(() => sink.marks()['0'] === '6 -', { what: 'the end of the transaction to be passed' });
  assert.deepEqual(
    sink.lines.map(({ text }) => text),
    ['kept', 'plain', 'kept too'],
  );
  log.endTransaction(3n, 'abort');
  await sink.gather(4);
  assert.equal(sink.lines[3]?.text, 'behind it');
  assert.deepEqual(sink.gaps, []);
});

test('offsets that compaction removed are no gap, also where the last that we had is gone', async (t) => {
  const brokers = await setUp(t);
  const log = brokers.partition(0);
  log.append(values(6), { without: [1, 2, 5] });
  const sink = sinkOf();
  const first = run(t, brokers, sink);
  await sink.gather(3);
  await until(() => sink.marks()['0']?.startsWith('5 '), { what: 'the end of the batch' });
  await first.end();
  log.append(values(2, 6));
  run(t, brokers, sink);
  await sink.gather(5);
  assert.deepEqual(offsets(sink), [0, 3, 4, 6, 7]);
  assert.deepEqual(sink.gaps, []);
});

test('a full sink stops the asking; so much at most comes', async (t) => {
  const brokers = await setUp(t);
  const log = brokers.partition(0);
  for (let i = 0; i < 200; i++) log.append(Array.from({ length: 100 }, () => ({ value: 'x'.repeat(900) })));
  const sink = sinkOf();
  sink.fill();
  run(t, brokers, sink);
  await sink.gather(1);
  await assert.rejects(
    until(() => sink.lines.length > 100, { deadlineMs: 200, what: 'more' }),
    /in vain/,
  );
  sink.empty();
  await until(() => sink.lines.length === 20_000, { what: 'all' });
  assert.deepEqual(
    offsets(sink),
    Array.from({ length: 20_000 }, (_, i) => i),
  );
});

test('a topic that is not there is said, and so is a refused login, without the secret', async (t) => {
  const brokers = await setUp(t, { partitions: 0, login: 'me:s3cret' });
  const password = () => ({ ok: true, value: 's3cret' }) as const;
  const sink = sinkOf();
  run(t, brokers, sink, { access: { user: 'me', password } }, '?sasl=plain');
  const [missing] = await sink.heard('disconnected');
  assert.match(JSON.stringify(missing), /there is no topic orders/);
  brokers.addPartition().append(values(2));
  await sink.gather(2);
  const refused = sinkOf();
  run(t, brokers, refused, { access: { user: 'you', password } }, '?sasl=plain');
  const [said] = await refused.heard('disconnected');
  assert.match(JSON.stringify(said), /cannot log in: Authentication failed/);
  assert.doesNotMatch(JSON.stringify(refused.notices), /s3cret/);
});

test('drain ends quickly, in the middle of a wait too', async (t) => {
  const brokers = await setUp(t, { nodes: 2, partitions: 2 });
  const sink = sinkOf();
  const running = run(t, brokers, sink);
  await sink.heard('connected');
  brokers.deafen(1);
  const began = performance.now();
  await running.end();
  assert.ok(performance.now() - began < 500, `${performance.now() - began} ms`);
});
