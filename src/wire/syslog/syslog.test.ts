import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSyslog } from './encode.ts';
import { countedFrame, createFrameSplitter, type SyslogFrame } from './frames.ts';
import { levelOfSeverity, severityOfLevel } from './levels.ts';
import { parseSyslog, type SyslogMessage } from './message.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const parse = (text: string, zone = 'UTC'): SyslogMessage =>
  parseSyslog(Buffer.from(text), { now: NOW, zone });
const micros = (iso: string): number => Date.parse(iso) * 1000;
const NONE = { time: 0, host: '', app: '', process: '', id: '', data: {} };

test('the examples of RFC 5424 are read', () => {
  assert.deepEqual(
    parse(
      `<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8`,
    ),
    {
      form: 'rfc5424',
      facility: 4,
      severity: 2,
      time: micros('2003-10-11T22:14:15.003Z'),
      host: 'mymachine.example.com',
      app: 'su',
      process: '',
      id: 'ID47',
      data: {},
      text: `'su root' failed for lonvick on /dev/pts/8`,
    },
  );
  const second = parse(
    '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - [exampleSDID@32473 iut="3" eventSource="A\\"p\\\\p\\]" eventID="1011"][p@1 class="high"]',
  );
  assert.deepEqual(second.data, {
    'exampleSDID@32473': { iut: '3', eventSource: 'A"p\\p]', eventID: '1011' },
    'p@1': { class: 'high' },
  });
  assert.equal(second.time, micros('2003-08-24T05:14:15-07:00') + 3);
  assert.deepEqual([second.process, second.text], ['8710', '']);
});

test('RFC 3164 is read as it is really sent', () => {
  const cases: readonly (readonly [string, Partial<SyslogMessage>])[] = [
    [
      `<34>Oct 11 22:14:15 mymachine su: 'su root' failed`,
      { time: micros('2025-10-11T22:14:15Z'), host: 'mymachine', app: 'su', text: `'su root' failed` },
    ],
    // Without a host, as programs of the machine itself write it.
    [
      '<30>Jan  1 23:59:59 sshd[12]: in',
      { time: micros('2026-01-01T23:59:59Z'), app: 'sshd', process: '12', text: 'in' },
    ],
    ['<13>Jan  3 00:00:00 h a: x', { time: micros('2026-01-03T00:00:00Z'), host: 'h', app: 'a', text: 'x' }],
    // rsyslog’s RSYSLOG_ForwardFormat.
    [
      '<13>2026-01-01T10:00:00.123456+02:00 alpha app[1]: x',
      { time: micros('2026-01-01T08:00:00.123Z') + 456, host: 'alpha', app: 'app', process: '1', text: 'x' },
    ],
    // Routers.
    [
      '<189>*Mar  1 2025 18:46:11.250: %SYS-5-CONFIG_I: done',
      { time: micros('2025-03-01T18:46:11.250Z'), app: '%SYS-5-CONFIG_I', text: 'done' },
    ],
    [
      '<13>Jan  1 10:00:00 2001:db8::1 app: x',
      { time: micros('2026-01-01T10:00:00Z'), host: '2001:db8::1', app: 'app', text: 'x' },
    ],
    ['<13>Jan 41 10:00:00 h a: x', { time: 'Jan 41 10:00:00', host: 'h', app: 'a', text: 'x' }],
    ['<13>just text', { text: 'just text' }],
    ['<13>app: x', { app: 'app', text: 'x' }],
    ['<13>1 not a header', { text: '1 not a header' }],
    ['no priority at all', { facility: 1, severity: 5, text: 'no priority at all' }],
    ['<999>x', { facility: 1, severity: 5, text: '<999>x' }],
    ['', { facility: 1, severity: 5, text: '' }],
  ];
  for (const [line, expected] of cases) {
    const { facility, severity } = parse(line);
    assert.deepEqual(parse(line), { form: 'rfc3164', ...NONE, facility, severity, ...expected }, line);
  }
  assert.equal(parse('<13>Jul 11 12:00:00 h a: x', 'Europe/Helsinki').time, micros('2025-07-11T09:00:00Z'));
});

test('messages are written as RFC 5424 says, byte for byte', () => {
  const written = formatSyslog({
    facility: 16,
    severity: 4,
    time: micros('2026-11-22T01:02:03.004Z') + 5,
    host: 'my host',
    app: 'firehose',
    process: '',
    id: 'log',
    data: { 'vahti@32473': { 'a="b"': 'x "y" \\ ]', 'a_"b"': '1' } },
    text: 'späť',
  });
  assert.equal(
    written.toString(),
    '<132>1 2026-11-22T01:02:03.004005Z my_host firehose - log [vahti@32473 a__b_="x \\"y\\" \\\\ \\]" a__b_2="1"] \ufeffspäť',
  );
  assert.equal(countedFrame(Buffer.from('<13>ä')).toString(), '6 <13>ä');
});

