import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { natsSource, runKafka, sinkOf } from '../../../test/rig/broker-source.ts';
import { startKafkaBrokers } from '../../../test/rig/kafka-broker.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { runLines } from '../../../test/rig/line-sink.ts';
import { NO_NATS_SERVER, startNatsServer } from '../../../test/rig/nats-server.ts';

const NO_OPENSSL =
  spawnSync('openssl', ['version']).error === undefined
    ? false
    : 'there is no openssl on this machine to make a certificate with';

/** A certificate for this machine that vouches for itself, and its key. NATS' client checks an IP address as `localhost`. */
function certificate(t: TestContext): { key: string; cert: string } {
  const folder = tempFolder(t);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test'.split(
    ' ',
  );
  const made = spawnSync('openssl', [
    ...args,
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  return { key, cert };
}

test('Kafka over TLS: a server is believed only with a certificate that `ca` vouches for', {
  skip: NO_OPENSSL,
}, async (t) => {
  leakCheck(t);
  const { key, cert } = certificate(t);
  const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  const brokers = await startKafkaBrokers(t, { tls });
  brokers.partition(0).append([{ value: 'a' }]);
  const address = `kafka+tls://${brokers.bootstrap()}/orders`;
  const strangers = sinkOf();
  runKafka(t, address, strangers);
  assert.match(JSON.stringify(await strangers.heard('disconnected')), /self-signed certificate/);
  const sink = sinkOf();
  runKafka(t, address, sink, { access: { ca: cert } });
  await sink.gather(1);
});

test('NATS over TLS, the same', { skip: NO_OPENSSL || NO_NATS_SERVER }, async (t) => {
  leakCheck(t);
  const { key, cert } = certificate(t);
  const config = `tls { cert_file: "${cert}", key_file: "${key}" }`;
  const server = await startNatsServer(t, config, { tls: { caFile: cert } });
  await server.createStream('orders');
  await server.publish('orders', ['a']);
  const address = `${server.address.replace('nats:', 'tls:')}/orders`;
  const strangers = sinkOf();
  runLines(t, natsSource(address), strangers);
  assert.match(JSON.stringify(await strangers.heard('disconnected')), /self-signed certificate/);
  const sink = sinkOf();
  runLines(t, natsSource(address, { access: { ca: cert } }), sink);
  await sink.gather(1);
});
