import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../core/clock.ts';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { hubMatches } from '../../../test/rig/hub-model.ts';
import { createSender, openTail } from '../../../test/rig/hub-asking.ts';
import { startHub } from '../../../test/rig/hub-server.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import type { HubFilter } from '../blocks/query.ts';
import type { HubRow } from '../blocks/row.ts';
import type { HubStore } from '../threads/hub-store.ts';
import { registerQueries } from './routes.ts';
import { FRAME_ROWS, runTail, type TailFrame, type TailSink } from './tail.ts';

/** A client that takes what it likes, as a seed says; it never holds more than a frame. */
function fickle(refusals: readonly boolean[]): TailSink & { readonly frames: TailFrame[] } {
  const frames: TailFrame[] = [];
  let turn = 0;
  return {
    frames,
    send(frame) {
      if (refusals[turn++ % refusals.length] === true) return false;
      frames.push(frame);
      return true;
    },
    room: async () => void (await systemClock.sleep(1)),
  };
}

const FILTERS: readonly HubFilter[] = [
  {},
  { agents: ['a2'] },
  { agents: [] },
  { levelAtLeast: 17, services: ['web'] },
  { text: 'tick 7' },
  { matches: '[05]$' },
  { words: 'tick', senders: ['stderr'] },
];

test('each of many that follow gets each row once, in order, wherever he begins, however he takes and breaks off', async (t) => {
  leakCheck(t);
  const hub = await startHub(t);
  const send = createSender(hub);
  const parts = (from: number, count: number) =>
    Array.from(
      { length: count },
      (_, index): Partial<HubRow> => ({
        message: `tick ${from + index}`,
        level: 1 + ((from + index) % 24),
        service: index % 2 === 0 ? 'web' : 'db',
        sender: index % 3 === 0 ? 'stderr' : 'stdout',
        kind: index % 5 === 0 ? 'flip' : 'log',
      }),
    );
  await send('a1', parts(0, 700));
  const stop = new AbortController();
  const plans = fc.sample(
    fc.record({
      filter: fc.constantFrom<HubFilter>(...FILTERS),
      position: fc.constantFrom<number>(0, 1, 350, 700),
      refusals: fc
        .tuple(fc.constant(false), fc.array(fc.boolean(), { maxLength: 5 }))
        .map(([no, more]): readonly boolean[] => [no, ...more]),
      breaks: fc.nat(3),
    }),
    { numRuns: 40, seed: 7 },
  );
  const follow = ({ filter, position, refusals, breaks }: (typeof plans)[number]) => {
    const sink = fickle(refusals);
    let at: number = position;
    let connections = 0;
    const run = async (): Promise<void> => {
      for (;;) {
        const connection = new AbortController();
        const limit = connections++ < breaks ? 3 : Infinity;
        let sent = 0;
        const own: TailSink = {
          send(frame) {
            if (connection.signal.aborted || !sink.send(frame)) return false;
            at = frame.position;
            if (++sent >= limit) connection.abort();
            return true;
          },
          room: () => sink.room(),
        };
        const signal = AbortSignal.any([stop.signal, connection.signal]);
        await runTail(hub.doors, { filter, position: at, protocol: 'ws' }, own, signal);
        if (stop.signal.aborted) return;
      }
    };
    return { filter, position, sink, done: run() };
  };
  const clients = plans.map(follow);
  for (let turn = 1; turn <= 20; turn++) {
    await send(`a${1 + (turn % 3)}`, parts(turn * 100, 60));
    await until(() => hub.store.position() === 700 + turn * 60, { what: 'the position' });
    // Begins at the end, while those who follow are served.
    clients.push(
      follow({
        filter: FILTERS[turn % 7] as HubFilter,
        position: hub.store.position(),
        refusals: [false],
        breaks: 0,
      }),
    );
    if (turn % 7 === 0) await systemClock.sleep(60);
  }
  const page = await hub.store.newest({ limit: 10_000 }, 10_000);
  assert.ok(page.ok);
  const all = page.value.rows.toSorted((a, b) => a.position - b.position);
  assert.equal(all.length, 1900);
  for (const { filter, position, sink } of clients) {
    const expected = all
      .filter((row) => row.position > position && hubMatches(row, filter))
      .map((row) => row.position);
    const got = () => sink.frames.flatMap(({ rows }) => rows.map((row) => row.position));
    await until(() => got().length >= expected.length, { what: `all rows of ${JSON.stringify(filter)}` });
    assert.deepEqual(got(), expected);
    assert.ok(sink.frames.every(({ rows, skipped }) => rows.length <= FRAME_ROWS && skipped === 0));
  }
  stop.abort();
  await within(Promise.all(clients.map(({ done }) => done)), { what: 'all tails to end' });
});

