import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { createFakeClock } from '../../../../test/rig/fake-clock.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { createOldLogin } from '../../../../test/rig/old-login.ts';
import { within } from '../../../../test/rig/wait.ts';
import { startWatchdogHub } from '../../../../test/rig/watchdog-hub.ts';

const CODE = '1000000000000001';
const OTHER = '1000000000000002';

/** What no answer may have in it: paths, stacks, SQL. */
const INNARDS = /\.ts\b|\/src\/|node_modules|at \w+ \(|SELECT |sqlite|Error:/i;

test('who is let in, and what is answered to what is wrong', async (t) => {
  leakCheck(t);
  const login = createOldLogin();
  const hub = await startWatchdogHub(t, {
    oldTokens: { publicKey: login.publicKey },
    actions: () => [
      {
        name: 'break',
        schema: v.object({}),
        run: () => Promise.reject(new Error('SELECT secret FROM /work/main/src')),
      },
    ],
  });

  await t.test('AC-11: the table of what a first frame brings', async () => {
    const good = login.watchdog(CODE);
    const old = login.watchdog(CODE, { time: Math.floor(Date.now() / 1000) - 37 * 3600 });
    const revoked = hub.agentToken('w11');
    hub.revoke(revoked);
    const table: readonly (readonly [unknown, Record<string, unknown> | RegExp, number])[] = [
      [{ action: 'auth', token: old }, { success: false, action: 'auth', comment: 'Expired' }, 4401],
      [{ action: 'auth', token: 7 }, { success: false, action: 'auth', comment: 'Invalid token' }, 4401],
      [{ action: 'auth', token: {} }, { success: false, action: 'auth', comment: 'Invalid token' }, 4401],
      [{ action: 'auth', token: [good] }, { success: false, action: 'auth', comment: 'Invalid token' }, 4401],
      [
        { action: 'auth', token: { ...good, signature: '%%' } },
        { success: false, action: 'auth', comment: 'Invalid token' },
        4401,
      ],
      [
        { action: 'auth', token: { ...good, code: OTHER } },
        { success: false, action: 'auth', comment: 'Invalid signature' },
        4401,
      ],
      [{ action: 'auth', token: 'nobody' }, /^cannot let you in: the token is not known$/, 4401],
      [{ action: 'auth', token: revoked }, /^cannot let you in: the token was revoked$/, 4401],
      [
        { action: 'auth', token: login.user('a@b.example', []) },
        /^cannot let you in: no watchdog belongs to you$/,
        4401,
      ],
      [
        { action: 'auth', token: login.user('a@b.example', [CODE]), wdcode: OTHER },
        /is none of yours$/,
        4401,
      ],
      [{ action: 'ping' }, /^cannot let you in: action is not "auth"$/, 4400],
      [{ action: 'auth' }, /^cannot let you in: there is no token in the frame$/, 4400],
      [{ action: 'auth', token: good, v: 3 }, /^cannot let you in: v is neither 1 nor 2$/, 4400],
      [{ action: 'auth', token: good, v: 2, series: '../x' }, /series is not made of/, 4400],
      ['{', /^cannot let you in: it is no JSON$/, 4400],
      ['[1]', /^cannot let you in: it is no JSON object$/, 4400],
      [`"${'x'.repeat(70_000)}"`, /^cannot let you in: it is too long$/, 4400],
      [Buffer.from('\0\0\0\0\0\0\0\0[]'), /^cannot let you in: the first frame is binary$/, 4400],
    ];
    for (const [frame, expected, code] of table) {
      const client = await hub.open();
      const answer = await client.ask(frame);
      if (expected instanceof RegExp) assert.match(String(answer['comment']), expected);
      else assert.deepEqual(answer, expected);
      assert.equal(answer['success'], false);
      assert.equal(await within(client.closed, { what: 'the connection to close' }), code);
      assert.doesNotMatch(JSON.stringify(answer), INNARDS);
    }
    const two = await hub.open();
    assert.deepEqual(await two.ask({ action: 'auth', token: revoked, v: 2 }), {
      action: 'auth',
      success: false,
      error: { code: 'denied', message: 'cannot let you in: the token was revoked' },
    });
    const client = await hub.open();
    assert.deepEqual(await client.ask({ action: 'auth', token: good }), {
      success: true,
      action: 'auth',
      timeout: 30,
    });
    assert.deepEqual(await client.ask({ action: 'auth', token: good }), {
      success: false,
      action: 'auth',
      comment: 'Unknown Action',
    });
  });

  await t.test(
    'AC-12: an unknown action keeps the connection; what is no request is answered, and closes in version 1',
    async () => {
      const token = hub.agentToken('w12');
      const client = await hub.join(token);
      const unknown = { success: false, action: 'nope', comment: 'Unknown Action' };
      assert.deepEqual(await client.ask({ action: 'nope' }), unknown);
      assert.deepEqual(await client.ask({ action: 'toString' }), { ...unknown, action: 'toString' });
      for (const frame of ['{', '[]', 'null', '7', '{"action":7}', '{}', Buffer.from('abc')]) {
        const one = await hub.join(token);
        const answer = await one.ask(frame);
        assert.equal(answer['success'], false);
        assert.match(String(answer['comment']), /^cannot (use the frame: it (is|has) no|take a batch)/);
        assert.equal(await within(one.closed, { what: 'the connection to close' }), 4400);
        const two = await hub.join(token, { v: 2 });
        const { success, error } = (await two.ask(frame)) as { success: boolean; error: { code: string } };
        assert.deepEqual([success, error.code], [false, 'invalid']);
        assert.deepEqual(await two.ask({ action: 'ping', id: 1 }), { action: 'ping', id: 1, success: true });
      }
      const two = await hub.join(token, { v: 2 });
      assert.deepEqual(await two.ask({ action: 'getLog', id: 'a' }), {
        action: 'getLog',
        id: 'a',
        success: false,
        error: {
          code: 'unknown',
          message: 'cannot do "getLog": there is no such action; did you mean "getLogs"?',
        },
      });
      assert.match(
        JSON.stringify(await two.ask({ action: 'ping', id: 1, extra: 1 })),
        /extra is no key of it/,
      );
    },
  );

  await t.test('AC-13: an error of the hub itself shows nothing of it', async () => {
    const token = hub.agentToken('w13');
    const one = await hub.join(token);
    const answer = await one.ask({ action: 'break' });
    assert.match(
      String(answer['comment']),
      /^cannot answer now: an error of the hub's own, see "[0-9a-f]{8}" in its log$/,
    );
    assert.equal(await within(one.closed, { what: 'the connection to close' }), 1011);
    const two = await hub.join(token, { v: 2 });
    const { error } = (await two.ask({ action: 'break', id: 3 })) as {
      error: { code: string; message: string };
    };
    assert.equal(error.code, 'failed');
    assert.doesNotMatch(error.message, INNARDS);
    const id = /"([0-9a-f]{8})"/.exec(error.message)?.[1] ?? '?';
    assert.ok(hub.lines.some((line) => line.includes(id) && line.includes('SELECT secret')));
    assert.deepEqual(await two.ask({ action: 'ping' }), { action: 'ping', success: true });
  });

  await t.test('AC-14: a timewindow that is none is refused, and shows nothing of anybody', async () => {
    const victim = await hub.join(hub.agentToken('w14-victim'));
    const entry = { level: 0, time: Date.now() / 1000, sender: 's', message: 'secret' };
    await victim.ask({ action: 'uploadLogs', logs: [entry] });
    await victim.ask({ action: 'uploadNotifications', notifications: [entry] });
    const client = await hub.join(hub.agentToken('w14'));
    const windows = [
      '::"char"::int::text::interval OR true --',
      '60',
      null,
      {},
      [],
      true,
      -1,
      1e300,
      10_000_000_001,
    ];
    for (const action of ['getLogs', 'getNotifications']) {
      for (const timewindow of [...windows, undefined]) {
        const answer = await client.ask({ action, timewindow });
        assert.equal(answer['success'], false);
        assert.match(String(answer['comment']), new RegExp(`^cannot use ${action}: timewindow (is|has) `));
        assert.doesNotMatch(JSON.stringify(answer), /secret/);
      }
      for (const more of [{ sender: {} }, { sender: 7 }, { level: '0' }, { level: 1.5 }, { level: 3e9 }])
        assert.equal((await client.ask({ action, timewindow: 60, ...more }))['success'], false);
      for (const timewindow of [0.5, 0, 60, 1e9, 1e10]) {
        const { success, logs, notifications } = await client.ask({ action, timewindow });
        assert.deepEqual([success, logs ?? notifications], [true, []]);
      }
      const named = await client.ask({ action, timewindow: 60, wdcode: 'w14-victim' });
      assert.equal(named['comment'], 'cannot show "w14-victim": it is none of yours');
    }
  });

  await t.test(
    'AC-15: tokens that are put together anew, of the wrong type, or too old are refused',
    async () => {
      const client = await hub.join(login.watchdog(CODE));
      assert.deepEqual(await client.ask({ action: 'ping' }), { success: true, action: 'ping' });
      const good = login.watchdog(CODE);
      const time = String(good.time);
      const id = String(good.id);
      const evil = login.user(`${CODE}@evil.com`, []);
      const mail = login.user('user@evil.com', [CODE]);
      const resplit: readonly unknown[] = [
        { ...good, id: Number(id.slice(0, -1)), time: Number(id.slice(-1) + time) },
        { ...good, id: Number(id + time.slice(0, 1)), time: Number(time.slice(1)) },
        { ...good, code: CODE + id.slice(0, 1), id: Number(id.slice(1)) },
        { ...good, code: CODE.slice(0, -1), id: Number(CODE.slice(-1) + id) },
        { ...good, id },
        { ...good, time },
        { ...good, id: -1 },
        { ...good, id: 1.5 },
        { ...good, perm: '-1' },
        { ...good, belongs: [] },
        { ...good, belongs: 'None' },
        { ...good, belongs: undefined },
        { ...evil, code: CODE, id: `@evil.com${evil.id}`, belongs: null },
        { ...evil, code: CODE, id: `@evil.com${evil.id}` },
        { ...mail, code: 'user@evil.com4', id: 24_242 },
        { ...mail, code: 'user@@evil.com' },
        { ...mail, belongs: [`${CODE}', '${OTHER}`] },
        { ...mail, belongs: null },
        { ...mail, belongs: [[CODE]] },
        { ...mail, belongs: [OTHER] },
        { ...mail, perm: 1 },
        login.watchdog(CODE, { time: Math.floor(Date.now() / 1000) + 3600 }),
        login.watchdog(CODE, { time: Math.floor(Date.now() / 1000) - 36 * 3600 - 5 }),
        createOldLogin().watchdog(CODE),
        login.watchdog('short'),
        login.watchdog('../../etc/passwd'),
      ];
      for (const token of resplit) {
        const stranger = await hub.open();
        const answer = await stranger.ask({ action: 'auth', token });
        assert.equal(answer['success'], false, JSON.stringify(token));
        assert.match(String(answer['comment']), /^(Expired|Invalid token|Invalid signature)$/);
        assert.equal(await within(stranger.closed, { what: 'the connection to close' }), 4401);
      }
    },
  );
});

test('AC-15: a token that is revoked, or has expired, ends its open connections', async (t) => {
  leakCheck(t);
  const login = createOldLogin();
  const clock = createFakeClock(Date.now());
  const hub = await startWatchdogHub(t, { clock, oldTokens: { publicKey: login.publicKey } });
  const token = hub.agentToken('w15');
  const client = await hub.join(token, { v: 2 });
  const old = await hub.join(login.user('user@evil.com', [CODE, OTHER]));
  await clock.advance(2000);
  assert.equal(hub.sockets.count(), 2);
  hub.revoke(token);
  await clock.advance(1000);
  assert.equal(await within(client.closed, { what: 'the revoked one to be closed' }), 4401);
  assert.deepEqual(await old.ask({ action: 'ping' }), { success: true, action: 'ping' });
  clock.jumpWall(36 * 3600 * 1000);
  await clock.advance(1000);
  assert.equal(await within(old.closed, { what: 'the expired one to be closed' }), 4401);
});
