import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type MessageSink, runKafka, sinkOf } from '../../../test/rig/broker-source.ts';
import { type BrokersOptions, type KafkaBrokers, startKafkaBrokers } from '../../../test/rig/kafka-broker.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';
import { type Clock, systemClock } from '../../core/clock.ts';

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

test('answers cut in the middle, errors and leaders that move: each record once, in order', async (t) => {
  const brokers = await setUp(t, { nodes: 3, partitions: 2 });
  for (let i = 0; i < 50; i++)
    for (const id of [0, 1]) brokers.partition(id).append(values(20, i * 20), { gzip: i % 2 === 0 });
  brokers.cut(3);
  brokers.fail(0, 6);
  brokers.fail(1, 2);
  brokers.fail(1, 5);
  brokers.fail(0, 999);
  const sink = sinkOf();
  run(t, brokers, sink);
  await sink.gather(1000);
  brokers.partition(0).leader = 2;
  brokers.partition(1).leader = 2;
  for (const id of [0, 1]) brokers.partition(id).append(values(10, 1000));
  await sink.gather(2020);
  const all = Array.from({ length: 1010 }, (_, i) => i);
  assert.deepEqual(offsets(sink, 0), all);
  assert.deepEqual(offsets(sink, 1), all);
  assert.deepEqual(sink.gaps, []);
  assert.match(JSON.stringify(sink.notices), /LEADER/);
});

test('a broker that is away delays only its own partitions; a cluster that is away is waited for', async (t) => {
  const brokers = await setUp(t, { nodes: 2, partitions: 2 });
  const sink = sinkOf();
  run(t, brokers, sink);
  await sink.heard('connected');
  await brokers.kill(1);
  for (const id of [0, 1]) brokers.partition(id).append(values(3));
  await sink.gather(3);
  assert.deepEqual(offsets(sink, 1), []);
  await brokers.revive(1);
  await sink.gather(6);
  await brokers.kill(0);
  await brokers.kill(1);
  await sink.heard('disconnected');
  await brokers.revive(0);
  await brokers.revive(1);
  brokers.partition(0).append(values(1));
  await sink.gather(7);
  assert.deepEqual(sink.gaps, []);
});

test('a topic that was made anew is a new epoch, with ids of topics and without', async (t) => {
  for (const old of [false, true])
    await t.test(old ? 'without' : 'with', async (inner) => {
      const brokers = await setUp(inner, { old, partitions: 2 });
      brokers.partition(0).append(values(5));
      const sink = sinkOf();
      const first = run(inner, brokers, sink);
      await sink.gather(5);
      await first.end();
      brokers.recreate();
      brokers.partition(0).append(values(2));
      run(inner, brokers, sink);
      await sink.gather(7);
      assert.deepEqual(offsets(sink), [0, 1, 2, 3, 4, 0, 1]);
      assert.equal(sink.epochs(), 1);
      const why = old ? /^partition 0 ends before offset 2, and we stand at 4$/ : /^the topic was made anew/;
      assert.match(sink.gaps[0]?.detail ?? '', why);
    });
});

test('a topic that is made anew while we read is a new epoch', async (t) => {
  const brokers = await setUp(t);
  brokers.partition(0).append(values(5));
  const sink = sinkOf();
  run(t, brokers, sink);
  await sink.gather(5);
  brokers.recreate();
  brokers.partition(0).append(values(2));
  await sink.gather(7);
  assert.deepEqual(offsets(sink), [0, 1, 2, 3, 4, 0, 1]);
  assert.equal(sink.epochs(), 1);
});

test('a log that lost its end is a gap, and what is written there anew is taken', async (t) => {
  const brokers = await setUp(t);
  const log = brokers.partition(0);
  for (let i = 0; i < 5; i++) log.append(values(2, i * 2));
  const sink = sinkOf();
  const first = run(t, brokers, sink);
  await sink.gather(10);
  await first.end();
  log.truncateTo(8);
  const second = run(t, brokers, sink);
  await until(() => sink.gaps.length > 0, { what: 'the gap' });
  log.append(values(1, 100));
  await sink.gather(11);
  await second.end();
  assert.equal(sink.lines.at(-1)?.offset, 8);
  assert.deepEqual(told(sink), [
    ['reset', 'partition 0 ends before offset 8, and we stand at 9: the end of its log was lost'],
  ]);
  // Lost and written over before we came back: only the record itself tells.
  log.truncateTo(8);
  log.append([{ value: 'other', time: 5 }, { value: 'next' }]);
  run(t, brokers, sink);
  await sink.gather(13);
  assert.deepEqual(
    sink.lines.slice(-2).map(({ text }) => text),
    ['other', 'next'],
  );
  assert.match(
    sink.gaps[1]?.detail ?? '',
    /^partition 0: offset 8 is another record than the one we had there/,
  );
  assert.equal(sink.epochs(), 0);
});

test('a batch that cannot be read is asked for again; when that does not help, it is quarantined and named as a gap', async (t) => {
  const brokers = await setUp(t);
  const log = brokers.partition(0);
  log.append(values(3));
  log.append(values(3, 3));
  log.append(values(3, 6));
  log.breakBatch(4);
  const sink = sinkOf();
  run(t, brokers, sink);
  await until(() => sink.notices.some(({ kind }) => kind === 'info'), { what: 'the trouble to be told' });
  log.breakBatch(4);
  await sink.gather(9);
  assert.deepEqual(sink.gaps, []);
  log.append(values(3));
  log.append(values(3));
  log.breakBatch(9);
  await until(() => offsets(sink).at(-1) === 14, { what: 'what comes behind it' });
  assert.deepEqual(told(sink), [
    ['jump', 'partition 0, offsets 9 to 11: cannot read a batch: its checksum is wrong'],
  ]);
  assert.equal(sink.quarantined().length, 1);
});

test('a broker that asks to be left alone is, half a minute at most', async (t) => {
  const brokers = await setUp(t);
  brokers.partition(0).append(values(1));
  brokers.throttle(86_400_000);
  const slept: number[] = [];
  const sleep: Clock['sleep'] = (ms, signal) => {
    slept.push(ms);
    return systemClock.sleep(ms / 1000, signal);
  };
  const sink = sinkOf();
  run(t, brokers, sink, { clock: { ...systemClock, sleep } });
  await until(() => slept.includes(30_000), { what: 'the pause' });
  brokers.partition(0).append(values(1));
  await sink.gather(2);
});
