import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { until, within } from '../../../../test/rig/wait.ts';
import { startWatchdogHub, type TestClient } from '../../../../test/rig/watchdog-hub.ts';

const now = (): number => Date.now() / 1000;

function entry(message: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { level: 30, time: now(), sender: 'Bridge', message, ...more };
}

const LISTS = [
  ['uploadLogs', 'logs'],
  ['uploadNotifications', 'notifications'],
] as const;

test('uploads and pushes', async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t);
  const watchdog = (name: string, more = {}): Promise<TestClient> => hub.join(hub.agentToken(name), more);
  const user = (names: readonly string[], more = {}): Promise<TestClient> =>
    hub.join(hub.userToken('mail@uni.example', 'view', names), more);
  const messages = async (client: TestClient, action = 'getLogs', more = {}): Promise<unknown[]> => {
    const answer = await client.ask({ action, timewindow: 3600, ...more });
    const rows = answer['logs'] ?? answer['notifications'];
    return (rows as unknown[][]).map(([, message]) => message);
  };

  await t.test('AC-16: of a batch with one bad entry nothing is stored, and the entry is named', async () => {
    const one = await watchdog('w16');
    const two = await watchdog('w16', { v: 2 });
    const bad: readonly (readonly [unknown, string])[] = [
      [entry('x', { level: null }), '3: level is no whole number of 32 bits'],
      [entry('x', { level: 2_147_483_648 }), '3: level is no whole number of 32 bits'],
      [entry('x', { time: null }), '3: time is no number of seconds since 1970'],
      [entry('x', { time: 1e300 }), '3: time is no number of seconds since 1970'],
      [entry('x', { sender: undefined }), '3: sender is no text'],
      [entry('x', { message: {} }), '3: message is no text'],
      [entry('x'.repeat(65_537)), '3: message has 65537 characters, 65536 at most'],
      [entry('half of it \ud83d'), '3: message is no whole Unicode text'],
      [null, '3: it is no object'],
      [[], '3: it is no object'],
    ];
    for (const [third, expected] of bad) {
      for (const [action, list] of LISTS) {
        const answer = await one.ask({ action, [list]: [entry('1'), entry('2'), third, entry('4')] });
        assert.equal(answer['success'], false);
        assert.equal(answer['comment'], `cannot use ${action}: ${list} ${expected}`);
      }
    }
    const row = { level: 9, message: 'x', time: Date.now() * 1000 };
    const badRows = [
      { ...row, level: 0 },
      { ...row, time: 1.5 },
      { ...row, fields: [] },
      { ...row, agent: 'b' },
      {},
    ];
    for (const [action, list] of LISTS) {
      for (const third of badRows) {
        const answer = await two.ask({ action, id: 1, [list]: [row, row, third] });
        assert.match(
          JSON.stringify(answer['error']),
          new RegExp(`"invalid".*cannot use ${action}: ${list} 3: `),
        );
      }
      assert.match(JSON.stringify(await two.ask({ action, [list]: 'x' })), /is no list/);
      const odd = await one.ask({ action, [list]: {} });
      assert.equal(odd['comment'], 'Please submit logs as list of length >= 1');
      const empty = await one.ask({ action, [list]: [] });
      assert.match(String(empty['comment']), /^Inserted 0 (log|notification)\(s\) into db\.$/);
      const own = await user(['w16']);
      const refused = await own.ask({ action, [list]: [entry('x')] });
      assert.equal(refused['comment'], `Only wds can upload ${list}.`);
    }
    assert.deepEqual(await messages(one), []);
    assert.deepEqual(await messages(one, 'getNotifications'), []);
    assert.equal(hub.store.position(), 0);
  });

  await t.test('AC-17: texts of every kind come through as they are', async () => {
    const client = await watchdog('w17');
    const reader = await user(['w17']);
    const texts = [
      '{',
      '}',
      'unbalanced { brace',
      '"',
      '\\',
      '\n\r\t',
      '👩‍🚀 ä ‮',
      'a\0b',
      "'; DROP TABLE logs;",
      'x'.repeat(65_536),
    ];
    for (const text of texts) {
      const notifications = [entry(text, { sender: text.slice(0, 500) })];
      const answer = client.ask({ action: 'uploadNotifications', notifications });
      assert.deepEqual((await reader.next())['notifications'], notifications);
      assert.equal((await answer)['success'], true);
    }
    const stored = await messages(reader, 'getNotifications');
    assert.deepEqual(new Set(stored), new Set(texts));
  });

  await t.test(
    'AC-21: who uploads at once gets what the others upload exactly once, and nothing of its own',
    async () => {
      const [a, b] = await Promise.all([watchdog('w21'), watchdog('w21')]);
      const c = await watchdog('w21', { v: 2 });
      const rounds = Array.from({ length: 20 }, (_, index) => index);
      for (const index of rounds) {
        a.send({ action: 'uploadNotifications', notifications: [entry(`a${index}`)] });
        b.send({ action: 'uploadNotifications', notifications: [entry(`b${index}`)] });
        c.send({ action: 'uploadNotifications', id: index, notifications: [{ message: `c${index}` }] });
      }
      await until(() => [a, b, c].every(({ frames }) => frames.length === 60), { what: '60 frames each' });
      for (const [own, client] of [
        ['a', a],
        ['b', b],
      ] as const) {
        const others = ['a', 'b', 'c'].filter((name) => name !== own);
        const answers = client.frames.filter((frame) => 'comment' in frame);
        const pushes = client.frames.filter((frame) => !('comment' in frame));
        assert.deepEqual([answers.length, pushes.length], [20, 40]);
        const pushed = pushes.map(
          ({ notifications }) => (notifications as { message: string }[])[0]?.message,
        );
        assert.deepEqual(
          new Set(pushed),
          new Set(others.flatMap((name) => rounds.map((index) => name + index))),
        );
      }
      const events = c.frames.filter(({ event }) => event === 'notification');
      const rows = events.map((frame) => (frame['rows'] as { message: string; id: string }[])[0]);
      assert.equal(new Set(rows.map((row) => row?.id)).size, 40);
      assert.deepEqual(
        new Set(rows.map((row) => row?.message)),
        new Set(['a', 'b'].flatMap((name) => rounds.map((index) => name + index))),
      );
    },
  );

  await t.test(
    'AC-22: who never reads delays nobody; what it missed it is told, or it is closed',
    async () => {
      const client = await watchdog('w22');
      const reader = await user(['w22']);
      const [lazyOne, lazyTwo] = await Promise.all([user(['w22']), user(['w22'], { v: 2 })]);
      lazyOne.ws.pause();
      lazyTwo.ws.pause();
      const message = 'x'.repeat(60_000);
      for (let index = 0; index < 25; index++) {
        const notifications = Array.from({ length: 10 }, () => entry(message));
        const answer = await client.ask({ action: 'uploadNotifications', notifications });
        assert.equal(answer['success'], true);
        await reader.next();
      }
      lazyOne.ws.resume();
      lazyTwo.ws.resume();
      assert.equal(await within(lazyOne.closed, { what: 'the one to be closed' }), 4413);
      const told = await until(() => lazyTwo.frames.find(({ event }) => event === 'missed'), {
        what: 'what was missed',
      });
      const came = lazyTwo.frames.filter(({ event }) => event === 'notification').length;
      assert.equal(came + (told['count'] as number), 25);
      const { value = 0 } = hub.doors.counters.read().find(({ what }) => what === 'skipped') ?? {};
      assert.ok(value >= 1);
    },
  );

  await t.test(
    'a push has nothing of the frame that it came by but the four values of each entry',
    async () => {
      const client = await watchdog('w-own');
      const [one, two] = await Promise.all([user(['w-own']), user(['w-own'], { v: 2 })]);
      const given = entry('n', { level: 7, admin: true, action: 'updateStatus' });
      const extra = { success: false, foo: 'bar', event: 'config' };
      client.send({ action: 'uploadNotifications', notifications: [given], ...extra });
      const { level, time, sender, message } = given;
      const notifications = [{ level, time, sender, message }];
      assert.deepEqual(await one.next(), { action: 'uploadNotifications', notifications, success: true });
      const { event, agent, rows, ...more } = await two.next();
      assert.deepEqual([event, agent, more], ['notification', 'w-own', {}]);
      const { id, received, ...row } = (rows as Record<string, unknown>[])[0] ?? {};
      assert.ok(typeof id === 'string' && typeof received === 'number');
      assert.deepEqual(row, {
        agent: 'w-own',
        time: Math.round((time as number) * 1e6),
        host: 'w-own',
        service: 'watchdog',
        life: '',
        kind: 'notification',
        level: 13,
        sender,
        message,
        fields: { watchdog_level: 7 },
      });
    },
  );

  await t.test('AC-24: a user of two watchdogs can speak of both, and of no other', async () => {
    const [first, second] = await Promise.all([watchdog('w24-a'), watchdog('w24-b'), watchdog('w24-c')]);
    await first.ask({ action: 'uploadLogs', logs: [entry('of a')] });
    await second.ask({ action: 'uploadLogs', logs: [entry('of b')] });
    const names = ['w24-a', 'w24-b'];
    const plain = await user(names);
    assert.deepEqual(await messages(plain), ['of a']);
    assert.deepEqual(await messages(plain, 'getLogs', { wdcode: 'w24-b' }), ['of b']);
    const other = await user(names, { wdcode: 'w24-b' });
    assert.deepEqual(await messages(other), ['of b']);
    const denied = await other.ask({ action: 'getLogs', timewindow: 60, wdcode: 'w24-c' });
    assert.equal(denied['comment'], 'cannot show "w24-c": it is none of yours');
    await second.ask({ action: 'uploadNotifications', notifications: [entry('n')] });
    assert.equal((await other.next())['action'], 'uploadNotifications');
    assert.deepEqual(plain.frames, []);
    const two = await user(names, { v: 2 });
    assert.match(JSON.stringify(await two.ask({ action: 'getLogs' })), /name it as \\"agent\\"/);
    await first.ask({ action: 'uploadNotifications', notifications: [entry('n')] });
    assert.equal((await two.next())['agent'], 'w24-a');
  });

  await t.test('AC-25: an upload is pushed and answered far below the 200 ms that it took', async () => {
    const client = await watchdog('w25');
    const reader = await user(['w25']);
    let best = Infinity;
    // Of several rounds, since the machine may be busy with something else.
    for (let round = 0; round < 5 && best > 50; round++) {
      const took: number[] = [];
      for (let index = 0; index < 40; index++) {
        const begun = performance.now();
        client.send({ action: 'uploadNotifications', notifications: [entry(`${index}`)] });
        await Promise.all([client.next(), reader.next()]);
        took.push(performance.now() - begun);
      }
      took.sort((a, b) => a - b);
      best = Math.min(best, took[38] ?? Infinity);
      t.diagnostic(`push and answer: p50 ${took[20]?.toFixed(1)} ms, p95 ${took[38]?.toFixed(1)} ms`);
    }
    // The old service could not do it under 200 ms. How fast it is on a quiet machine is measured in test/bench/hub.
    assert.ok(best < 200, `${best} ms`);
  });
});
