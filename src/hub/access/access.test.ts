import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { must } from '../../../test/rig/hub-access.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { silentLog } from '../../core/log.ts';
import { createAccess } from './access.ts';
import { createAttempts, networkOf } from './attempts.ts';
import type { By } from './audit-log.ts';
import { createDenials } from './denials.ts';
import { hashOfSecret, kindOfSecret, newSecret, readEnrolmentCode } from './secrets.ts';
import { openAccessStore } from './store.ts';
import { ensureAdminToken, ensureAgentToken } from './token-files.ts';

const BY: By = { who: 'the test', address: '' };
const DAY_MS = 24 * 3_600_000;

test('a token says what it is of, and no two are alike', () => {
  for (const kind of ['agent', 'user', 'session', 'link'] as const) {
    const secret = newSecret(kind);
    assert.match(secret, new RegExp(`^vahti_${kind[0]}_[0-9a-hjkmnp-tv-z]{52}$`));
    assert.equal(kindOfSecret(secret), kind);
    for (const wrong of [
      secret.slice(1),
      `${secret}0`,
      secret.slice(0, -1),
      secret.toUpperCase(),
      ` ${secret}`,
    ])
      assert.equal(kindOfSecret(wrong), undefined);
    assert.notDeepEqual(hashOfSecret(secret), hashOfSecret(newSecret(kind)));
  }
  const code = newSecret('enrolment');
  assert.match(code, /^vahti_e_(?:[0-9a-z]{4}-){3}[0-9a-z]{4}$/);
  const bare = code.slice(8).replaceAll('-', '');
  const typed = bare.replaceAll('0', 'O').replaceAll('1', 'l').toUpperCase();
  for (const form of [code, bare, ` ${code.toUpperCase()} `, typed, bare.match(/../g)?.join(' ') ?? ''])
    assert.equal(readEnrolmentCode(form), code, form);
  for (const wrong of ['', bare.slice(1), `${bare}0`, 'u'.repeat(16), newSecret('agent')])
    assert.equal(readEnrolmentCode(wrong), undefined, wrong);
});

test('ten attempts at once, one more every six seconds, and those that were right do not count', async () => {
  const clock = createFakeClock();
  const attempts = createAttempts(clock);
  for (let more = 0; more < 10; more++) assert.equal(attempts.take(['a', 'b']), undefined);
  assert.equal(attempts.take(['a']), 6000);
  assert.equal(attempts.take(['c', 'b']), 6000);
  for (let more = 0; more < 10; more++)
    assert.equal(attempts.take(['c']), undefined, 'a refusal took none of c');
  await clock.advance(2000);
  assert.equal(attempts.take(['a']), 4000);
  await clock.advance(4000);
  assert.equal(attempts.take(['a']), undefined);
  attempts.giveBack(['a']);
  assert.equal(attempts.take(['a']), undefined);
  assert.equal(attempts.take(['a']), 6000);
  await clock.advance(3_600_000);
  for (let more = 0; more < 10; more++) assert.equal(attempts.take(['a']), undefined);
  assert.equal(attempts.take(['a']), 6000);
});

test('an attempt counts for an IPv4 address, or for the /64 of an IPv6 address', () => {
  for (const [address, network] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ] as const)
    assert.equal(networkOf(address), network, address);
});

test('whoever knocks from a thousand addresses fills neither the memory nor the audit', () => {
  const denials = createDenials();
  for (let from = 0; from < 5000; from++) denials.add('a token was denied', '', `192.0.2.${from}`);
  denials.add('a token was denied', '', '192.0.2.0');
  const rows = denials.rows();
  assert.equal(rows.length, 1001);
  assert.equal(
    rows.reduce((sum, { times }) => sum + times, 0),
    5001,
  );
  const row = { who: 'somebody', what: 'a token was denied', whom: '' };
  assert.deepEqual(rows[0], { ...row, address: '192.0.2.0', times: 2 });
  assert.deepEqual(rows.at(-1), { ...row, address: '(many others)', times: 4000 });
  denials.forget();
  assert.deepEqual(denials.rows(), []);
});

