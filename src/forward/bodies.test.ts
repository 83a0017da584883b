import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredRecord } from '../core/record.ts';
import { encodeLokiJson } from '../wire/loki/push.ts';
import { encodeOtlpJson } from '../wire/otlp/json.ts';
import { streamsOf } from './loki.ts';
import { groupsOf } from './otlp.ts';
import { frameOf } from './syslog.ts';

const TIME = Date.parse('2026-11-22T01:02:03.004Z') * 1000 + 5;

const record = (part: Partial<StoredRecord>): StoredRecord => ({
  agent: 'ab12',
  seq: 7,
  time: TIME,
  received: TIME + 1000,
  host: 'alpha',
  service: 'web',
  life: 's/web/1',
  kind: 'log',
  level: 14,
  sender: 'stderr',
  message: 'late',
  ...part,
});

const RECORDS = [
  record({ fields: { 'http.status': 500, deep: { a: [1] }, '1st': 'x' } }),
  record({ seq: 8, message: 'later' }),
  record({
    seq: 9,
    service: '',
    life: '',
    kind: 'note',
    level: 9,
    sender: 'daemon',
    message: 'vahti goes down',
  }),
];

test('what goes to Loki has few labels; all that differs is structured metadata', () => {
  assert.deepEqual(JSON.parse(encodeLokiJson(streamsOf(RECORDS, { env: 'prod', 'a.b': 'c' }))), {
    streams: [
      {
        stream: { job: 'vahti', service_name: 'web', host: 'alpha', level: 'warn', env: 'prod', a_b: 'c' },
        values: [
          [
            '1795309323004005000',
            'late',
            {
              http_status: '500',
              deep: '{"a":[1]}',
              _1st: 'x',
              vahti_id: 'ab12/7',
              kind: 'log',
              sender: 'stderr',
              life: 's/web/1',
            },
          ],
          [
            '1795309323004005000',
            'later',
            { vahti_id: 'ab12/8', kind: 'log', sender: 'stderr', life: 's/web/1' },
          ],
        ],
      },
      {
        stream: { job: 'vahti', service_name: 'vahti', host: 'alpha', level: 'info', env: 'prod', a_b: 'c' },
        values: [
          ['1795309323004005000', 'vahti goes down', { vahti_id: 'ab12/9', kind: 'note', sender: 'daemon' }],
        ],
      },
    ],
  });
});

test('what goes by OTLP has a resource for each service, and a scope for each sender', () => {
  const { resourceLogs } = JSON.parse(encodeOtlpJson(groupsOf(RECORDS, { env: 'prod' }))) as {
    readonly resourceLogs: readonly unknown[];
  };
  assert.equal(resourceLogs.length, 2);
  const text = (value: string) => ({ stringValue: value });
  assert.deepEqual(resourceLogs[1], {
    resource: {
      attributes: [
        { key: 'service.name', value: text('vahti') },
        { key: 'host.name', value: text('alpha') },
        { key: 'env', value: text('prod') },
      ],
    },
    scopeLogs: [
      {
        scope: { name: 'daemon', version: '' },
        logRecords: [
          {
            timeUnixNano: '1795309323004005000',
            observedTimeUnixNano: '1795309323005005000',
            severityNumber: 9,
            severityText: 'INFO',
            body: text('vahti goes down'),
            attributes: [
              { key: 'vahti.id', value: text('ab12/9') },
              { key: 'vahti.kind', value: text('note') },
            ],
          },
        ],
      },
    ],
  });
});

test('what goes by syslog is RFC 5424, counted, byte for byte', () => {
  const message =
    '<28>1 2026-11-22T01:02:03.004005Z alpha web s/web/1 log [vahti@32473 id="ab12/7" sender="stderr" http.status="500" deep="{\\"a\\":[1\\]}" 1st="x" env="prod"] late';
  assert.equal(
    frameOf(RECORDS[0] as StoredRecord, { env: 'prod' }).toString(),
    `${message.length} ${message}`,
  );
  const plain =
    '<30>1 2026-11-22T01:02:03.004005Z alpha vahti - note [vahti@32473 id="ab12/9" sender="daemon"] vahti goes down';
  assert.equal(frameOf(RECORDS[2] as StoredRecord, {}).toString(), `${plain.length} ${plain}`);
});

test('what is nested deeper than receivers read goes as JSON', () => {
  const deep = JSON.parse(`${'['.repeat(3000)}${']'.repeat(3000)}`) as unknown;
  const [group] = groupsOf([record({ fields: { deep, flat: [[1]] } })], {});
  const { attributes } = group?.logs[0] ?? {};
  assert.deepEqual([attributes?.['deep'], attributes?.['flat']], [JSON.stringify(deep), [[1]]]);
});