test('who was at the end and takes nothing for a minute goes on at the end, and is told how many he missed', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const hub = await startHub(t);
  const send = createSender(hub);
  const stop = new AbortController();
  const frames: TailFrame[] = [];
  let isOpen = true;
  let room = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<void>();
  const sink: TailSink = {
    send(frame) {
      if (isOpen) frames.push(frame);
      else refused.resolve();
      return isOpen;
    },
    room: () => room.promise,
  };
  const doors = { ...hub.doors, clock };
  const tail = runTail(
    doors,
    { filter: { services: ['web'] }, position: 0, protocol: 'ws' },
    sink,
    stop.signal,
  );
  await send('a', [{ service: 'web', message: 'first' }]);
  await until(() => frames.length > 0, { what: 'the first row' });
  isOpen = false;
  await send('a', [{ service: 'web' }, { service: 'db' }, { service: 'web' }, { service: 'web' }]);
  await within(refused.promise, { what: 'a refusal' });
  await clock.advance(61_000);
  isOpen = true;
  room.resolve();
  room = Promise.withResolvers();
  await until(() => frames.at(-1)?.skipped === 3, { what: 'the gap to be told' });
  await send('a', [{ service: 'web', message: 'last' }]);
  await until(() => frames.at(-1)?.rows[0]?.message === 'last', { what: 'the next row' });
  assert.deepEqual(
    frames.flatMap(({ rows }) => rows.map(({ message }) => message)),
    ['first', 'last'],
  );
  assert.deepEqual(
    hub.doors.counters.read().filter(({ what }) => what === 'skipped'),
    [{ what: 'skipped', protocol: 'ws', value: 3 }],
  );
  stop.abort();
  await within(tail, { what: 'the tail to end' });
});

test('a reader of /api/tail that stops for a while misses nothing, goes on after a break, and is cut off with its token', async (t) => {
  leakCheck(t);
  let read = 0;
  const counting = (store: HubStore): HubStore => ({
    ...store,
    async *follow(filter, position, signal) {
      for await (const page of store.follow(filter, position, signal)) {
        read += page.rows.length;
        yield page;
      }
    },
  });
  const hub = await startHub(t, { routes: [registerQueries], wrap: counting });
  const send = createSender(hub);
  const token = hub.userToken('ann', 'view', ['a']);
  const long = 'x'.repeat(20_000);
  await send('a', [{ message: 'before' }, { message: 'just before' }]);
  const tail = await openTail(hub, 'last=1', token);
  await until(() => tail.rows().length === 1, { what: 'the last one' });
  tail.pause();
  for (let turn = 0; turn < 10; turn++) {
    await send(
      'a',
      Array.from({ length: 250 }, (_, index) => ({ message: `${turn * 250 + index} ${long}` })),
    );
    await send('b', [{ message: 'secret' }]);
  }
  const beside = await openTail(hub, `position=${tail.rows()[0]?.position}`, token);
  await until(() => beside.rows().length === 2500, {
    what: 'all rows of one that reads',
    deadlineMs: 40_000,
  });
  assert.ok(read < 2500 + 2000, `nothing is read ahead for who does not read: ${read} rows`);
  tail.resume();
  await until(() => tail.rows().length === 2501, { what: 'all rows', deadlineMs: 40_000 });
  const numbers = tail
    .rows()
    .slice(1)
    .map(({ message }) => Number.parseInt(message, 10));
  assert.deepEqual(
    numbers,
    Array.from({ length: 2500 }, (_, index) => index),
  );
  assert.equal(tail.rows()[0]?.message, 'just before');
  const position = tail.rows()[1500]?.position ?? 0;
  tail.close();
  const again = await openTail(hub, `position=${position}`, token);
  await until(() => again.rows().length === 1000, { what: 'what comes behind', deadlineMs: 40_000 });
  assert.equal(again.rows()[0]?.position, tail.rows()[1501]?.position);
  hub.revoke(token);
  await within(again.ended, { what: 'the end of the tail' });
});