test('when a token was seen is written once a minute, and at the end', async (t) => {
  leakCheck(t);
  const [folder, clock] = [tempFolder(t), createFakeClock()];
  const store = must(openAccessStore(folder, { clock }));
  const access = createAccess({ store, clock, log: silentLog });
  const began = clock.now();
  const { id, token } = must(store.tokens.create({ kind: 'agent', whose: 'alpha', label: '' }, BY));
  const used = (): number | null | undefined => store.tokens.get(id)?.used;
  must(access.tokens.check(token));
  await clock.advance(59_000);
  assert.equal(used(), null);
  await clock.advance(1000);
  assert.equal(used(), began);
  access.tokens.failed?.('192.0.2.1');
  must(access.tokens.check(token));
  access.close();
  const again = must(openAccessStore(folder, { clock }));
  onEnd(t, () => again.close());
  assert.equal(again.tokens.get(id)?.used, began + 60_000);
  assert.equal(again.audit.list(1)[0]?.what, 'a token was denied');
});

test('what ended long ago is forgotten, and the audit keeps 90 days and 100,000 rows', async (t) => {
  const [folder, clock] = [tempFolder(t), createFakeClock()];
  const store = must(openAccessStore(folder, { clock }));
  onEnd(t, () => store.close());
  const old = must(store.tokens.create({ kind: 'agent', whose: 'alpha', label: '' }, BY));
  const kept = must(store.tokens.create({ kind: 'agent', whose: 'alpha', label: '' }, BY));
  must(store.codes.createEnrolment({ agent: undefined, uses: 1, lastsMs: 1000 }, BY));
  store.tokens.revoke(old.id, BY);
  clock.jumpWall(89 * DAY_MS);
  store.trim();
  assert.deepEqual(
    store.tokens
      .list(true)
      .map(({ id }) => id)
      .toSorted(),
    [old.id, kept.id].toSorted(),
  );
  assert.equal(store.audit.list(10).length, 4);
  clock.jumpWall(2 * DAY_MS);
  store.trim();
  assert.deepEqual(
    store.tokens.list(true).map(({ id }) => id),
    [kept.id],
  );
  assert.equal(store.audit.list(10).length, 0);
  const db = new DatabaseSync(join(folder, 'access.db'));
  db.exec(`WITH RECURSIVE row (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM row WHERE n < 100299)
    INSERT INTO audit (time, who, what, whom, address, times) SELECT ${clock.now()}, '', '', n, '', 1 FROM row`);
  db.close();
  store.trim();
  const [newest] = store.audit.list(1);
  assert.equal(newest?.whom, '100299');
  assert.equal(store.audit.list(200_000).length, 100_000);
});

test('a user has fifty sessions at most: the oldest ends', (t) => {
  const [folder, clock] = [tempFolder(t), createFakeClock()];
  const store = must(openAccessStore(folder, { clock }));
  onEnd(t, () => store.close());
  must(store.users.create('ada', { agents: null }, BY));
  const make = (): string =>
    must(store.tokens.create({ kind: 'session', whose: 'ada', label: '' }, BY)).token;
  const sessions = Array.from({ length: 52 }, make);
  const left = sessions.filter((session) => store.tokens.find(session) !== undefined);
  assert.deepEqual(left, sessions.slice(2));
});

test('nobody but the owner can read who may come in, nor the tokens in files', async (t) => {
  const folder = join(tempFolder(t), 'state', 'hub');
  must(await ensureAdminToken(folder));
  const store = must(openAccessStore(folder, { clock: createFakeClock() }));
  onEnd(t, () => store.close());
  store.audit.add(BY, 'something', '');
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(folder).toSorted(), [
    'access.db',
    'access.db-shm',
    'access.db-wal',
    'admin-token',
  ]);
  for (const name of readdirSync(folder))
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
});

