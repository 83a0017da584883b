import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock, type FakeClock } from '../../test/rig/fake-clock.ts';
import { createModelHub, type Fault, type ModelHub, type ModelRecord } from '../../test/rig/model-hub.ts';
import { type Client, createClient } from './client.ts';
import type { ClientOptions, ClientStorage } from './types.ts';

function start(clock: FakeClock, hub: ModelHub, options: Partial<ClientOptions> = {}): Client {
  return createClient(
    { url: 'ws://hub.example', token: 'vahti_a_x', ...options },
    { clock, random: () => 0.5, dial: (events) => hub.connect(events) },
  );
}

/** The only series that the hub has. */
function only(hub: ModelHub): readonly ModelRecord[] {
  assert.ok(hub.stored.size <= 1);
  return [...hub.stored.values()][0] ?? [];
}

function memory(): ClientStorage & { text: string | undefined } {
  const storage = {
    text: undefined as string | undefined,
    load: () => storage.text,
    save: (text: string) => {
      storage.text = text;
    },
  };
  return storage;
}

/** What became of a promise, once the clock has been turned. */
async function outcome<T>(clock: FakeClock, promise: Promise<T>, ms: number): Promise<T | string> {
  let found: T | string = 'pending';
  promise.then(
    (value) => {
      found = value;
    },
    (error: { readonly code: string }) => {
      found = error.code;
    },
  );
  await clock.advance(ms);
  return found;
}

const FAULTS: readonly Fault[] = ['none', 'none', 'lost', 'lost-stored', 'later', 'mute'];

test('whatever breaks when, and however often the program is killed: what was taken is there once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...FAULTS), { maxLength: 10 }),
      fc.array(
        fc.record({
          count: fc.integer({ min: 1, max: 700 }),
          ms: fc.integer({ min: 0, max: 2_000 }),
          end: fc.constantFrom('no', 'no', 'kill', 'close', 'cut'),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      async (faults, steps) => {
        const clock = createFakeClock();
        const hub = createModelHub(clock);
        hub.faults = [...faults];
        const storage = memory();
        let client = start(clock, hub, { storage });
        let taken = 0;
        /** What a kill may take with it: what was not saved. */
        const unsaved = new Set<number>();
        for (const { count, ms, end } of steps) {
          for (let each = 0; each < count; each++) assert.equal(client.log({ message: `${++taken}` }), true);
          await clock.advance(ms);
          if (end === 'cut') hub.cut();
          if (end === 'close') {
            const closing = client.close({ timeoutMs: ms });
            await clock.advance(ms + 1);
            await closing;
          }
          if (end === 'kill') {
            const kept = new Set(keptIn(storage.text));
            const there = new Set(only(hub).map(({ message }) => Number(message)));
            for (let each = 1; each <= taken; each++)
              if (!kept.has(each) && !there.has(each)) unsaved.add(each);
            // Nothing is saved, sent or heard of it from here on.
            const { text } = storage;
            void client.close({ timeoutMs: 0 });
            await clock.advance(0);
            storage.text = text;
          }
          if (end === 'kill' || end === 'close') client = start(clock, hub, { storage });
        }
        const done = client.flush({ timeoutMs: 900_000 });
        const isLeft = (): boolean => client.state().waiting + client.state().refused > 0;
        await clock.advance(0);
        for (let ms = 0; isLeft() && ms < 900_000; ms += 5_000) await clock.advance(5_000);
        await done;
        const expected = Array.from({ length: taken }, (_, index) => index + 1);
        assert.deepEqual(
          only(hub).map(({ message }) => Number(message)),
          expected.filter((each) => !unsaved.has(each)),
        );
        const closing = client.close();
        await clock.advance(10);
        assert.deepEqual(await closing, { unsent: 0 });
        assert.equal(clock.nextTimer(), undefined, 'a timer is left');
      },
    ),
    { numRuns: 60 },
  );
});

function keptIn(text: string | undefined): number[] {
  const saved = JSON.parse(text ?? '{"records":[]}') as { readonly records: [number, string][] };
  return saved.records.map(([, json]) => Number((JSON.parse(json) as ModelRecord).message));
}

test('a full buffer refuses, and says afterwards how many it was; nothing is dropped silently', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  hub.denies = 'not yet';
  const client = start(clock, hub, { most: { records: 10 } });
  const taken = Array.from({ length: 14 }, (_, index) => client.log({ message: `${index}` }));
  assert.deepEqual(
    taken,
    taken.map((_, index) => index < 10),
  );
  assert.equal(client.state().refused, 4);
  await clock.advance(1_000);
  assert.equal(client.state().standing, 'denied');
  assert.equal(await outcome(clock, client.flush(), 0), 'denied');
  hub.denies = undefined;
  await clock.advance(80_000);
  assert.equal(client.log({ message: 'again' }), true);
  assert.equal(await outcome(clock, client.flush(), 1_000), undefined);
  const messages = only(hub).map(({ message }) => message);
  assert.deepEqual(messages.slice(10), ['4 records are missing here: too many waited for the hub', 'again']);
  assert.deepEqual(only(hub)[10]?.fields, { missing: 4 });
  await client.close();
});

