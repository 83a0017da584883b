import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { startKafkaBrokers } from '../rig/kafka-broker.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { NO_NATS_SERVER, startNatsServer } from '../rig/nats-server.ts';
import { jsonLines, startDaemon, type TestDaemon, vahti } from '../rig/vahti.ts';

const KILLS = 4;

interface Told {
  readonly seq: number;
  readonly text: string;
  readonly partition?: number;
  readonly offset?: number;
}

/** Calls `send` again and again until `stop`; resolves then. */
function keepSending(t: TestContext, send: () => Promise<void> | void): { stop(): Promise<void> } {
  const over = new AbortController();
  const sending = (async () => {
    while (!over.signal.aborted) {
      await send();
      await systemClock.sleep(5, over.signal);
    }
  })();
  const stop = (): Promise<void> => {
    over.abort();
    return sending;
  };
  onEnd(t, stop);
  return { stop };
}

/** Kills the collector in the middle of its work, again and again, each time when it has gone on. */
async function killAgain(
  daemon: TestDaemon,
  name: string,
  between: (kill: number) => Promise<void>,
): Promise<void> {
  let lines = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = lines;
    const grown = await daemon.waitFor(
      name,
      'to grow',
      ({ figures }) => (figures?.lines ?? 0) > before + 200,
    );
    process.kill(grown.pid as number, 'SIGKILL');
    lines = grown.figures?.lines ?? 0;
    await between(kill);
    await daemon.waitFor(name, 'to live again', ({ pid, state }) => state === 'running' && pid !== grown.pid);
  }
}

/** Waits for so many lines, stops, and answers all of them. */
async function linesOf(daemon: TestDaemon, name: string, count: number): Promise<Told[]> {
  await daemon.waitFor(name, `to have ${count} lines`, ({ figures }) => (figures?.lines ?? 0) >= count);
  await daemon.stop();
  assert.equal((await daemon.cli('collect', 'verify', name)).code, 0);
  assert.equal((await daemon.cli('collect', 'gaps', name)).stdout, 'no gap is known\n');
  const told = jsonLines<Told>((await daemon.cli('collect', 'tail', name, '--from', '0')).stdout);
  assert.deepEqual(
    told.map(({ seq }) => seq),
    Array.from({ length: count }, (_, i) => i + 1),
  );
  return told;
}

test('a stream of JetStream through kills of the collector and of its server: each message once, in order', {
  skip: NO_NATS_SERVER,
}, async (t) => {
  leakCheck(t);
  const server = await startNatsServer(t);
  await server.createStream('orders');
  const yaml = `services: { orders: { collect: { from: "${server.address}/orders", into: data, cursor: oldest } } }\n`;
  const daemon = await startDaemon(t, yaml);
  let sent = 0;
  const send = async (): Promise<void> => {
    const texts = Array.from({ length: 20 }, (_, i) => `m${sent + 1 + i}`);
    // Messages of a server that is killed are sent again: the stream drops those that it has by their id.
    const payloads = texts.map((data) => ({ data, headers: { 'Nats-Msg-Id': data } }));
    while (
      !(await server.publish('orders', payloads).then(
        () => true,
        () => false,
      ))
    );
    sent += texts.length;
  };
  const sending = keepSending(t, send);
  await killAgain(daemon, 'orders', async (kill) => {
    if (kill !== 1) return;
    await server.kill();
    await server.start();
  });
  await sending.stop();
  const told = await linesOf(daemon, 'orders', sent);
  assert.deepEqual(
    new Set(told.map(({ text }) => text)),
    new Set(Array.from({ length: sent }, (_, i) => `m${i + 1}`)),
  );
});

test('a topic of Kafka through kills of the collector and of brokers: each record once, in order', async (t) => {
  leakCheck(t);
  const brokers = await startKafkaBrokers(t, { nodes: 2, partitions: 3 });
  const yaml = `services: { orders: { collect: { from: "kafka://${brokers.bootstrap()}/orders", into: data, cursor: oldest } } }\n`;
  const daemon = await startDaemon(t, yaml);
  let sent = 0;
  const sending = keepSending(t, () => {
    for (const partition of [0, 1, 2]) {
      const first = brokers.partition(partition).end;
      const texts = Array.from({ length: 7 }, (_, i) => ({ value: `p${partition}-${first + i}` }));
      brokers.partition(partition).append(texts, { gzip: sent % 2 === 0 });
      sent += texts.length;
    }
  });
  await killAgain(daemon, 'orders', async (kill) => {
    brokers.cut(1);
    await brokers.kill(kill % 2);
    await brokers.revive(kill % 2);
  });
  await sending.stop();
  const told = await linesOf(daemon, 'orders', sent);
  for (const partition of [0, 1, 2]) {
    const own = told.filter((line) => line.partition === partition);
    assert.deepEqual(
      own.map(({ offset, text }) => `${offset} ${text}`),
      Array.from({ length: brokers.partition(partition).end }, (_, i) => `${i} p${partition}-${i}`),
    );
  }
});

test('what cannot be collected of a broker is said by check, at its place, and no secret with it', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(
    join(folder, 'vahti.yaml'),
    `services:
  a: { collect: { from: "nats://me:geheim@host/S", into: a } }
  b: { collect: { from: "kafka://host:0/T", into: b } }
  c: { collect: { from: "kafka://a,b/T", into: c, cursor: 5 } }
  d: { collect: { from: "nats://a:1,b:2/S?subject=x.>", into: d, creds: missing.creds } }
  e: { collect: { from: "kafka://a/T", into: e, user: me } }
  f: { collect: { from: "nats://a/S", into: f, password: geheim } }
  g: { collect: { from: "tcp://a:1", into: g, user: me } }
  h: { collect: { from: "kafka+tls://a/T?sasl=oauth", into: h } }
  i: { collect: { from: "tls://a,[::1]:4222/S", into: i, password: "$TOKEN" } }
`,
  );
  const checked = await vahti(t, ['check'], folder);
  assert.equal(checked.code, 2);
  const errors = checked.stderr.split('\n').filter((line) => line.includes('error:'));
  const expected = [
    /:2:\d+: error: cannot collect from nats:\/\/….*write `user` and `password`/,
    /:3:\d+: error: cannot collect from kafka:\/\/host:0\/T: "host:0" is no HOST:PORT/,
    /:4:\d+: error: cannot begin at a number/,
    /:5:\d+: error: cannot read .*missing\.creds: no such file/,
    /:6:\d+: error: cannot log in: write both/,
    /:7:\d+: error: .*write \$NAME or file:PATH/,
    /:8:\d+: error: cannot use user: only nats and kafka take them/,
    /:9:\d+: error: cannot log in by sasl=oauth/,
  ];
  for (const [i, pattern] of expected.entries()) assert.match(errors[i] ?? '', pattern);
  assert.equal(errors.length, expected.length);
  assert.doesNotMatch(errors.join(), /geheim/);
});
