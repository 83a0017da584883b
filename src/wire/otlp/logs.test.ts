import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { otlpResponse, otlpStatus } from './answers.ts';
import { decodeOtlpJson, encodeOtlpJson } from './json.ts';
import type { OtlpGroup, OtlpValue } from './logs.ts';
import { decodeOtlpProtobuf, encodeOtlpProtobuf } from './protobuf.ts';

const LOG = {
  time: 0,
  observed: 0,
  severity: 0,
  severityText: '',
  body: null,
  attributes: {},
  traceId: '',
  spanId: '',
  eventName: '',
} as const;

const whole = (groups: readonly OtlpGroup[]) => ({ ok: true, value: { groups, rejected: 0, why: '' } });

test('the example of the protocol’s own repository is read', () => {
  // github.com/open-telemetry/opentelemetry-proto/blob/main/examples/logs.json, shortened.
  const example = {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'my.service' } }] },
        scopeLogs: [
          {
            scope: { name: 'my.library', version: '1.0.0', attributes: [] },
            logRecords: [
              {
                timeUnixNano: '1544712660300000000',
                observedTimeUnixNano: '1544712660300000000',
                severityNumber: 10,
                severityText: 'Information',
                traceId: '5B8EFFF798038103D269B633813FC60C',
                spanId: 'EEE19B7EC3C1B174',
                body: { stringValue: 'Example log record' },
                attributes: [
                  { key: 'boolean.attribute', value: { boolValue: true } },
                  { key: 'int.attribute', value: { intValue: '10' } },
                  { key: 'double.attribute', value: { doubleValue: 637.704 } },
                  {
                    key: 'array.attribute',
                    value: { arrayValue: { values: [{ stringValue: 'many' }, { stringValue: 'values' }] } },
                  },
                  {
                    key: 'map.attribute',
                    value: {
                      kvlistValue: {
                        values: [{ key: 'some.map.key', value: { stringValue: 'some value' } }],
                      },
                    },
                  },
                ],
                unheardOf: [1],
              },
            ],
          },
        ],
      },
    ],
  };
  const groups = [
    {
      resource: { 'service.name': 'my.service' },
      scope: { name: 'my.library', version: '1.0.0' },
      logs: [
        {
          time: 1_544_712_660_300_000,
          observed: 1_544_712_660_300_000,
          severity: 10,
          severityText: 'Information',
          body: 'Example log record',
          attributes: {
            'boolean.attribute': true,
            'int.attribute': 10,
            'double.attribute': 637.704,
            'array.attribute': ['many', 'values'],
            'map.attribute': { 'some.map.key': 'some value' },
          },
          traceId: '5b8efff798038103d269b633813fc60c',
          spanId: 'eee19b7ec3c1b174',
          eventName: '',
        },
      ],
    },
  ];
  assert.deepEqual(decodeOtlpJson(JSON.stringify(example)), whole(groups));
  assert.deepEqual(decodeOtlpProtobuf(encodeOtlpProtobuf(groups)), whole(groups));
  assert.deepEqual(decodeOtlpJson(encodeOtlpJson(groups)), whole(groups));
});

test('protobuf has the bytes that the protocol’s .proto files give', () => {
  const log = { ...LOG, time: 1, severity: 9, body: 'hi', attributes: { a: 1 }, spanId: '0102030405060708' };
  const groups = [{ resource: { r: true }, scope: { name: 's', version: '' }, logs: [log] }];
  const hex = [
    '0a 38', // resource_logs
    '0a 09  0a 07 0a 01 72 12 02 10 01', // resource { attributes { key: "r" value { bool_value: true } } }
    '12 2b  0a 03 0a 01 73', // scope_logs { scope { name: "s" }
    '12 24', // log_records
    '09 e8 03 00 00 00 00 00 00  10 09', // time_unix_nano: 1000, severity_number: INFO
    '2a 04 0a 02 68 69', // body { string_value: "hi" }
    '32 07 0a 01 61 12 02 18 01', // attributes { key: "a" value { int_value: 1 } }
    '52 08 01 02 03 04 05 06 07 08', // span_id
  ].join('');
  assert.equal(encodeOtlpProtobuf(groups).toString('hex'), hex.replaceAll(' ', ''));
});

