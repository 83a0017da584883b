import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PartitionLog } from '../../../test/rig/kafka-log.ts';
import { crc32c } from './crc32c.ts';
import { unpackLz4 } from './lz4.ts';
import { KafkaFormatError, KafkaReader } from './reader.ts';
import { batchesOf, recordsOf } from './record-batch.ts';
import { unpackSnappy } from './snappy.ts';
import { createKafkaWriter } from './writer.ts';

/** Runs something that may refuse, but in one way only. */
function refusesOnly(work: () => unknown): void {
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof KafkaFormatError)) throw thrown;
  }
}

test('CRC-32C of what everybody checks it with, at any length and cut', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(0)), 0);
});

test('numbers come back as they were written; those beyond 2^53 are refused', () => {
  const whole = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
  fc.assert(
    fc.property(whole, fc.nat(), (signed, natural) => {
      const reader = new KafkaReader(
        createKafkaWriter().varint(signed).uvarint(natural).int64(signed).build(),
      );
      assert.deepEqual([reader.varint(), reader.uvarint(), reader.int64()], [signed, natural, signed]);
    }),
  );
  assert.throws(
    () =>
      new KafkaReader(
        createKafkaWriter()
          .int64(2n ** 60n)
          .build(),
      ).int64(),
    KafkaFormatError,
  );
});

test('whatever bytes come, they are read or refused, and never anything else', () => {
  const log = new PartitionLog(0);
  log.append([
    { key: 'a', value: 'one' },
    { value: null, headers: [['h', 'x']] },
  ]);
  log.append([{ value: 'x'.repeat(300) }], { gzip: true });
  const whole = log.read(0, 100_000);
  const changes = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(changes, fc.nat({ max: whole.length }), (changed, length) => {
      const bytes = Buffer.from(whole.subarray(0, length));
      for (const [at, value] of changed) if (at < bytes.length) bytes[at] = value;
      refusesOnly(() => {
        for (const batch of batchesOf(bytes)) {
          refusesOnly(() => recordsOf(batch));
          // With a checksum that is right, what lies behind it is read.
          if (batch.raw.length >= 61) {
            batch.raw.writeUInt32BE(crc32c(batch.raw.subarray(21)), 17);
            refusesOnly(() => recordsOf(batch));
          }
        }
      });
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const frame = Buffer.concat([Buffer.from('04224d186040ff', 'hex'), bytes]);
      refusesOnly(() => unpackLz4(frame, 10_000));
      refusesOnly(() => unpackSnappy(Buffer.from(bytes), 10_000));
    }),
    { numRuns: 2000 },
  );
});

test('what unpacks to more than is allowed is refused before it lies in memory', () => {
  const bomb = Buffer.from('ffffff7f00', 'hex');
  assert.throws(() => unpackSnappy(bomb, 1000), /over 1000 bytes/);
  // A literal, then a match of itself over many bytes.
  const block = Buffer.concat([
    Buffer.from([0x1f, 0x61, 0x01, 0x00]),
    Buffer.alloc(50, 0xff),
    Buffer.from([0]),
  ]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  const frame = Buffer.concat([Buffer.from('04224d186040ff', 'hex'), size, block, Buffer.alloc(4)]);
  assert.throws(() => unpackLz4(frame, 1000), /over 1000 bytes/);
});
