import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { ask, createSender } from '../../../test/rig/hub-asking.ts';
import { hubNewest } from '../../../test/rig/hub-model.ts';
import { startHub } from '../../../test/rig/hub-server.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { within } from '../../../test/rig/wait.ts';
import type { HubRow } from '../blocks/row.ts';
import { registerQueries } from './routes.ts';
import type { Row } from '../../wire/hub/row.ts';
import { createTurns } from './turns.ts';

/** Takes the engine of patterns its longest: some 0.1 s for a text like this. */
const SLOW = encodeURIComponent('a.{100}c');
const LONG = randomText(20_000);

function randomText(length: number): string {
  let state = 1;
  const letter = (): string => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state & 0x10000 ? 'a' : 'b';
  };
  return Array.from({ length }, letter).join('');
}

test('the slow questions of one user keep nobody else waiting, say how far they came, and end with their connection', async (t) => {
  leakCheck(t);
  const hub = await startHub(t, { routes: [registerQueries] });
  const send = createSender(hub);
  await send(
    'a',
    Array.from({ length: 200 }, () => ({ message: LONG })),
  );
  const [greedy, other] = [hub.userToken('greedy', 'view'), hub.userToken('other', 'view')];
  let ended = 0;
  const slow = Array.from({ length: 6 }, () =>
    ask(hub, `/api/records?matches=${SLOW}&budget=200ms`, greedy).finally(() => ended++),
  );
  const quick = await within(ask(hub, '/api/records?limit=1', other), { what: 'a quick answer' });
  assert.equal((quick.body['rows'] as Row[]).length, 1);
  assert.ok(ended < slow.length, 'it did not wait for the slow ones');
  for (const { body } of await Promise.all(slow)) {
    const { rows, cut, next, scanned, of } = body as {
      rows: Row[];
      cut: boolean;
      next: string;
      scanned: number;
      of: number;
    };
    assert.deepEqual([rows.length, cut, typeof next, of], [0, true, 'string', 200]);
    assert.ok(scanned <= of);
  }
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${greedy}` };
  const left = [1, 2].map(() =>
    fetch(`${hub.url}/api/records?matches=${SLOW}&budget=10s`, { headers, signal: gone.signal }).catch(
      () => {},
    ),
  );
  await ask(hub, '/api/records?limit=1', other);
  const many = Array.from({ length: 40 }, () => ask(hub, '/api/records?limit=1', greedy));
  const refused = await within(Promise.race(many), { what: 'a refusal' });
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1']);
  gone.abort();
  await Promise.all(left);
  const statuses = (
    await within(Promise.all(many), { what: 'turns that were given up', deadlineMs: 5000 })
  ).map(({ status }) => status);
  // Those that came after the first refusal may have found room.
  const answered = statuses.filter((status) => status === 200).length;
  assert.ok(answered >= 32 && answered < 40, `${answered} of 40`);
});

test('turns of one principal are given in order, a few at a time, and given up with the signal', async () => {
  const turns = createTurns(1, 2);
  const ann = { kind: 'agent', name: 'ann' } as const;
  const never = new AbortController();
  const gone = new AbortController();
  const first = await turns.take(ann, never.signal);
  const second = turns.take(ann, gone.signal);
  const third = turns.take(ann, never.signal);
  assert.equal(await turns.take(ann, never.signal), undefined, 'too many wait');
  assert.ok(
    (await turns.take({ kind: 'agent', name: 'bob' }, never.signal)) !== undefined,
    'others have turns of their own',
  );
  gone.abort();
  assert.equal(await second, undefined);
  first?.();
  first?.();
  const done = await third;
  assert.ok(done !== undefined);
  done();
});

test('pages that are turned while records come, are merged and go are each whole, in order, and never twice', async (t) => {
  leakCheck(t);
  const keep = { rules: [{ name: 'logs', keepMs: 4000 }], bytes: 1e12, free: 0 } as const;
  const hub = await startHub(t, { keep, routes: [registerQueries] });
  const send = createSender(hub);
  const token = hub.userToken('ann', 'view');
  const over = new AbortController();
  const writing = (async () => {
    for (let turn = 0; !over.signal.aborted; turn++) {
      await send(
        'a',
        Array.from({ length: 20 }, (_, index) => ({ message: `tick ${turn} ${index}` })),
      );
      if (turn % 10 === 9) await hub.store.purge();
      await systemClock.sleep(20);
    }
  })();
  for (let round = 0; round < 4; round++) {
    const before = await hub.store.newest({ limit: 10_000 }, 5000);
    assert.ok(before.ok);
    const rows: Row[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { body } = await ask(
        hub,
        `/api/records?limit=400&words=tick${next === '' ? '' : `&cursor=${next}`}&budget=${round % 2 === 0 ? '1ms' : '1s'}`,
        token,
      );
      rows.push(...(body['rows'] as Row[]));
      next = body['next'] as string | null;
    }
    const after = await hub.store.newest({ limit: 10_000 }, 5000);
    assert.ok(after.ok);
    const places = rows.map(({ position }) => position);
    assert.deepEqual(
      places,
      [...new Set(places)].toSorted((a, b) => b - a),
    );
    // What was there before and is so still has to be there.
    const still = new Set(after.value.rows.map(({ position }) => position));
    const there = hubNewest(before.value.rows as HubRow[], {}, Infinity).filter(({ position }) =>
      still.has(position),
    );
    const got = new Set(places);
    assert.ok(there.every(({ position }) => got.has(position)));
  }
  over.abort();
  await writing;
});