test('the token in a file is made once, also by many at once; without the file there is a new one, and the old one ends', async (t) => {
  leakCheck(t);
  const [folder, clock] = [tempFolder(t), createFakeClock()];
  const asked = [ensureAdminToken(folder, clock)];
  // Each a turn of the loop later: whatever one has done, another one meets.
  while (asked.length < 30) {
    await setImmediate();
    asked.push(ensureAdminToken(folder, clock));
  }
  const made = await Promise.all(asked);
  const [first = '', ...others] = [...new Set(made.map((each) => must(each).token))];
  assert.deepEqual(others, []);
  assert.equal(made.filter((each) => must(each).isNew).length, 1);
  assert.equal(readFileSync(join(folder, 'admin-token'), 'utf8'), `${first}\n`);
  const agent = must(await ensureAgentToken(folder, 'host-1', clock));
  const access = createAccess({ store: must(openAccessStore(folder, { clock })), clock, log: silentLog });
  onEnd(t, () => access.close());
  assert.deepEqual(must(access.tokens.check(first)), {
    kind: 'user',
    name: 'admin',
    role: 'admin',
    agents: undefined,
  });
  assert.deepEqual(must(access.tokens.check(agent.token)), { kind: 'agent', name: 'host-1' });

  rmSync(join(folder, 'admin-token'));
  const second = must(await ensureAdminToken(folder, clock));
  assert.equal(second.isNew, true);
  assert.deepEqual(access.tokens.check(first), { ok: false, error: 'the token was revoked' });
  assert.equal(access.tokens.check(second.token).ok, true);
  assert.equal(access.tokens.check(agent.token).ok, true);
  assert.deepEqual(must(await ensureAdminToken(folder, clock)), { ...second, isNew: false });
  // A kill between the file and the store, or a store from a backup: the file is let in.
  const foreign = newSecret('user');
  writeFileSync(join(folder, 'admin-token'), foreign);
  assert.deepEqual(must(await ensureAdminToken(folder, clock)).token, foreign);
  assert.equal(access.tokens.check(second.token).ok, false);
  assert.equal(access.tokens.check(foreign).ok, true);
  // A machine that has another name now.
  const renamed = must(await ensureAgentToken(folder, 'host-2', clock));
  assert.deepEqual(must(access.tokens.check(renamed.token)), { kind: 'agent', name: 'host-2' });
  assert.equal(access.tokens.check(agent.token).ok, false);
  assert.deepEqual(must(await ensureAgentToken(folder, 'host-2', clock)), { ...renamed, isNew: false });
  // What a person revoked stays so.
  access.store.lockOut('user', 'admin', BY);
  must(await ensureAdminToken(folder, clock));
  assert.equal(access.tokens.check(foreign).ok, false);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a file that has no such token is told and left as it is', async (t) => {
  const [folder, clock] = [tempFolder(t), createFakeClock()];
  const path = join(folder, 'agent-token');
  const token = must(await ensureAgentToken(folder, 'host-1', clock)).token;
  for (const wrong of ['', 'nonsense', newSecret('user')]) {
    writeFileSync(path, wrong);
    const found = await ensureAgentToken(folder, 'host-1', clock);
    assert.deepEqual(found, {
      ok: false,
      error: `cannot use ${path}: there is no token of an agent in it; without the file, a new one is made`,
    });
    assert.equal(readFileSync(path, 'utf8'), wrong);
  }
  writeFileSync(path, token);
  assert.equal(must(await ensureAgentToken(folder, 'host-1', clock)).isNew, false);
  const store = await ensureAgentToken(join(path, 'below'), 'host-1', clock);
  assert.ok(!store.ok && store.error.startsWith('cannot open who may come in: '), JSON.stringify(store));
});
