import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AT, noticeItem, recoveryNotice, sampleNotice } from '../../../test/rig/channels.ts';
import type { Notice } from '../../core/channel.ts';
import { LEVELS } from '../../core/record.ts';
import { cleanLine, cleanRow, cleanText, clip, clipBytes } from './clean.ts';
import { escapeHtml, renderHtml } from './html.ts';
import { isoTime, moment } from './moments.ts';
import { noticeJson } from './notice-json.ts';
import { outlineOf } from './outline.ts';
import { renderText } from './text.ts';
import { anyText } from '../../../test/rig/any-text.ts';

const text = (notice: Notice, zone = 'UTC'): string => renderText(outlineOf(notice, zone));
const html = (notice: Notice): string => renderHtml(outlineOf(notice, 'UTC'));

test('an outage says what, since when, the evidence, what was done, what comes next, the last lines and how to silence it', () => {
  assert.equal(
    text(sampleNotice()),
    `web is bad on box1: alive: status is 503, expected == 200

web · alive
  State:  bad since 2026-11-22 10:28:00 UTC, for 3m5s
  Seen:   status 503 in 12ms
  Why:    http://127.0.0.1:8080/ping: status is 503, expected == 200
  Done:   2026-11-22 10:29:05 UTC  restart by the watch alive: alive is bad
  Next:   another restart at 10:33:05 UTC, 2 of 3 are left
  The last lines:
  | listening on 8080
  | Error: cannot reach the database
  |     at connect (db.js:12:7)

To silence it:
  vahti snooze web 2h --why '…'

-- 
Vahti on box1.uni.example, 2026-11-22 10:31:05 UTC, notice box1-41
`,
  );
});

test('a recovery says how long it lasted, on the clocks of the zone', () => {
  const said = text(recoveryNotice(), 'Europe/Zurich');
  assert.match(
    said,
    /^ {2}State: {2}ok\n {2}Lasted: 12m, from 2026-11-22 11:28:00 Europe\/Zurich to 2026-11-22 11:40:00 Europe\/Zurich$/m,
  );
  assert.equal(outlineOf(recoveryNotice(), 'UTC').tone, 'good');
});

test('what other notices say, and what of them is left out', () => {
  const thirty = Array.from({ length: 30 }, (_, n) => noticeItem({ service: `s${n}` }));
  const many = Array.from({ length: 700 }, (_, n) => `line ${n}`);
  for (const [what, notice, has, lacks] of [
    ['a message in time', sampleNotice(), [], ['Delivered late']],
    [
      'a late one',
      sampleNotice({ dueAt: AT, triedAt: AT + 2_820_000 }),
      ['\nDelivered late: it was due at 2026-11-22 10:31:05 UTC, 47m earlier.\n'],
      [],
    ],
    [
      'no items, but lines',
      sampleNotice({ items: [], snooze: '', event: 'digest', lines: ['a', '  b'] }),
      ['\n\na\n  b\n\n-- \n'],
      ['silence', 'State'],
    ],
    ['nothing at all', sampleNotice({ items: [], snooze: '', title: '' }), ['Vahti\n\n-- \n'], ['undefined']],
    [
      'thirty items: ten in full, three with a log, the others in a line each',
      sampleNotice({ items: thirty }),
      ['\n- s29 · alive: bad since 2026-11-22 10:28:00 UTC: http://127', 's9 · alive\n  State'],
      ['s10 · alive\n', 'and '],
    ],
    [
      'thousands of items',
      sampleNotice({ items: Array.from({ length: 5000 }, (_, n) => noticeItem({ service: `s${n}` })) }),
      ['and 4790 more in trouble'],
      ['s300'],
    ],
    [
      'a long output',
      sampleNotice({ items: [], lines: many }),
      ['line 499', 'and 200 more lines'],
      ['line 500'],
    ],
    [
      'nothing seen, done, next or logged',
      sampleNotice({ items: [noticeItem({ value: null, actions: [], next: '', tail: [], reason: '' })] }),
      ['web · alive\n  State:  bad since 2026-11-22 10:28:00 UTC, for 3m5s\n\n'],
      ['Seen', 'Why', 'Done', 'Next', 'last lines', 'null'],
    ],
    [
      'control characters, escape sequences, marks of direction, lines within lines',
      sampleNotice({
        title: 'web\r\nBcc: all@uni.example is \u001b[31mbad\u001b[0m\u0000',
        items: [noticeItem({ tail: ['a\u0007b\u202ec', 'one\ntwo', '\ttab'], reason: 'x\ny' })],
      }),
      ['web Bcc: all@uni.example is bad\n', '  | abc\n  | one two\n  |   tab', 'Why:    x y'],
      ['\u001b', '\u0000', '\u202e', '\u0007', '\r'],
    ],
    [
      'long names and values',
      sampleNotice({
        title: 'x'.repeat(5000),
        items: [noticeItem({ service: 's'.repeat(500), reason: 'r'.repeat(5000), tail: ['t'.repeat(5000)] })],
      }),
      [`${'x'.repeat(199)}…\n`, `${'s'.repeat(99)}… · alive`, `${'r'.repeat(499)}…`, `${'t'.repeat(299)}…`],
      [],
    ],
  ] as const) {
    const said = text(notice);
    for (const part of has) assert.ok(said.includes(part), `${what}: ${part} in ${said.slice(0, 2000)}`);
    for (const part of lacks) assert.ok(!said.includes(part), `${what}: no ${JSON.stringify(part)}`);
    assert.ok(said.length < 600_000, what);
  }
  assert.equal(text(sampleNotice({ items: thirty })).match(/The last lines/g)?.length, 3);
});

