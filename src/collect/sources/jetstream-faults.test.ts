import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createTestSink,
  numbersOf,
  runSource,
  startJetstream,
  testDictionary,
  testDraft,
  type JetstreamFault,
} from '../../../test/rig/jetstream.ts';
import { until } from '../../../test/rig/wait.ts';
import type { Draft } from '../../wire/jetstream/encode.ts';
import { createJetstreamSource } from './jetstream.ts';

const random = (): number => 0.5;

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function drafts(from: number, to: number): Draft[] {
  return range(from, to).map((n) =>
    testDraft(n, n % 3 === 0 ? 'com.example.third' : 'com.example.test', `did:plc:d${n % 7}`),
  );
}

/** What random cases rarely hit: repeats by a server that numbers its events. */
const DOUBLES = {
  faults: [{ kind: 'duplicate' as const, events: 40, when: { after: 60 } }],
  version: 2 as const,
  packed: false,
  filtered: false,
  before: 50,
  batches: [30, 30],
  fullAfter: 50,
};

const when = fc.record({ connection: fc.integer({ min: 1, max: 8 }), after: fc.nat(150) });
const refused = fc.record({ connection: fc.integer({ min: 1, max: 8 }) });

const fault: fc.Arbitrary<JetstreamFault> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut' as const), when }) },
  fc.record({ kind: fc.constant('close' as const), code: fc.constantFrom(1000, 1001, 1011, 1013), when }),
  fc.record({ kind: fc.constant('duplicate' as const), events: fc.integer({ min: 1, max: 40 }), when }),
  fc.record({
    kind: fc.constant('raw' as const),
    bytes: fc.constant(Buffer.from('{"rubbish"')),
    when,
  }),
  fc.record({
    kind: fc.constant('http' as const),
    status: fc.constantFrom(429, 502, 503),
    when: refused,
  }),
);

test('every event once and in order, through faults of every kind, by both versions, packed or not', async (t) => {
  const dictionary = testDictionary();
  const cases = fc.record({
    faults: fc.array(fault, { maxLength: 12 }),
    version: fc.constantFrom(1 as const, 2 as const),
    packed: fc.boolean(),
    filtered: fc.boolean(),
    before: fc.nat(200),
    batches: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 }),
    fullAfter: fc.constantFrom(3, 50, Number.POSITIVE_INFINITY),
  });
  const collectAll = async (c: {
    faults: JetstreamFault[];
    version: 1 | 2;
    packed: boolean;
    filtered: boolean;
    before: number;
    batches: number[];
    fullAfter: number;
  }): Promise<void> => {
    const { simulator, url, drain, ended } = await startJetstream(t, {
      version: c.version,
      dictionary,
      faults: c.faults,
    });
    simulator.emit(drafts(1, c.before));
    const sink = createTestSink('oldest', c.fullAfter);
    const source = createJetstreamSource({
      url,
      random,
      dictionary: c.packed ? dictionary : undefined,
      wantedCollections: c.filtered ? ['com.example.third'] : [],
    });
    const running = runSource(t, source, sink);
    let sent = c.before;
    for (const count of c.batches) {
      const wanted = Math.min(sent, sink.events.length + 20);
      await until(() => sink.events.length >= (c.filtered ? wanted / 4 : wanted) || sink.said.length > 0, {
        what: 'some events',
      });
      simulator.emit(drafts(sent + 1, sent + count));
      sent += count;
    }
    const expected = range(1, sent).filter((n) => !c.filtered || n % 3 === 0);
    await until(() => sink.events.length >= expected.length, { what: `${expected.length} events` });
    await running.end();
    assert.deepEqual(numbersOf(sink.events), expected);
    const kinds = new Set(sink.said.map(({ kind }) => kind));
    for (const kind of ['gap', 'reset', 'info'] as const) assert.ok(!kinds.has(kind), kind);
    drain.abort();
    await ended;
  };
  await fc.assert(fc.asyncProperty(cases, collectAll), {
    numRuns: 80,
    examples: [[DOUBLES]],
    endOnFailure: true,
    interruptAfterTimeLimit: 15_000,
  });
});