const text = fc.string({ maxLength: 12 });
const { value } = fc.letrec<{ value: OtlpValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const attributes = fc.dictionary(text, value, { maxKeys: 3, noNullPrototype: true });
const hexes = (length: number) =>
  fc.oneof(
    fc.constant(''),
    fc.uint8Array({ minLength: length, maxLength: length }).map((all) => Buffer.from(all).toString('hex')),
  );
const log = fc.record(
  {
    time: fc.integer({ min: 0, max: 4e15 }),
    observed: fc.integer({ min: 0, max: 4e15 }),
    severity: fc.integer({ min: 0, max: 24 }),
    severityText: text,
    body: value,
    attributes,
    traceId: hexes(16),
    spanId: hexes(8),
    eventName: text,
  },
  { noNullPrototype: true },
);
const groups = fc.array(
  fc.record(
    {
      resource: attributes,
      scope: fc.record({ name: text, version: text }, { noNullPrototype: true }),
      logs: fc.array(log, { maxLength: 3 }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 2 },
);

test('what is written is read as it was, in both forms', () => {
  fc.assert(
    fc.property(groups, (given) => {
      assert.deepEqual(decodeOtlpJson(encodeOtlpJson(given)), whole(given));
      assert.deepEqual(decodeOtlpProtobuf(encodeOtlpProtobuf(given)), whole(given));
    }),
    { numRuns: 150 },
  );
});

test('a log that is wrong by itself is left out and counted; a wrong frame is refused', () => {
  const frame = (logs: string): string => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${logs}]}]}]}`;
  const cases: readonly (readonly [string, string])[] = [
    ['1', 'a log is no object'],
    ['{"traceId":"abc"}', 'traceId is not 32 hexadecimal digits'],
    ['{"body":"text"}', 'a value is no object such as {"stringValue": "text"}'],
    ['{"body":{"intValue":"1x"}}', 'intValue is no whole number'],
    ['{"attributes":{}}', 'attributes is no list'],
    ['{"attributes":[{"value":{}}]}', 'an attribute has no key'],
    ['{"severityNumber":"LOUD"}', 'severityNumber is no number'],
  ];
  for (const [given, why] of cases) {
    const read = decodeOtlpJson(frame(`{"severityNumber":"SEVERITY_NUMBER_WARN2"},${given}`));
    const logs = [{ ...LOG, severity: 14 }];
    assert.deepEqual(
      read,
      {
        ok: true,
        value: { groups: [{ resource: {}, scope: { name: '', version: '' }, logs }], rejected: 1, why },
      },
      given,
    );
  }
  const deep = `${'{"arrayValue":{"values":['.repeat(5000)}${']}}'.repeat(5000)}`;
  const read = decodeOtlpJson(frame(`{"body":${deep}}`));
  assert.equal(read.ok && read.value.why, 'its values are nested deeper than 32');
  assert.deepEqual(decodeOtlpJson('{"resourceLogs":1}'), { ok: false, error: 'resourceLogs is no list' });
  assert.deepEqual(decodeOtlpJson('nothing'), { ok: false, error: 'it is no JSON' });
  // A log of protobuf with a trace_id of one byte, beside a good one.
  const bytes = Buffer.from('0a 09 12 07 12 03 4a 01 ff 12 00'.replaceAll(' ', ''), 'hex');
  const half = decodeOtlpProtobuf(bytes);
  assert.deepEqual(half.ok && [half.value.rejected, half.value.why], [1, 'trace_id is not 16 bytes']);
});

test('whatever comes is read or refused', () => {
  const [given] = fc.sample(
    groups.filter((all) => all.some(({ logs }) => logs.length > 0)),
    { numRuns: 1, seed: 7 },
  );
  const packed = encodeOtlpProtobuf(given ?? []);
  const json = encodeOtlpJson(given ?? []);
  const change = fc.tuple(fc.nat(packed.length - 1), fc.nat(255));
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(change, { maxLength: 4 }),
      fc.nat(),
      (bytes, changes, cut) => {
        decodeOtlpProtobuf(bytes);
        const copy = Buffer.from(packed);
        for (const [at, byte] of changes) copy[at] = byte;
        decodeOtlpProtobuf(copy);
        decodeOtlpJson(json.slice(0, cut % json.length));
      },
    ),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(
      fc.json(),
      (any) =>
        void decodeOtlpJson(
          `{"resourceLogs":[{"resource":${any},"scopeLogs":[{"scope":${any},"logRecords":[{"body":${any},"attributes":${any}},${any}]}]}]}`,
        ),
    ),
  );
});

test('answers have the form that was asked in', () => {
  assert.equal(otlpResponse('json', 0, '').toString(), '{}');
  assert.equal(otlpResponse('protobuf', 0, '').length, 0);
  assert.equal(
    otlpResponse('json', 2, 'why').toString(),
    '{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"why"}}',
  );
  assert.equal(otlpResponse('protobuf', 2, 'why').toString('hex'), '0a0708021203776879');
  assert.equal(otlpStatus('json', 3, 'why').toString(), '{"code":3,"message":"why"}');
  assert.equal(otlpStatus('protobuf', 3, 'why').toString('hex'), '08031203776879');
});
