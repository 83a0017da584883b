import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AccessHub,
  addUser,
  type Answer,
  bearer,
  BY,
  errorOf,
  must,
  PASSWORD,
  startAccess,
} from '../../../test/rig/hub-access.ts';

const NEW = 'another horse battery';

interface Browser {
  readonly cookie: string;
  change(old: unknown, wanted: unknown): Promise<Answer>;
  isIn(): Promise<boolean>;
}

/** Somebody who came in with a browser. */
async function browser(hub: AccessHub, name: string, password = PASSWORD): Promise<Browser> {
  const login =
    password === ''
      ? await hub.ask('GET', `/login?code=${must(hub.access.store.codes.createLink(name, BY)).code}`)
      : await hub.ask('POST', '/api/login', { name, password });
  const { cookie } = login;
  const me = await hub.ask('GET', '/api/me', undefined, { cookie });
  assert.equal(me.status, 200, login.text);
  const headers = { cookie, 'x-vahti-csrf': String(me.body['csrf']) };
  return {
    cookie,
    change: (old, wanted) => hub.ask('POST', '/api/password', { old, new: wanted }, headers),
    isIn: async () => (await hub.ask('GET', '/api/me', undefined, { cookie })).status === 200,
  };
}

test('whoever is let in changes the own password: all other sessions end, this one goes on', async (t) => {
  const hub = await startAccess(t);
  await addUser(hub, 'ada');
  await addUser(hub, 'bob');
  const [here, there, bob] = [
    await browser(hub, 'ada'),
    await browser(hub, 'ada'),
    await browser(hub, 'bob'),
  ];
  const token = must(hub.access.store.tokens.create({ kind: 'user', whose: 'ada', label: '' }, BY)).token;
  const changed = await here.change(PASSWORD, NEW);
  assert.deepEqual([changed.status, changed.body], [200, { done: true }]);
  assert.deepEqual([await here.isIn(), await there.isIn(), await bob.isIn()], [true, false, true]);
  assert.equal((await hub.ask('GET', '/api/me', undefined, bearer(token))).status, 200);
  assert.equal((await hub.ask('POST', '/api/login', { name: 'ada', password: PASSWORD })).status, 401);
  await browser(hub, 'ada', NEW);
  // One that is right is no guess, however often.
  for (let time = 0; time < 12; time++) assert.equal((await here.change(NEW, NEW)).status, 200);
  const [row] = hub.access.store.audit.list(50).filter(({ what }) => what === 'password set');
  assert.deepEqual([row?.who, row?.whom, row?.address], ['user ada', 'user ada', '127.0.0.1']);
  assert.ok(!JSON.stringify(hub.access.store.audit.list(50)).includes(NEW));
});

test('who came by a link, and has none, sets the first one; who has one, has to know it', async (t) => {
  const hub = await startAccess(t);
  const root = await browser(hub, 'root', '');
  assert.equal(
    errorOf(await root.change('guess', NEW)),
    '403 forbidden: cannot change the password: the old one is wrong',
  );
  assert.equal((await root.change('', NEW)).status, 200);
  await browser(hub, 'root', NEW);
  assert.equal((await root.change('', PASSWORD)).status, 403);
});

test('a wrong old password, a bad new one, and whoever has no session change nothing', async (t) => {
  const hub = await startAccess(t);
  await addUser(hub, 'ada');
  const ada = await browser(hub, 'ada');
  for (const [old, wanted, why] of [
    ['wrong', NEW, /^403 forbidden: cannot change the password: the old one is wrong$/],
    [PASSWORD, 'short', /^400 invalid: new: cannot use a password of 5 characters: write 10 or more$/],
    [PASSWORD, 'x'.repeat(300), /^400 invalid: new: cannot use a password of more than 256/],
    [undefined, NEW, /^400 invalid: old: cannot use this value/],
    [PASSWORD, 7, /^400 invalid: new: cannot use this value/],
  ] as const)
    assert.match(errorOf(await ada.change(old, wanted)), why);
  const body = { old: PASSWORD, new: NEW };
  assert.match(
    errorOf(await hub.ask('POST', '/api/password', body, bearer(hub.admin))),
    /^403 forbidden: cannot change a password by a token/,
  );
  assert.match(
    errorOf(await hub.ask('POST', '/api/password', body, { cookie: ada.cookie })),
    /^401 .*x-vahti-csrf/,
  );
  assert.match(errorOf(await hub.ask('POST', '/api/password', body)), /^401 /);
  await browser(hub, 'ada');
});

test('guesses of the old password are limited as those of a login, by the same count', async (t) => {
  const hub = await startAccess(t);
  await addUser(hub, 'ada');
  const ada = await browser(hub, 'ada');
  for (let guess = 0; guess < 10; guess++)
    assert.equal((await ada.change(`guess ${guess}`, NEW)).status, 403);
  const late = await ada.change(PASSWORD, NEW);
  assert.equal(errorOf(late), '429 later: cannot change the password now: there were too many attempts');
  assert.equal(late.headers.get('retry-after'), '6');
  assert.equal((await hub.ask('POST', '/api/login', { name: 'ada', password: PASSWORD })).status, 429);
  await hub.clock.advance(6000);
  assert.equal((await ada.change(PASSWORD, NEW)).status, 200);
  await hub.clock.advance(60_000);
  const denied = hub.access.store.audit.list(50).find(({ what }) => what.includes('change of a password'));
  assert.deepEqual([denied?.whom, denied?.times], ['user ada', 10]);
});
