import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeLooks } from './decode.ts';
import { LookEncoder } from './encode.ts';
import type { KeptEvent, KeptLook } from './look.ts';

const T0 = Date.parse('2026-11-22T00:00:00Z');

function look(more: Partial<KeptLook> = {}): KeptEvent {
  const life = { id: 'life-1', startedAt: T0 - 5, readyAt: T0 - 1, wellSince: 0 };
  return { kind: 'look', now: T0, at: T0, life, silence: undefined, reading: {}, failed: '', ...more };
}

/** As it comes back: what JSON leaves out is left out. */
function plain(events: readonly KeptEvent[]): unknown {
  return events.map((event) =>
    event.kind === 'look' && event.reading !== undefined
      ? { ...event, reading: JSON.parse(JSON.stringify(event.reading)) as unknown }
      : event,
  );
}

const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.integer({ min: T0 - 1e9, max: T0 + 1e9 }),
  fc.integer().map((n) => n / 10),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
);
const text = fc.oneof(fc.constantFrom('a', 'b', ''), fc.string({ unit: 'grapheme' }));
const reading = fc.dictionary(
  fc.oneof(fc.constantFrom('at', 'name', '__proto__'), text),
  fc.oneof(
    number,
    text,
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.array(fc.oneof(number, text), { maxLength: 3 }),
    fc.dictionary(text, fc.oneof(number, text, fc.constant(null)), { maxKeys: 3 }),
  ),
  { maxKeys: 5 },
);
const moment = fc.integer({ min: 0, max: 2e12 });
const life = fc.record({
  id: text,
  startedAt: moment,
  readyAt: moment,
  wellSince: fc.oneof(fc.constant(0), moment),
});
const event = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'opened' } as const) },
  {
    weight: 9,
    arbitrary: fc
      .record({
        now: moment,
        took: fc.integer({ min: -1000, max: 100_000 }),
        life: fc.oneof(fc.constant({ id: 'life-1', startedAt: T0, readyAt: T0, wellSince: 0 }), life),
        silence: fc.constantFrom(undefined, 'quiet', 'snooze', 'ack', 'needs'),
        reading: fc.option(reading, { nil: undefined }),
        failed: text,
      })
      .map(
        ({ took, ...rest }): KeptEvent => ({
          kind: 'look',
          ...rest,
          at: rest.now + took,
          failed: rest.reading === undefined ? rest.failed : '',
        }),
      ),
  },
);

test('whatever was seen comes back, in pieces or whole, over several encoders', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(3)), { maxLength: 60 }), (events) => {
      let encoder = new LookEncoder();
      const pieces: Uint8Array[] = [];
      for (const [each, then] of events) {
        encoder.add(each);
        if (then > 0) pieces.push(encoder.take());
        if (then === 1) encoder = new LookEncoder();
      }
      pieces.push(encoder.take());
      const back = [...decodeLooks(pieces)];
      assert.deepEqual(
        JSON.parse(JSON.stringify(back)),
        JSON.parse(JSON.stringify(plain(events.map(([e]) => e)))),
      );
      assert.deepEqual([...decodeLooks([Buffer.concat(pieces)])], back);
    }),
    { numRuns: 300 },
  );
});

test('a reading that is too large, and one shape too many, become looks without a reading', () => {
  const encoder = new LookEncoder();
  const events = [
    look({ reading: { line: 'x'.repeat(5000) } }),
    ...Array.from({ length: 70 }, (_, index) => look({ reading: { [`key${index}`]: index } })),
    look({ reading: { key0: 5 } }),
  ];
  for (const each of events) encoder.add(each);
  const back = [...decodeLooks([encoder.take()])].map((each) => (each.kind === 'look' ? each : undefined));
  assert.deepEqual([back[0]?.reading, back[0]?.failed], [undefined, 'what it read was too large to be kept']);
  assert.deepEqual(back[64]?.reading, { key63: 63 });
  assert.equal(back[65]?.reading, undefined);
  assert.deepEqual(back.at(-1)?.reading, { key0: 5 });
});

test('damaged bytes are an error, and nothing worse', () => {
  const encoder = new LookEncoder();
  for (const at of [0, 15_000, 30_001])
    encoder.add(look({ now: T0 + at, reading: { at: T0 + at, name: 'a/b' } }));
  const bytes = encoder.take();
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (place, value, length) => {
      const damaged = bytes.slice(0, length);
      if (place < length) damaged[place] = value;
      try {
        for (const each of decodeLooks([damaged])) assert.ok(each.kind === 'look' || each.kind === 'opened');
      } catch (error) {
        assert.ok(error instanceof RangeError || error instanceof SyntaxError || error instanceof TypeError);
      }
    }),
  );
});

test('a look at a file that is written all the time takes a few bytes', () => {
  const encoder = new LookEncoder();
  for (let count = 0; count < 400; count++) {
    const now = T0 + count * 15_000 + (count % 3);
    encoder.add(
      look({
        now,
        at: now + 1,
        reading: { ok: true, value: { name: 'a.log', at: now - 300 - ((count * 37) % 500) } },
      }),
    );
  }
  assert.ok(encoder.take().length < 400 * 7);
});
