import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createTestSink,
  numbersOf,
  runSource,
  testDictionary,
  testDraft,
} from '../../../test/rig/jetstream.ts';
import { type JetstreamV2Fault, startJetstreamV2 } from '../../../test/rig/jetstream-v2.ts';
import { until } from '../../../test/rig/wait.ts';
import { createJetstreamV2Source } from './jetstream-v2.ts';

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function drafts(from: number, to: number) {
  return range(from, to).map((n) => testDraft(n, n % 3 === 0 ? 'com.example.third' : 'com.example.test'));
}

const afterEvents = fc.nat(150);
const fault: fc.Arbitrary<JetstreamV2Fault> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut' as const), afterEvents }) },
  fc.record({
    kind: fc.constant('close' as const),
    afterEvents,
    code: fc.constantFrom(1000, 1001, 1011, 1013),
  }),
  fc.record({
    kind: fc.constant('error' as const),
    afterEvents,
    error: fc.constantFrom('ConsumerTooSlow', 'InternalError'),
    message: fc.constant('reconnect'),
  }),
  fc.record({ kind: fc.constant('repeat' as const), afterEvents, events: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant('raw' as const),
    afterEvents,
    bytes: fc.constant(Buffer.from('{"rubbish"')),
    binary: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('http' as const), status: fc.constantFrom(400, 429, 502, 503) }),
);

test('every event once and in order, through faults of every kind, packed or not', async (t) => {
  const dictionary = testDictionary();
  const cases = fc.record({
    faults: fc.array(fc.array(fault, { maxLength: 3 }), { maxLength: 8 }),
    packed: fc.boolean(),
    filtered: fc.boolean(),
    before: fc.nat(200),
    batches: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }),
    fullAfter: fc.constantFrom(3, 50, Number.POSITIVE_INFINITY),
  });
  await fc.assert(
    fc.asyncProperty(cases, async (c) => {
      const faults = (connection: number) => c.faults[connection - 1] ?? [];
      const { simulator, url, end } = await startJetstreamV2(t, { dictionary, faults });
      simulator.emit(drafts(1, c.before));
      const sink = createTestSink('oldest', c.fullAfter);
      const source = createJetstreamV2Source({
        url: c.filtered ? `${url}?collections=com.example.third` : url,
        random: () => 0.5,
        dictionary: c.packed ? dictionary : undefined,
      });
      const running = runSource(t, source, sink);
      let sent = c.before;
      for (const count of c.batches) {
        // Somewhere in the middle of what there is.
        await until(() => sink.events.length >= sent / 4 || sink.said.length > 0, { what: 'some events' });
        simulator.emit(drafts(sent + 1, sent + count));
        sent += count;
      }
      const expected = range(1, sent).filter((n) => !c.filtered || n % 3 === 0);
      await until(() => sink.events.length >= expected.length, { what: `${expected.length} events` });
      await running.end();
      assert.deepEqual(numbersOf(sink.events), expected);
      const kinds = new Set(sink.said.map(({ kind }) => kind));
      for (const kind of ['gap', 'reset', 'info'] as const) assert.ok(!kinds.has(kind), kind);
      await end();
    }),
    { numRuns: 40, endOnFailure: true, interruptAfterTimeLimit: 8_000 },
  );
});
