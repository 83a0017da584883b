import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addUser,
  type Answer,
  bearer,
  errorOf,
  filesWith,
  PASSWORD,
  startAccess,
} from '../../../test/rig/hub-access.ts';

test('an agent gets its token for a code, and nobody gets at the records of another one', async (t) => {
  const hub = await startAccess(t, { store: true });
  const made = await hub.ask('POST', '/api/codes', { uses: 2 }, bearer(hub.admin));
  assert.equal(made.status, 201, made.text);
  const code = String(made.body['code']);
  const enrol = (agent: string, by = code): Promise<Answer> =>
    hub.ask('POST', '/api/enroll', { code: by, agent });
  const alpha = await enrol('alpha');
  assert.equal(alpha.status, 201, alpha.text);
  const me = await hub.ask('GET', '/api/me', undefined, bearer(String(alpha.body['token'])));
  assert.deepEqual(me.body, { kind: 'agent', name: 'alpha', agents: ['alpha'] });
  assert.match(
    errorOf(await enrol('alpha')),
    /^403 forbidden: cannot enrol alpha by this code: there is an agent of that name/,
  );
  assert.match(errorOf(await enrol('no name')), /^400 invalid: cannot use "no name" as the name of an agent/);
  assert.equal((await enrol('beta')).status, 201);
  assert.match(errorOf(await enrol('gamma')), /^403 forbidden: cannot enrol by this code/);
  const own = await hub.ask('POST', '/api/codes', { agent: 'alpha' }, bearer(hub.admin));
  assert.match(
    errorOf(await enrol('beta', String(own.body['code']))),
    /^403 forbidden: .* it is for another agent/,
  );
  assert.equal((await enrol('alpha', String(own.body['code']))).status, 201);
  // One that came in otherwise has no token here, but records.
  const record = {
    time: 1,
    host: 'h',
    service: 's',
    life: '',
    kind: 'log',
    level: 9,
    sender: 's',
    message: 'm',
  } as const;
  assert.equal((await hub.doors.intake.take('delta', [record])).ok, true);
  const any = await hub.ask('POST', '/api/codes', {}, bearer(hub.admin));
  assert.match(
    errorOf(await enrol('delta', String(any.body['code']))),
    /^403 forbidden: cannot enrol delta by this code: there is an agent/,
  );
  for (let more = 0; more < 5; more++)
    assert.equal((await enrol('gamma', 'vahti_e_0000-0000-0000-0000')).status, 403);
  const late = await enrol('gamma', 'nonsense');
  assert.equal(errorOf(late), '429 later: cannot enrol now: there were too many attempts');
  assert.equal(late.headers.get('retry-after'), '6');
});

test('a wrong token is denied, then put off; a right one from the same address never is', async (t) => {
  const hub = await startAccess(t);
  const wrong = bearer(`vahti_u_${'0'.repeat(52)}`);
  for (let more = 0; more < 10; more++)
    assert.equal(
      errorOf(await hub.ask('GET', '/api/me', undefined, wrong)),
      '401 denied: cannot let you in: the token is not known',
    );
  const late = await hub.ask('GET', '/api/me', undefined, wrong);
  assert.equal(late.status, 429);
  assert.equal(late.headers.get('retry-after'), '6');
  assert.equal((await hub.ask('GET', '/api/me', undefined, bearer(hub.admin))).status, 200);
  await hub.clock.advance(6000);
  assert.equal((await hub.ask('GET', '/api/me', undefined, wrong)).status, 401);
});