/** Everything that a notice says, of any content. */
const anything = anyText({ maxLength: 80 }).filter((any) => !any.includes('\ufffd'));
const anyNotice = fc
  .record({
    title: anything,
    host: anything,
    snooze: anything,
    lines: fc.array(anything, { maxLength: 5 }),
    items: fc.array(
      fc.record({ service: anything, subject: anything, reason: anything, line: anything, next: anything }),
      { maxLength: 15 },
    ),
  })
  .map(({ items, ...rest }) =>
    sampleNotice({
      ...rest,
      items: items.map(({ line, ...item }) =>
        noticeItem({ ...item, value: line, tail: [line, line], actions: [{ at: AT, text: line }] }),
      ),
    }),
  );

const TAGS = new Set(
  '!DOCTYPE html head meta title style body div h1 h2 p dl dt dd span br ul li pre'.split(' '),
);

test('property: whatever a log says, it is text: it adds no tag, no attribute and no entity to the HTML', () => {
  const hostile = '<script>alert("1")</script>&lt;\'" onload=x </pre></body>';
  const page = html(
    sampleNotice({ title: hostile, items: [noticeItem({ reason: hostile, tail: [hostile] })] }),
  );
  assert.ok(page.includes(escapeHtml(hostile)));
  fc.assert(
    fc.property(anyNotice, (notice) => {
      const written = html(notice);
      for (const [, name = ''] of written.matchAll(/<\/?([!A-Za-z0-9]+)[^<>]*>/g))
        assert.ok(TAGS.has(name), name);
      const between = written.replaceAll(/<[^<>]*>/g, '');
      assert.ok(!/[<>]/.test(between), between);
      for (const [entity] of written.matchAll(/&[^;\s]{0,6};?/g))
        assert.match(entity, /^&(amp|lt|gt|quot|#39);$/);
      assert.ok(!/ (on\w+|src|href)=/i.test(written.replaceAll(/>[^<]*</g, '><')), 'no such attribute');
      assert.equal(written.match(/<h2 /g)?.length ?? 0, Math.min(10, notice.items.length));
    }),
    { numRuns: 150 },
  );
});

test('the HTML loads nothing, names its language and knows the dark', () => {
  const page = html(sampleNotice());
  assert.ok(!/https?:\/\/(?!127\.0\.0\.1:8080\/ping)/.test(page), 'no address but the one in the reason');
  assert.match(page, /<html lang="en">/);
  assert.match(page, /@media \(prefers-color-scheme:dark\)/);
  assert.match(page, /<meta name="viewport" content="width=device-width,initial-scale=1">/);
  // Each class of the sheet is used, but for the tones that this message has not.
  for (const name of ['page', 'card', 'dim', 'log', 'bad', 'edge-bad'])
    assert.match(page, new RegExp(`class="[^"]*\\b${name}\\b`), name);
});

test('property: text and JSON are well-formed and hold no control characters', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      for (const said of [text(notice), JSON.stringify(noticeJson(notice))]) {
        assert.ok(said.isWellFormed());
        assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(said));
      }
    }),
    { numRuns: 150 },
  );
});

test('the notice as programs get it', () => {
  const { type, timestamp, data } = noticeJson(sampleNotice({ dueAt: AT - 1000 }));
  assert.equal(type, 'vahti.outage');
  assert.equal(timestamp, '2026-11-22T10:31:05.000Z');
  const { items, ...rest } = data;
  assert.deepEqual(rest, {
    format: 1,
    id: 'box1-41',
    thread: 'box1-41',
    event: 'outage',
    host: 'box1.uni.example',
    title: 'web is bad on box1: alive: status is 503, expected == 200',
    level: 'error',
    due: '2026-11-22T10:31:04.000Z',
    items_total: 1,
    lines: [],
    snooze: "vahti snooze web 2h --why '…'",
  });
  assert.deepEqual(items, [
    {
      id: 'inc-7',
      service: 'web',
      subject: 'alive',
      state: 'bad',
      level: 'error',
      since: '2026-11-22T10:28:00.000Z',
      until: null,
      value: 'status 503 in 12ms',
      reason: 'http://127.0.0.1:8080/ping: status is 503, expected == 200',
      actions: [{ at: '2026-11-22T10:29:05.000Z', text: 'restart by the watch alive: alive is bad' }],
      tail: ['listening on 8080', 'Error: cannot reach the database', '    at connect (db.js:12:7)'],
      next: 'another restart at 10:33:05 UTC, 2 of 3 are left',
    },
  ]);
});

