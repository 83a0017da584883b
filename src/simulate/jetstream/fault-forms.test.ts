import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FAULT_FORMS, listFaults, parseFault } from './fault-forms.ts';
import type { JetstreamFault } from './faults.ts';

const ALWAYS = Number.POSITIVE_INFINITY;

/** Each fault in its shortest form, and one with everything. */
const WRITTEN: readonly (readonly [text: string, fault: JetstreamFault])[] = [
  ['http:503', { kind: 'http', status: 503 }],
  [
    'http:429,30@connection=2,all-events=500,times=3',
    {
      kind: 'http',
      status: 429,
      retryAfterS: 30,
      when: { connection: 2, afterAll: 500 },
      times: 3,
    },
  ],
  ['no-upgrade', { kind: 'no-upgrade' }],
  ['silent@times=always', { kind: 'silent', times: ALWAYS }],
  ['ignore-cursor@connection=4', { kind: 'ignore-cursor', when: { connection: 4 } }],
  ['outdated', { kind: 'outdated', events: 100 }],
  ['close:1001,not now@events=500', { kind: 'close', code: 1001, reason: 'not now', when: { after: 500 } }],
  ['cut@seq=9,events=0', { kind: 'cut', when: { seq: 9, after: 0 } }],
  ['half-open', { kind: 'half-open', pongs: true }],
  ['half-open:deaf', { kind: 'half-open', pongs: false }],
  ['duplicate:3', { kind: 'duplicate', events: 3 }],
  ['reorder@before-live=0', { kind: 'reorder', events: 10, when: { beforeLive: 0 } }],
  ['drop:5', { kind: 'drop', events: 5 }],
  ['garbage', { kind: 'garbage' }],
  ['binary', { kind: 'binary' }],
  ['raw:00fF', { kind: 'raw', bytes: Uint8Array.of(0, 255) }],
  ['swallow:5', { kind: 'swallow', count: 5 }],
  ['poison@seq=1234,times=2', { kind: 'poison', when: { seq: 1234 }, times: 2 }],
  ['unknown-kind:all', { kind: 'unknown-kind', count: ALWAYS }],
  ['too-large', { kind: 'too-large', bytes: 10_000_001 }],
  ['too-large:12M,2', { kind: 'too-large', bytes: 12 * 1024 * 1024, count: 2 }],
  ['reset', { kind: 'reset', shiftMs: 3_600_000 }],
  ['reset:30s@events=4,connection=6', { kind: 'reset', shiftMs: 30_000, when: { after: 4, connection: 6 } }],
];

test('every fault can be written', () => {
  for (const [text, fault] of WRITTEN) assert.deepEqual(parseFault(text), { ok: true, value: fault }, text);
  assert.deepEqual(
    Object.keys(FAULT_FORMS).filter((kind) => !WRITTEN.some(([, fault]) => fault.kind === kind)),
    [],
  );
});

test('what cannot be read is told, with what was meant', () => {
  const wrong: readonly (readonly [text: string, message: RegExp])[] = [
    ['clamped', /no fault is called "clamped"; known are http:STATUS\[,SECONDS\] .* reset\[:BEHIND\]$/],
    ['reorder:10001', /EVENTS must be a whole number from 1 to 10000; it is written reorder\[:EVENTS\]$/],
    ['reset:later', /BEHIND must be a duration, such as 1h/],
    [
      'cut@frames=5',
      /it cannot wait for "frames"; after the @ it takes events, all-events, seq, before-live, /,
    ],
    ['silent@events=5', /it cannot wait for "events"; after the @ it takes connection, all-events, times$/],
    ['drop@before-live=x', /before-live must be a whole number from 0/],
  ];
  for (const [text, message] of wrong) {
    const fault = parseFault(text);
    assert.match(fault.ok ? '' : fault.error, message, text);
  }
});

test('the page for people names every fault as it is written', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/simulate-jetstream.md'), 'utf8');
  assert.deepEqual(
    listFaults().filter((usage) => !page.includes(`| \`${usage}\` |`)),
    [],
  );
});