test('what is written is read as it was', () => {
  const word = fc.stringMatching(/^[!-~]{1,20}$/).filter((text) => text !== '-');
  const id = fc.stringMatching(/^[a-zA-Z0-9@._]{1,20}$/);
  const message = fc.record({
    facility: fc.integer({ min: 0, max: 23 }),
    severity: fc.integer({ min: 0, max: 7 }),
    time: fc.integer({ min: 1, max: 4e15 }),
    host: word,
    app: word,
    process: word,
    id: word,
    data: fc.dictionary(
      id,
      fc.dictionary(id, fc.string({ unit: 'grapheme' }), { maxKeys: 3, noNullPrototype: true }),
      {
        maxKeys: 2,
        noNullPrototype: true,
      },
    ),
    text: fc.string({ unit: 'grapheme' }).filter((text) => !text.startsWith('\ufeff')),
  });
  fc.assert(
    fc.property(message, (given) => {
      const read = parseSyslog(formatSyslog(given), { now: NOW, zone: 'UTC' });
      assert.deepEqual(read, { form: 'rfc5424', ...given });
    }),
    { numRuns: 300 },
  );
});

const splitAll = (pieces: readonly Buffer[], most = 1000): readonly SyslogFrame[] => {
  const splitter = createFrameSplitter(most);
  return [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()];
};
const shown = (frames: readonly SyslogFrame[]) => frames.map(({ bytes, lost }) => [bytes.toString(), lost]);

test('counted messages and lines are told apart, one by one; newlines and NULs at their end are cut off', () => {
  const stream = '5 <13>a<13>line\r\n7 <13>bc\n\n<14>x\0\n12345678901 no count\n007 no count\n5 <1';
  assert.deepEqual(shown(splitAll([Buffer.from(stream)])), [
    ['<13>a', 0],
    ['<13>line', 0],
    ['<13>bc', 0],
    ['<14>x', 0],
    ['12345678901 no count', 0],
    ['007 no count', 0],
    ['<1', 3],
  ]);
});

test('what is longer than is kept is cut, and the next message is whole', () => {
  const stream = Buffer.from(`20 <13>${'a'.repeat(16)}<13>${'b'.repeat(16)}\n<13>c\n`);
  const expected = [
    ['<13>aaaaaa', 10],
    ['<13>bbbbbb', 10],
    ['<13>c', 0],
  ];
  assert.deepEqual(shown(splitAll([stream], 10)), expected);
  assert.deepEqual(
    shown(
      splitAll(
        [...stream].map((byte) => Buffer.from([byte])),
        10,
      ),
    ),
    expected,
  );
});

test('it matters not in which pieces a stream comes', () => {
  const message = fc.string({ maxLength: 20 }).map((text) => `<13>${text.replaceAll(/[\n\r\0]/g, '')}`);
  const framed = fc
    .tuple(message, fc.boolean())
    .map(([text, counted]) => (counted ? countedFrame(Buffer.from(text)) : Buffer.from(`${text}\n`)));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(framed, fc.uint8Array({ maxLength: 8 }))),
      fc.array(fc.integer({ min: 1, max: 20 })),
      (all, sizes) => {
        const stream = Buffer.concat(all);
        const pieces: Buffer[] = [];
        for (let at = 0; at < stream.length; ) {
          const size = sizes[pieces.length % Math.max(1, sizes.length)] ?? 3;
          pieces.push(stream.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(shown(splitAll(pieces, 16)), shown(splitAll([stream], 16)));
      },
    ),
    { numRuns: 500 },
  );
});

test('whatever comes is read', () => {
  const good = '<165>1 2003-08-24T05:14:15Z h a 1 - [x@1 a="b"] text';
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.nat(good.length),
      fc.string({ maxLength: 3 }),
      (bytes, at, put) => {
        assert.equal(typeof parseSyslog(bytes, { now: NOW, zone: 'UTC' }).text, 'string');
        for (const changed of [
          `<13>${Buffer.from(bytes).toString()}`,
          good.slice(0, at) + put + good.slice(at + 1),
        ])
          assert.equal(typeof parse(changed).text, 'string');
      },
    ),
    { numRuns: 1000 },
  );
});

test('severities are levels, and back', () => {
  for (let severity = 0; severity < 8; severity++)
    assert.equal(severityOfLevel(levelOfSeverity(severity)), severity);
  assert.deepEqual(
    [1, 5, 9, 10, 12, 13, 17, 20, 21, 24].map(severityOfLevel),
    [7, 7, 6, 5, 5, 4, 3, 3, 2, 0],
  );
});
