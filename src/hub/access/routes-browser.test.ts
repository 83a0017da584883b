import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addUser,
  type Answer,
  bearer,
  BY,
  errorOf,
  must,
  PASSWORD,
  startAccess,
} from '../../../test/rig/hub-access.ts';

test('a browser logs in, changes things by the word that only its page knows, and logs out', async (t) => {
  const hub = await startAccess(t);
  await addUser(hub, 'ada');
  const login = await hub.ask('POST', '/api/login', { name: 'ada', password: PASSWORD });
  assert.equal(login.status, 200, login.text);
  const { csrf, expires, ...who } = login.body;
  assert.deepEqual(who, { kind: 'user', name: 'ada', role: 'view', agents: ['alpha'] });
  assert.equal(expires, hub.clock.now() + 7 * 24 * 3_600_000);
  const attributes = (login.headers.get('set-cookie') ?? '').split('; ').slice(1);
  assert.deepEqual(attributes, ['Max-Age=604800', 'Path=/', 'HttpOnly', 'SameSite=Strict']);
  assert.match(login.cookie, /^vahti_session=vahti_s_/);
  assert.ok(!login.text.includes('vahti_s_'), 'the session is for the cookie alone');

  const { cookie } = login;
  assert.deepEqual((await hub.ask('GET', '/api/me', undefined, { cookie })).body, login.body);
  for (const wrong of [undefined, '', 'x', String(csrf).slice(1)]) {
    const headers: Record<string, string> =
      wrong === undefined ? { cookie } : { cookie, 'x-vahti-csrf': wrong };
    assert.equal(
      errorOf(await hub.ask('POST', '/api/logout', undefined, headers)),
      '401 denied: cannot let you in: the header x-vahti-csrf is not that of the session',
    );
  }
  const out = await hub.ask('POST', '/api/logout', undefined, { cookie, 'x-vahti-csrf': String(csrf) });
  assert.equal(out.status, 200, out.text);
  assert.match(out.headers.get('set-cookie') ?? '', /^vahti_session=; Max-Age=0;/);
  assert.equal(
    errorOf(await hub.ask('GET', '/api/me', undefined, { cookie })),
    '401 denied: cannot let you in: the session was revoked',
  );
  assert.match(
    errorOf(await hub.ask('GET', '/api/me')),
    /^401 denied: cannot let you in: no token was given/,
  );
  assert.match(
    errorOf(await hub.ask('GET', '/api/me', undefined, bearer(cookie.slice(14)))),
    /it is the session of a browser/,
  );
});

test('who is wrong too often waits: by name and by address; the answer does not tell whether a user exists', async (t) => {
  const hub = await startAccess(t);
  await addUser(hub, 'ada');
  const attempt = (name: string, password = 'wrong password'): Promise<Answer> =>
    hub.ask('POST', '/api/login', { name, password });
  assert.equal(
    errorOf(await attempt('ada')),
    '401 denied: cannot let you in: the name or the password is wrong',
  );
  assert.equal(
    errorOf(await attempt('nobody')),
    '401 denied: cannot let you in: the name or the password is wrong',
  );
  // Without a password nobody comes in by one.
  assert.equal((await attempt('root', '')).status, 401);
  // One that is right does not count.
  assert.equal((await attempt('ada', PASSWORD)).status, 200);
  for (let more = 0; more < 7; more++) assert.equal((await attempt(`nobody${more}`)).status, 401);
  for (const password of ['wrong password', PASSWORD]) {
    const late = await attempt('ada', password);
    assert.equal(errorOf(late), '429 later: cannot let you in now: there were too many attempts');
    assert.equal(late.headers.get('retry-after'), '6');
  }
  await hub.clock.advance(6000);
  assert.equal((await attempt('ada', PASSWORD)).status, 200);
  await hub.clock.advance(60_000);
  const denied = hub.access.store.audit.list(100).filter(({ what }) => what === 'a login was denied');
  assert.deepEqual(
    denied.map(({ who, whom, address, times }) => `${who} ${whom} ${address} ${times}`).toSorted(),
    [
      'somebody (no such user) 127.0.0.1 8',
      'somebody user ada 127.0.0.1 3',
      'somebody user root 127.0.0.1 1',
    ],
  );
});

test('a page of another place cannot log anybody in, nor use their session', async (t) => {
  const hub = await startAccess(t);
  const origin = 'https://elsewhere.example';
  const body = { name: 'ada', password: PASSWORD };
  for (const foreign of [origin, 'null'])
    assert.match(
      errorOf(await hub.ask('POST', '/api/login', body, { origin: foreign })),
      /^403 forbidden: cannot log in from the page/,
    );
  const { status } = await hub.ask('POST', '/api/login', body, { origin });
  assert.equal(status, 403);
});

test('a login link lets in once, and not after five minutes', async (t) => {
  const hub = await startAccess(t);
  const link = (): string => must(hub.access.store.codes.createLink('root', BY)).code;
  const code = link();
  assert.equal((await hub.ask('HEAD', `/login?code=${code}`)).status, 404);
  const first = await hub.ask('GET', `/login?code=${code}`);
  assert.deepEqual([first.status, first.headers.get('location')], [303, '/']);
  const me = await hub.ask('GET', '/api/me', undefined, { cookie: first.cookie });
  assert.deepEqual([me.body['name'], me.body['role']], ['root', 'admin']);
  assert.match(
    errorOf(await hub.ask('GET', `/login?code=${code}`)),
    /^401 denied: cannot let you in by this link: it was used, or has expired/,
  );
  const person = await hub.ask('GET', `/login?code=${code}`, undefined, { accept: 'text/html' });
  assert.deepEqual([person.status, person.headers.get('location')], [303, '/sign-in?trouble=link']);
  assert.equal(person.cookie, '');
  const late = link();
  await hub.clock.advance(5 * 60_000);
  assert.equal((await hub.ask('GET', `/login?code=${late}`)).status, 401);
  for (const wrong of ['', '?code=', '?code=a&code=b', `?code=${hub.admin}`])
    assert.equal((await hub.ask('GET', `/login${wrong}`)).status, 401, wrong);
});