test('requests: an answer is known by its number alone; no request waits for ever', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  const client = start(clock, hub);
  const heard: string[] = [];
  client.on('notification', ({ agent }) => heard.push(agent));
  await clock.advance(100);
  hub.answer = ({ action }) => {
    // A push that looks like an answer comes first.
    hub.push({ action, success: true, value: 'wrong' });
    hub.push({ event: 'notification', agent: 'beta', rows: [] });
    return { value: 'right' };
  };
  assert.deepEqual(await outcome(clock, client.request('query', { service: 'x' }), 100), { value: 'right' });
  assert.deepEqual(heard, ['beta']);
  hub.answer = () => ({ success: false, error: { code: 'invalid', message: 'cannot: no such service' } });
  assert.equal(await outcome(clock, client.request('query'), 100), 'invalid');
  hub.answer = () => undefined;
  const lost = client.request('query');
  await clock.advance(100);
  hub.cut();
  assert.equal(await outcome(clock, lost, 100), 'lost');
  hub.answer = () => ({ value: 2 });
  assert.deepEqual(await outcome(clock, client.request('query'), 5_000), { value: 2 });
  hub.answer = () => undefined;
  assert.equal(await outcome(clock, client.request('query', {}, { timeoutMs: 500 }), 600), 'timeout');
  const open = client.request('query');
  const closing = client.close();
  assert.equal(await outcome(clock, open, 10), 'closed');
  assert.deepEqual(await closing, { unsent: 0 });
  assert.equal(client.log({ message: 'late' }), false);
  assert.equal(clock.nextTimer(), undefined);
});

test('a tail goes on behind what it had, over a connection that broke; one that is refused says so', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  hub.user = true;
  const asked: unknown[] = [];
  hub.answer = ({ action, id: _id, ...rest }) => {
    asked.push({ action, ...rest });
    return { position: 40 };
  };
  const client = start(clock, hub, { token: 'vahti_u_x' });
  const rows: unknown[] = [];
  const tail = client.tail({ service: 'web', last: 5 }, (got) => rows.push(...got.rows));
  await clock.advance(100);
  hub.push({ event: 'tail', tail: 'c1', rows: [{ id: 'a/1' }], position: 45, skipped: 0 });
  hub.push({ event: 'tail', tail: 'other', rows: [{ id: 'a/2' }], position: 45, skipped: 0 });
  await clock.advance(100);
  hub.cut();
  await clock.advance(5_000);
  tail.stop();
  await clock.advance(100);
  assert.deepEqual(rows, [{ id: 'a/1' }]);
  assert.deepEqual(asked, [
    { action: 'tail', service: 'web', last: 5, tail: 'c1' },
    { action: 'tail', service: 'web', position: 45, tail: 'c1' },
    { action: 'untail', tail: 'c1' },
  ]);
  assert.equal(client.log({ message: 'x' }), false, 'a user sends nothing');
  hub.answer = () => ({ success: false, error: { code: 'invalid', message: 'cannot follow: no' } });
  let why = '';
  client.tail(
    { nonsense: 1 },
    () => assert.fail('no row'),
    (error) => {
      why = error.message;
    },
  );
  await clock.advance(100);
  assert.equal(why, 'cannot follow: no');
  await client.close();
});

test('a storage that another program went on with begins a new series; one that breaks, or hangs, stops nothing', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  const storage = memory();
  const first = start(clock, hub, { storage });
  first.log({ message: 'a' });
  await clock.advance(1_000);
  const old = storage.text;
  first.log({ message: 'b' });
  await clock.advance(1_000);
  await first.close();
  storage.text = old;
  const second = start(clock, hub, { storage });
  second.log({ message: 'c' });
  await clock.advance(1_000);
  assert.equal(await outcome(clock, second.flush(), 5_000), undefined);
  const all = [...hub.stored.values()].flat().map(({ message }) => message);
  // What the old state had as unacknowledged is sent again, by other numbers: rather twice than never.
  assert.deepEqual(all, ['a', 'b', 'a', 'c']);
  await second.close();

  const broken = {
    load: () => Promise.reject(new Error('no')),
    save: () => Promise.reject(new Error('quota')),
  };
  const third = start(clock, hub, { storage: broken });
  third.log({ message: 'd' });
  assert.equal(await outcome(clock, third.flush(), 5_000), undefined);
  assert.match(third.state().lastError ?? '', /quota/);
  await third.close();

  const never = new Promise<never>(() => {});
  const fourth = start(clock, hub, { storage: { load: () => never, save: () => never } });
  fourth.log({ message: 'e' });
  assert.equal(await outcome(clock, fourth.flush(), 25_000), undefined);
  assert.match(fourth.state().lastError ?? '', /no answer within/);
  assert.deepEqual(await outcome(clock, fourth.close(), 15_000), { unsent: 0 });
  assert.equal(clock.nextTimer(), undefined);
});
