import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieOf, startBrowsedHub } from '../../../../test/rig/browsed-hub.ts';
import { must } from '../../../../test/rig/hub-access.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { within } from '../../../../test/rig/wait.ts';

const AUTH = { action: 'auth', v: 2 } as const;

test('a page is let in by the cookie of its browser and the word of its session, as who the session is', async (t) => {
  leakCheck(t);
  const hub = await startBrowsedHub(t);
  const [ada, eve] = [hub.browser('ada', 'operate', ['alpha']), hub.browser('eve', 'admin')];
  const { cookie } = cookieOf(ada);
  const page = await hub.open({ cookie });
  assert.deepEqual(await page.ask({ ...AUTH, session: ada.csrf }), {
    ...AUTH,
    success: true,
    timeout: 30,
    kind: 'user',
    name: 'ada',
    role: 'operate',
    agents: ['alpha'],
  });
  for (const [headers, frame, code, why] of [
    [{}, { session: ada.csrf }, 4401, /the browser sent no session$/],
    [{ cookie }, { session: eve.csrf }, 4401, /is not that of the session$/],
    [{ cookie }, { session: ada.token }, 4401, /is not that of the session$/],
    [{ cookie }, { session: '' }, 4401, /is not that of the session$/],
    [{ cookie }, { session: null }, 4401, /the session is no text$/],
    [{ cookie: `vahti_session=${ada.token.slice(0, -1)}x` }, { session: ada.csrf }, 4401, /not known$/],
    [{ cookie }, { session: ada.csrf, token: 'x' }, 4400, /without a token$/],
    [{ cookie }, { session: ada.csrf, v: 1 }, 4400, /for version 2/],
    [{ cookie }, { session: ada.csrf, series: 's' }, 4400, /only agents have a series/],
    [{ cookie }, {}, 4400, /there is no token/],
  ] as const) {
    const client = await hub.open(headers);
    const answer = await client.ask({ ...AUTH, ...frame });
    const { message } = answer['error'] as { readonly message: string };
    assert.equal(answer['success'], false);
    assert.match(message, why);
    assert.ok(!JSON.stringify(answer).includes(ada.csrf) && !JSON.stringify(answer).includes(ada.token));
    assert.equal(await within(client.closed, { what: 'the connection to close' }), code);
  }
});

test('a session that ends, or becomes another, ends its connections within a second; others go on', async (t) => {
  leakCheck(t);
  const hub = await startBrowsedHub(t);
  const { access } = hub;
  const enter = async (session: ReturnType<typeof hub.browser>) => {
    const page = await hub.open({ cookie: cookieOf(session).cookie });
    assert.equal((await page.ask({ ...AUTH, session: session.csrf }))['success'], true);
    return page;
  };
  const [first, second] = [hub.browser('ada', 'view', ['alpha']), hub.browser('ada', 'view', ['alpha'])];
  const [left, stays, bob] = [
    await enter(first),
    await enter(second),
    await enter(hub.browser('bob', 'operate')),
  ];
  assert.equal((await hub.post('/api/logout', {}, cookieOf(first))).status, 200);
  const by = { who: 'the test', address: '' };
  must(access.store.users.change('bob', { role: 'view' }, by));
  const options = { what: 'the connection to end', deadlineMs: 2000 };
  assert.deepEqual(
    await Promise.all([within(left.closed, options), within(bob.closed, options)]),
    [4401, 4401],
  );
  assert.equal(stays.ws.readyState, stays.ws.OPEN);
  access.store.lockOut('user', 'ada', by);
  assert.equal(await within(stays.closed, options), 4401);
});
