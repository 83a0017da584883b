import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKafka, sinkOf } from '../../../test/rig/broker-source.ts';
import { NO_KCAT, PADDING, startMockCluster } from '../../../test/rig/kcat.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  test(`records as librdkafka writes them: ${compression}`, { skip: NO_KCAT }, async (t) => {
    leakCheck(t);
    const cluster = await startMockCluster(t, 'orders', { compression });
    const records = Array.from({ length: 500 }, (_, i) => `key-${i % 7}|value ${i} ${'abc'.repeat(i % 200)}`);
    cluster.produce(records);
    const sink = sinkOf();
    runKafka(t, `kafka://${cluster.bootstrap}/orders`, sink);
    const ours = () => sink.lines.filter(({ key }) => key !== PADDING);
    await until(() => ours().length >= 500, { what: 'all records' });
    const lines = ours();
    assert.deepEqual(new Set(lines.map(({ key, text = '' }) => `${String(key)}|${text}`)), new Set(records));
    assert.equal(lines.length, records.length);
    for (const partition of new Set(lines.map((line) => line.partition))) {
      const own = lines.filter((line) => line.partition === partition);
      assert.deepEqual(
        own.map(({ offset }) => offset),
        own.map((_, i) => i),
      );
    }
    assert.deepEqual(
      lines.map(({ seq }) => seq),
      lines.map((_, i) => i + 1),
    );
    assert.deepEqual(sink.gaps, []);
  });
}
