import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { testDictionary } from '../../../test/rig/jetstream.ts';
import { dictionaryIdOf, packMessage, parseDictionary, unpackMessage } from './dictionary.ts';

const message = Buffer.from('{"did":"did:plc:a","kind":"identity","operation":"create"}');

test('a packed message comes back, and carries the number of its dictionary', () => {
  const dictionary = testDictionary();
  const packed = packMessage(message, dictionary);
  assert.equal(dictionaryIdOf(packed), 77_001);
  const unpacked = unpackMessage(packed, dictionary);
  assert.deepEqual(unpacked, { kind: 'unpacked', bytes: message });
  assert.ok(packed.length < zstdCompressSync(message).length);
});

test('the number of a dictionary is found behind every form of a frame header', () => {
  const magic = [0x28, 0xb5, 0x2f, 0xfd];
  const frames: readonly (readonly [bytes: number[], id: number | undefined])[] = [
    [[0x20, 0x01, 0x00], 0],
    [[0x21, 0x07, 0x00], 7],
    [[0x22, 0x07, 0x01, 0x00], 0x107],
    [[0x23, 0x15, 0x46, 0x15, 0x60, 0x00], 0x60154615],
    [[0x03, 0x58, 0x15, 0x46, 0x15, 0x60], 0x60154615],
    [[0x03, 0x58, 0x15, 0x46], undefined],
  ];
  for (const [bytes, id] of frames) assert.equal(dictionaryIdOf(Buffer.from([...magic, ...bytes])), id);
  assert.equal(dictionaryIdOf(message), undefined);
});

test('another dictionary is told from a broken message', () => {
  const other = unpackMessage(packMessage(message, testDictionary(5)), testDictionary());
  assert.deepEqual(other, {
    kind: 'otherDictionary',
    reason: 'cannot unpack messages: the server uses zstd dictionary 5, the one given is 77001',
  });
  const packed = packMessage(message, testDictionary());
  for (const broken of [
    message,
    packed.subarray(0, -3),
    Buffer.alloc(0),
    Buffer.concat([packed.subarray(0, 12), Buffer.alloc(9, 0xff)]),
  ]) {
    assert.equal(unpackMessage(broken, testDictionary()).kind, 'bad');
  }
});

test('a message is not unpacked beyond the limit', () => {
  const bomb = packMessage(Buffer.alloc(10_000_001), testDictionary());
  assert.ok(bomb.length < 2_000);
  const unpacked = unpackMessage(bomb, testDictionary());
  assert.match(unpacked.kind === 'bad' ? unpacked.reason : '', /more than 10000000 bytes/);
  assert.equal(
    unpackMessage(packMessage(Buffer.alloc(10_000_000), testDictionary()), testDictionary()).kind,
    'unpacked',
  );
});

test('what is no dictionary is refused before the first message', () => {
  const bytes = Buffer.from(testDictionary().bytes);
  const broken = Buffer.from(bytes).fill(0xff, 8, 100);
  const numberless = Buffer.from(bytes).fill(0, 4, 8);
  for (const [content, message_] of [
    [Buffer.from('{}'), /does not begin as one/],
    [bytes.subarray(0, 7), /does not begin as one/],
    [numberless, /has no number/],
    [broken, /cannot use zstd dictionary 77001/],
    [bytes.subarray(0, 40), /cannot use zstd dictionary 77001/],
  ] as const) {
    const parsed = parseDictionary(content);
    assert.match(parsed.ok ? 'it was taken' : parsed.error, message_);
  }
});
