import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FAULT_FORMS, listFaults, parseFault } from './fault-forms.ts';
import type { FirehoseFault } from './faults.ts';

const ALWAYS = Number.POSITIVE_INFINITY;

/** Each fault in its shortest form, and one with everything. */
const WRITTEN: readonly (readonly [text: string, fault: FirehoseFault])[] = [
  ['http:503', { kind: 'http', status: 503 }],
  [
    'http:429,30@connection=2,all-frames=500,times=3',
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
  ['inclusive', { kind: 'inclusive' }],
  ['exclusive@connection=4', { kind: 'exclusive', when: { connection: 4 } }],
  ['outdated', { kind: 'outdated', frames: 100 }],
  ['outdated:7', { kind: 'outdated', frames: 7 }],
  ['clamped', { kind: 'clamped' }],
  ['future-live', { kind: 'future-live' }],
  ['close', { kind: 'close', code: 1000 }],
  ['close:1001@frames=500', { kind: 'close', code: 1001, when: { after: 500 } }],
  ['close:4000,not now', { kind: 'close', code: 4000, reason: 'not now' }],
  ['cut@seq=9,frames=0', { kind: 'cut', when: { seq: 9, after: 0 } }],
  ['half-open', { kind: 'half-open', pongs: true }],
  ['half-open:deaf', { kind: 'half-open', pongs: false }],
  ['error', { kind: 'error', error: 'ConsumerTooSlow' }],
  ['error:FutureCursor,too far', { kind: 'error', error: 'FutureCursor', message: 'too far' }],
  ['duplicate', { kind: 'duplicate', frames: 10 }],
  ['duplicate:3', { kind: 'duplicate', frames: 3 }],
  ['text', { kind: 'text' }],
  ['garbage', { kind: 'garbage' }],
  ['unknown-type', { kind: 'unknown-type' }],
  ['unknown-op', { kind: 'unknown-op' }],
  ['raw:00fF', { kind: 'raw', bytes: Uint8Array.of(0, 255) }],
  ['swallow', { kind: 'swallow' }],
  ['swallow:5', { kind: 'swallow', count: 5 }],
  ['poison@seq=1234,times=2', { kind: 'poison', when: { seq: 1234 }, times: 2 }],
  ['missing-block:2', { kind: 'missing-block', count: 2 }],
  ['odd-header:all', { kind: 'odd-header', count: ALWAYS }],
  ['too-large', { kind: 'too-large', bytes: 6_291_457 }],
  ['too-large:7M,all', { kind: 'too-large', bytes: 7 * 1024 * 1024, count: ALWAYS }],
  ['clock:-1h30m', { kind: 'clock', shiftMs: -5_400_000, percent: 100 }],
  ['clock:+1d,10%,50', { kind: 'clock', shiftMs: 86_400_000, percent: 10, count: 50 }],
  ['reset', { kind: 'reset', to: 0 }],
  [
    'reset:900,restart@frames=4,seq=5,connection=6',
    { kind: 'reset', to: 900, restart: true, when: { after: 4, seq: 5, connection: 6 } },
  ],
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
    ['', /no fault is called ""; known are http:STATUS\[,SECONDS\] no-upgrade .* reset\[:SEQ\[,restart\]\]$/],
    ['clos:1001', /no fault is called "clos", did you mean "close"\?; known are .*close\[:CODE\[,REASON\]\]/],
    ['toString', /no fault is called "toString"/],
    ['http', /STATUS is missing; it is written http:STATUS\[,SECONDS\]$/],
    ['http:200', /STATUS must be a whole number from 400 to 599/],
    ['close:1006', /CODE must be a close code: .* \(for 1006 write cut\)/],
    ['close:1e3', /CODE must be/],
    [`close:1000,${'é'.repeat(62)}`, /REASON must be a text of 123 bytes at most/],
    ['half-open:dead', /deaf must be that word, or left out; it is written half-open\[:deaf\]/],
    ['text:hello', /it takes no argument; it is written text$/],
    ['swallow:0', /COUNT must be a whole number from 1 to 1000000000, or all/],
    ['swallow:1,2', /it takes no more than 1 argument/],
    ['raw', /HEX is missing/],
    ['raw:abc', /HEX must be bytes in hexadecimal/],
    ['too-large:6', /SIZE must be a size such as/],
    ['clock:1h', /SHIFT must be \+ or - and a duration, such as -1h or \+400d/],
    ['clock:-1h,10', /SHARE% must be a share of the senders, such as 10%/],
    ['cut@frame=5', /it cannot wait for "frame", did you mean "frames"\?; after the @ it takes frames, all-/],
    ['cut@', /it cannot wait for ""/],
    ['silent@frames=5', /it cannot wait for "frames"; after the @ it takes connection, all-frames, times$/],
    ['reset@times=2', /it cannot wait for "times"/],
    ['cut@frames', /frames must be a whole number from 0/],
    ['cut@seq=-1', /seq must be a whole number from 1/],
    ['cut@times=0', /times must be a whole number from 1 to \d+, or always/],
  ];
  for (const [text, message] of wrong) {
    const fault = parseFault(text);
    assert.ok(!fault.ok, text);
    assert.ok(fault.error.startsWith(`cannot read the fault ${JSON.stringify(text)}: `), fault.error);
    assert.match(fault.error, message);
  }
});

test('the page for people names every fault as it is written', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/simulate-firehose.md'), 'utf8');
  assert.deepEqual(
    listFaults().filter((usage) => !page.includes(`| \`${usage}\` |`)),
    [],
  );
});
