import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import {
  type JetstreamReader,
  readJetstream,
  startJetstream,
  testDraft,
} from '../../../test/rig/jetstream.ts';
import { until, within } from '../../../test/rig/wait.ts';
import type { JetstreamFault } from './faults.ts';

/** Faults with real sockets. Events 1 to 20 are history. */
async function serve(t: TestContext, ...faults: readonly JetstreamFault[]) {
  const running = await startJetstream(t, { faults });
  running.simulator.emit(range(1, 20).map((n) => testDraft(n)));
  return { ...running, all: `${running.url}?cursor=0` };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** The record numbers of what came; a message that is no event is -1. */
function numbersOf({ messages }: JetstreamReader): number[] {
  return messages.map((message) => {
    const [, n = '-1'] = /"n":(\d+)/.exec(message.toString('latin1')) ?? [];
    return Number(n);
  });
}

async function replay(t: TestContext, url: string, count = 20): Promise<number[]> {
  const reader = readJetstream(t, url);
  await reader.take(count);
  return numbersOf(reader);
}

test('the first half of some events comes behind the second one, on one connection', async (t) => {
  const { all } = await serve(t, { kind: 'reorder', events: 6, when: { after: 4 } });
  assert.deepEqual(await replay(t, all), [...range(1, 4), 8, 9, 10, 5, 6, 7, ...range(11, 20)]);
  assert.deepEqual(await replay(t, all), range(1, 20));
});

test('the end of a replay is out of order; nothing waits for events to come', async (t) => {
  const { all, simulator } = await serve(t, { kind: 'reorder', events: 6, when: { beforeLive: 5 } });
  const reader = readJetstream(t, all);
  await reader.take(20);
  assert.deepEqual(numbersOf(reader), [...range(1, 15), 19, 20, 16, 17, 18]);
  simulator.emit([testDraft(21)]);
  await reader.take(21);
  assert.deepEqual(numbersOf(reader).slice(20), [21]);
});

test('events are dropped on one connection, and swallowed on all', async (t) => {
  const { all } = await serve(
    t,
    { kind: 'drop', events: 3, when: { after: 4 } },
    { kind: 'swallow', count: 2, when: { seq: 11 } },
  );
  assert.deepEqual(await replay(t, all, 15), [...range(1, 4), ...range(8, 10), ...range(13, 20)]);
  assert.deepEqual(await replay(t, all, 18), [...range(1, 10), ...range(13, 20)]);
});

test('the last events come again; a replay can end with them', async (t) => {
  const { all } = await serve(t, { kind: 'duplicate', events: 3, when: { beforeLive: 0 } });
  assert.deepEqual(await replay(t, all, 23), [...range(1, 20), 18, 19, 20]);
});

test('an outdated cursor begins with the oldest that is left, and nobody says so', async (t) => {
  const { all, simulator } = await serve(t, { kind: 'outdated', events: 5 });
  assert.deepEqual(await replay(t, all, 15), range(6, 20));
  assert.equal(simulator.times().length, 15);
});

test('messages that are no events, and events that are odd, at every replay', async (t) => {
  const { all } = await serve(
    t,
    { kind: 'garbage', when: { after: 1 } },
    { kind: 'binary', when: { after: 2 } },
    { kind: 'poison', when: { seq: 3 } },
    { kind: 'unknown-kind', when: { seq: 4 } },
    { kind: 'too-large', bytes: 5_000, when: { seq: 5 } },
  );
  const reader = readJetstream(t, all, { skipUTF8Validation: true });
  const messages = await reader.take(22);
  assert.deepEqual(
    messages.slice(0, 7).map((message) => message.length),
    [messages[0]?.length, 64, messages[2]?.length, 64, messages[4]?.length, messages[5]?.length, 5_000],
  );
  assert.throws(() => JSON.parse(String(messages[4])), SyntaxError);
  const odd = JSON.parse(String(messages[5])) as { kind: string; simulated: { record: { n: number } } };
  assert.deepEqual([odd.kind, odd.simulated.record.n], ['simulated', 4]);
  assert.doesNotThrow(() => JSON.parse(String(messages[6])));
  const again = await readJetstream(t, all).take(20);
  assert.deepEqual(again.slice(2, 5), messages.slice(4, 7));
});

test('a connection is silent, half-open, or never answered', async (t) => {
  const clock = createFakeClock();
  const { url, simulator } = await startJetstream(
    t,
    {
      faults: [
        { kind: 'silent' },
        { kind: 'half-open', pongs: true, when: { connection: 2, after: 1 } },
        { kind: 'no-upgrade', when: { connection: 3 } },
      ],
    },
    clock,
  );
  simulator.emit([testDraft(1), testDraft(2)]);
  const silent = readJetstream(t, `${url}?cursor=0`);
  await silent.opened();
  const half = readJetstream(t, `${url}?cursor=0`);
  await half.take(1);
  const never = readJetstream(t, `${url}?cursor=0`);
  const answered = new Promise((resolve) => silent.socket.once('pong', resolve));
  silent.socket.ping();
  await within(answered, { what: 'the pong' });
  const whole = readJetstream(t, `${url}?cursor=0`);
  await whole.take(2);
  assert.deepEqual([silent.messages.length, half.messages.length], [0, 1]);
  assert.equal(never.socket.readyState, never.socket.CONNECTING);
});

test('another server whose clock is behind takes over: empty, with all connections cut', async (t) => {
  const { all, url, simulator } = await serve(t, { kind: 'reset', shiftMs: 60_000, when: { after: 22 } });
  const [last = 0] = simulator.times().slice(-1);
  const reader = readJetstream(t, all);
  await reader.take(20);
  simulator.emit([testDraft(21), testDraft(22)]);
  simulator.emit([testDraft(23)]);
  assert.equal((await within(reader.closed, { what: 'the cut' })).code, 1006);
  assert.deepEqual(numbersOf(reader), range(1, 22));
  const [first = 0] = simulator.times();
  assert.equal(simulator.times().length, 1);
  assert.ok(first < last - 50_000_000, `${first} is not behind ${last}`);
  const future = readJetstream(t, `${url}?cursor=${last}`);
  await future.opened();
  await until(() => simulator.subscribers() === 1, { what: 'the reader' });
  simulator.emit([testDraft(24)]);
  await future.take(1);
  assert.deepEqual(numbersOf(future), [24]);
});

test('whatever passes, a reader that asks again for everything gets it in the end', async (t) => {
  const when = fc.record({
    after: fc.option(fc.nat(20), { nil: undefined }),
    beforeLive: fc.option(fc.nat(20), { nil: undefined }),
  });
  const passing: fc.Arbitrary<JetstreamFault> = fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), when }),
    fc.record({ kind: fc.constant('close' as const), code: fc.constant(1001), when }),
    fc.record({
      kind: fc.constantFrom('duplicate' as const, 'reorder' as const, 'drop' as const),
      events: fc.integer({ min: 1, max: 30 }),
      when,
    }),
  );
  const property = fc.asyncProperty(fc.array(passing, { maxLength: 5 }), async (faults) => {
    const { all, drain, ended } = await serve(t, ...faults);
    const seen = new Set<number>();
    for (let attempt = 0; seen.size < 20; attempt++) {
      assert.ok(attempt <= faults.length, `${attempt} connections gave ${[...seen].join(' ')}`);
      const reader = readJetstream(t, all);
      // A dropped event is there the next time.
      const enough = until(() => new Set(numbersOf(reader)).size === 20, { deadlineMs: 200, what: 'all' });
      await Promise.race([enough.catch(() => {}), reader.closed]);
      for (const n of numbersOf(reader)) seen.add(n);
      reader.socket.terminate();
    }
    drain.abort();
    await ended;
  });
  await fc.assert(property, { numRuns: 30, interruptAfterTimeLimit: 15_000, endOnFailure: true });
});