test('of a notice too large for one message the logs go first, then the items beyond thirty', () => {
  const long = 'ä'.repeat(5000);
  const large = Array.from({ length: 20 }, () =>
    noticeItem({ tail: Array.from({ length: 20 }, () => long) }),
  );
  const trimmed = noticeJson(sampleNotice({ items: large })).data;
  assert.deepEqual([trimmed.items.length, trimmed.items[0]?.tail], [20, []]);
  const larger = Array.from({ length: 1000 }, () => noticeItem({ reason: long, tail: [long] }));
  const cut = noticeJson(sampleNotice({ items: larger })).data;
  assert.deepEqual([cut.items.length, cut.items_total], [30, 1000]);
  assert.ok(JSON.stringify(cut).length < 200_000);
});

test('moments name their zone, and the hour that comes twice its offset', () => {
  for (const [at, zone, said] of [
    ['2026-11-22T10:31:05Z', 'UTC', '2026-11-22 10:31:05 UTC'],
    ['2026-11-22T10:31:05Z', 'Europe/Zurich', '2026-11-22 11:31:05 Europe/Zurich'],
    ['2026-07-01T23:59:59Z', 'Asia/Kolkata', '2026-07-02 05:29:59 Asia/Kolkata'],
    ['2026-01-01T00:00:00Z', 'UTC', '2026-01-01 00:00:00 UTC'],
    // Clocks are put back from 03:00 to 02:00 at 01:00 UTC.
    ['2026-10-25T00:30:00Z', 'Europe/Zurich', '2026-10-25 02:30:00 +02:00 Europe/Zurich'],
    ['2026-10-25T01:30:00Z', 'Europe/Zurich', '2026-10-25 02:30:00 +01:00 Europe/Zurich'],
    ['2026-10-25T02:30:00Z', 'Europe/Zurich', '2026-10-25 03:30:00 Europe/Zurich'],
    ['2026-10-25T00:30:00Z', 'Europe/London', '2026-10-25 01:30:00 +01:00 Europe/London'],
    ['2026-10-25T01:30:00Z', 'Europe/London', '2026-10-25 01:30:00 +00:00 Europe/London'],
  ] as const)
    assert.equal(moment(Date.parse(at), zone), said);
  assert.equal(isoTime(AT), '2026-11-22T10:31:05.000Z');
});

test('property: a cut keeps to its length and splits no character', () => {
  fc.assert(
    fc.property(anything, fc.nat(80), (said, most) => {
      const units = clip(said, most);
      assert.ok(units.length <= most && units.isWellFormed());
      const bytes = clipBytes(said, most);
      assert.ok(Buffer.byteLength(bytes) <= most && bytes.isWellFormed() && !bytes.includes('\ufffd'));
      if (said.length <= most) assert.equal(units, said);
      if (Buffer.byteLength(said) <= most) assert.equal(bytes, said);
    }),
  );
  assert.equal(clip('😀😀', 3), '😀…');
  assert.equal(clipBytes('😀😀', 7), '😀…');
});

test('cleaning keeps what can be read', () => {
  for (const [raw, line, row] of [
    ['  a b ', 'a b', '  a b'],
    ['a\tb', 'a  b', 'a  b'],
    ['\u001b[1;31mred\u001b[0m \u001b]0;title\u0007x', 'red x', 'red x'],
    ['a\r\nb\r\r\nc', 'a b c', 'a b c'],
    ['soft\u00adhyphen \u200bzero \ufeffmark', 'softhyphen zero mark', 'softhyphen zero mark'],
    ['Zürich 日本 😀', 'Zürich 日本 😀', 'Zürich 日本 😀'],
    ['broken \ud800', 'broken \ufffd', 'broken \ufffd'],
  ] as const) {
    assert.equal(cleanLine(raw), line);
    assert.equal(cleanRow(raw), row);
  }
  assert.equal(cleanText('a\r\nb\n'), 'a\nb\n');
});

test('the tone follows the level, and ends alone are good news', () => {
  const tone = (notice: Notice) => outlineOf(notice, 'UTC').tone;
  const over = noticeItem({ until: AT });
  assert.deepEqual(
    [LEVELS.fatal, LEVELS.error, LEVELS.warn, LEVELS.info].map((level) =>
      tone(sampleNotice({ level, items: [noticeItem({ level })] })),
    ),
    ['bad', 'bad', 'warn', 'plain'],
  );
  assert.equal(tone(sampleNotice({ event: 'outage', items: [over] })), 'good');
  assert.equal(tone(sampleNotice({ event: 'outage', items: [over, noticeItem()] })), 'bad');
});
