import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KAFKA, NATS, parseBrokerAddress } from './broker-address.ts';

test('an address names servers, with their usual port where it names none, a stream, and options', () => {
  const read = parseBrokerAddress('tls://a,b.example:4223,[::1]:1/ORDERS?subject=orders.>&domain=hub', NATS);
  assert.deepEqual(read, {
    ok: true,
    value: {
      tls: true,
      servers: [
        { host: 'a', port: 4222 },
        { host: 'b.example', port: 4223 },
        { host: '::1', port: 1 },
      ],
      name: 'ORDERS',
      query: new Map([
        ['subject', 'orders.>'],
        ['domain', 'hub'],
      ]),
    },
  });
  const kafka = parseBrokerAddress(' kafka://a/my.topic_1 ', KAFKA);
  assert.deepEqual(kafka.ok && [kafka.value.tls, kafka.value.servers[0]?.port, kafka.value.name], [
    false,
    9092,
    'my.topic_1',
  ]);
});

test('what is no address is said, without what may be a secret in it', () => {
  const wrong = [
    ['nats://host', NATS, /write nats:\/\/HOST:4222\/STREAM$/],
    ['kafka://host/T', NATS, /write nats/],
    ['nats://me:geheim@host/S', NATS, /^cannot collect from nats:\/\/…@host\/S: write `user` and `password`/],
    ['nats://a,,b/S', NATS, /"" is no HOST:PORT/],
    ['nats://a:99999/S', NATS, /"a:99999" is no/],
    ['nats://a/S.T', NATS, /"S.T" can't be a name/],
    ['nats://a/S%20T', NATS, /can't be a name/],
    ['nats://a/%zz', NATS, /can't be a name/],
    ['kafka://a/..', KAFKA, /can't be a name/],
    ['kafka://a/T?group=x', KAFKA, /it has no option "group"; it takes sasl$/],
    ['nats://a/S/T', NATS, /write nats/],
  ] as const;
  for (const [text, form, expected] of wrong) {
    const read = parseBrokerAddress(text, form);
    assert.ok(!read.ok, text);
    assert.match(read.error, expected);
    assert.doesNotMatch(read.error, /geheim/);
  }
});
