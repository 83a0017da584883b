import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { WebSocket } from 'ws';
import { cookieOf, startBrowsedHub } from '../../test/rig/browsed-hub.ts';
import { leakCheck, onEnd } from '../../test/rig/leaks.ts';
import { until, within } from '../../test/rig/wait.ts';
import { createClient } from './client.ts';
import type { WebSocketClass } from './types.ts';

/** Sends a cookie along, as a browser does by itself. */
function browserWith(cookie: string): WebSocketClass {
  return class extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { cookie } });
    }
  };
}

test('a page of the hub connects by its session, hears what the hub tells, and is denied when it has logged out', async (t) => {
  leakCheck(t);
  const listening: { push(frame: Readonly<Record<string, unknown>>): boolean }[] = [];
  const hub = await startBrowsedHub(t, {
    actions: () => [
      {
        name: 'listen',
        schema: v.object({}),
        run: async (_, session) => {
          listening.push(session);
          return { ok: true, body: { ears: 2 } };
        },
      },
    ],
  });
  const session = hub.browser('ada', 'view');
  const client = createClient({
    url: hub.url,
    session: () => session.csrf,
    WebSocket: browserWith(cookieOf(session).cookie),
  });
  onEnd(t, () => client.close());
  const [events, missed] = [[] as unknown[], [] as unknown[]];
  const off = client.on('event', (event) => events.push(event));
  client.on('missed', (event) => missed.push(event));
  assert.deepEqual(await client.request('listen'), { ears: 2 });
  assert.deepEqual([client.state().name, client.log({ message: 'a user says nothing' })], ['ada', false]);
  const board = { event: 'board', time: 1, services: [{ name: 'web' }] };
  for (const frame of [
    { event: 'tail', tail: 't1', rows: [], position: 1 },
    board,
    { event: 'missed', count: 2 },
  ])
    listening[0]?.push(frame);
  await until(() => missed.length > 0, { what: 'the last event' });
  assert.deepEqual(events, [{ event: 'board', body: board }]);
  off();
  listening[0]?.push(board);

  const denied = new Promise<string | undefined>((resolve) =>
    client.on('state', ({ standing, lastError }) => standing === 'denied' && resolve(lastError)),
  );
  hub.access.logout(cookieOf(session).cookie, '127.0.0.1');
  assert.match((await within(denied, { what: 'the client to be denied' })) ?? '', /session, holds no longer/);
  assert.equal(events.length, 1);
});

test('a client is let in by one of both, a token or a session', () => {
  const url = 'ws://hub.example';
  const both = { token: 'x', session: () => 'y' };
  for (const given of [{}, both])
    assert.throws(() => createClient({ url, ...given }), /give either a token or a session/);
});
