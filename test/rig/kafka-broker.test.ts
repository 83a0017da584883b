import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startKafkaBrokers } from './kafka-broker.ts';
import { NO_KCAT, readWithKcat } from './kcat.ts';
import { leakCheck } from './leaks.ts';

for (const old of [false, true]) {
  test(`librdkafka reads what the brokers of the tests have, checksums checked${old ? ', in old versions' : ''}`, {
    skip: NO_KCAT,
  }, async (t) => {
    leakCheck(t);
    const brokers = await startKafkaBrokers(t, { nodes: 2, partitions: 2, old });
    brokers.partition(0).append([
      { key: 'a', value: 'one' },
      { key: 'b', value: null },
    ]);
    brokers.partition(0).append([{ value: 'three' }], { gzip: true });
    brokers.partition(1).append([{ value: 'kept' }], { producer: 7n });
    brokers.partition(1).endTransaction(7n, 'commit');
    brokers.partition(1).append([{ value: 'given up' }], { producer: 7n });
    brokers.partition(1).endTransaction(7n, 'abort');
    brokers.partition(1).append([{ value: 'last' }, { value: 'removed' }], { without: [5] });
    const read = await readWithKcat(brokers.bootstrap(), brokers.topic, 5);
    assert.deepEqual(read.sort(), ['0 0 a one 3', '0 1 b  -1', '0 2  three 5', '1 0  kept 4', '1 4  last 4']);
  });
}