test('admins alone make, show and end tokens and users, and read the audit; what they do holds at once', async (t) => {
  const hub = await startAccess(t);
  const as = bearer(hub.admin);
  const user = await hub.ask(
    'POST',
    '/api/users',
    { name: 'ada', role: 'operate', agents: ['alpha'], password: PASSWORD },
    as,
  );
  assert.equal(user.status, 201, user.text);
  assert.deepEqual(user.body, {
    name: 'ada',
    role: 'operate',
    agents: ['alpha'],
    password: true,
    created: hub.clock.now(),
  });
  const made = await hub.ask(
    'POST',
    '/api/tokens',
    { kind: 'user', name: 'ada', label: 'script', expires: '90d' },
    as,
  );
  assert.equal(made.status, 201, made.text);
  assert.equal(made.body['expires'], hub.clock.now() + 90 * 24 * 3_600_000);
  const ada = bearer(String(made.body['token']));
  const paths = [
    'GET /api/tokens',
    'POST /api/tokens',
    'DELETE /api/tokens/x',
    'POST /api/codes',
    'GET /api/users',
    'POST /api/users',
    'PATCH /api/users/ada',
    'DELETE /api/users/ada',
    'GET /api/audit',
  ];
  for (const path of paths) {
    const [method = '', address = ''] = path.split(' ');
    assert.equal(
      errorOf(await hub.ask(method, address, undefined, ada)),
      '403 forbidden: cannot do this: it takes an admin',
      path,
    );
    assert.equal((await hub.ask(method, address)).status, 401, path);
  }
  const changed = await hub.ask('PATCH', '/api/users/ada', { agents: null, role: 'view' }, as);
  assert.deepEqual([changed.body['role'], changed.body['agents']], ['view', null]);
  assert.deepEqual((await hub.ask('GET', '/api/me', undefined, ada)).body, {
    kind: 'user',
    name: 'ada',
    role: 'view',
    agents: null,
  });
  await hub.clock.advance(60_000);
  const { body } = await hub.ask('GET', '/api/tokens', undefined, as);
  const shown = (body['tokens'] as readonly Record<string, unknown>[]).find(
    ({ id }) => id === made.body['id'],
  );
  assert.deepEqual(
    [shown?.['kind'], shown?.['name'], shown?.['label'], shown?.['state']],
    ['user', 'ada', 'script', 'live'],
  );
  assert.equal(shown?.['used'], hub.clock.now() - 60_000);
  assert.equal(
    (await hub.ask('DELETE', `/api/tokens/${String(made.body['id'])}`, undefined, as)).status,
    200,
  );
  assert.equal(
    errorOf(await hub.ask('GET', '/api/me', undefined, ada)),
    '401 denied: cannot let you in: the token was revoked',
  );
  assert.equal((await hub.ask('DELETE', '/api/users/ada', undefined, as)).status, 200);
  assert.match(errorOf(await hub.ask('DELETE', '/api/users/ada', undefined, as)), /^404 unknown/);
  const audit = await hub.ask('GET', '/api/audit?limit=2', undefined, as);
  const rows = audit.body['rows'] as readonly Record<string, unknown>[];
  assert.deepEqual(
    rows.map(({ who, what, whom, address }) => [who, what, whom, address]),
    [
      ['user root', 'user removed', 'user ada', '127.0.0.1'],
      ['user root', `token ${String(made.body['id'])} revoked`, 'user ada', '127.0.0.1'],
    ],
  );
  const older = await hub.ask('GET', `/api/audit?before=${String(audit.body['next'])}`, undefined, as);
  assert.equal(older.body['next'], null);
});

test('what is wrong in a request is named, and nothing secret is in any file, answer or log', async (t) => {
  const hub = await startAccess(t);
  const as = bearer(hub.admin);
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['POST /api/tokens', 'nonsense', /^400 invalid: cannot read the body: it is no JSON/],
    ['POST /api/tokens', { kind: 'root', name: 'x' }, /^400 invalid: kind: cannot use this value/],
    ['POST /api/tokens', { kind: 'user', name: 'nobody' }, /^404 unknown: cannot find a user "nobody"/],
    [
      'POST /api/tokens',
      { kind: 'agent', name: '../etc' },
      /^400 invalid: cannot use "\.\.\/etc" as the name/,
    ],
    [
      'POST /api/tokens',
      { kind: 'agent', name: 'a', expires: 'soon' },
      /^400 invalid: expires: cannot read soon/,
    ],
    ['POST /api/tokens', { kind: 'agent', name: 'a', more: 1 }, /^400 invalid: more: cannot use this value/],
    ['POST /api/codes', { uses: 0 }, /^400 invalid: cannot make a code for 0 uses/],
    ['POST /api/users', { name: 'eve' }, /^400 invalid: cannot do without the agents/],
    [
      'POST /api/users',
      { name: 'eve', role: 'admin', agents: [] },
      /^400 invalid: cannot limit the agents of an admin/,
    ],
    [
      'POST /api/users',
      { name: 'eve', agents: null, password: 'short' },
      /^400 invalid: cannot use a password of 5 characters/,
    ],
    ['POST /api/users', { name: 'root', agents: null }, /^409 conflict: cannot make the user "root"/],
    ['PATCH /api/users/nobody', { role: 'view' }, /^404 unknown: cannot find a user "nobody"/],
    ['PATCH /api/users/root', { role: 'view' }, /^400 invalid: cannot do without the agents/],
    ['GET /api/audit?limit=0', undefined, /^400 invalid: limit: cannot use this value/],
    ['GET /api/audit?before=x', undefined, /^400 invalid: before: cannot use this value/],
  ];
  for (const [path, body, expected] of cases) {
    const [method = '', address = ''] = path.split(' ');
    assert.match(errorOf(await hub.ask(method, address, body, as)), expected, path);
  }
  assert.equal(hub.access.store.users.get('eve'), undefined);
  await addUser(hub, 'ada');
  const login = await hub.ask('POST', '/api/login', { name: 'ada', password: PASSWORD });
  const shown = await Promise.all(
    ['/api/tokens', '/api/users', '/api/audit'].map((path) => hub.ask('GET', path, undefined, as)),
  );
  const secrets = [hub.admin, PASSWORD, login.cookie.slice(14)];
  for (const secret of secrets) {
    for (const { text } of shown) assert.ok(!text.includes(secret));
    assert.ok(!hub.lines.join('').includes(secret));
  }
  assert.deepEqual(filesWith(hub.folder, secrets), []);
});
