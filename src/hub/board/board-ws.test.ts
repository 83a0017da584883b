import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import * as v from 'valibot';
import {
  HOST,
  reportedJob,
  reportedService,
  testSession,
  user,
  agent,
  startBoard,
  wholeOf,
} from '../../../test/rig/boards.ts';
import { ask } from '../../../test/rig/hub-asking.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { startWatchdogHub, type TestClient, type WatchdogHub } from '../../../test/rig/watchdog-hub.ts';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { silentLog } from '../../core/log.ts';
import { systemClock } from '../../core/clock.ts';
import { bars, barSlots, board as boardSchema, boardChange, series, sparks } from '../../wire/page/board.ts';
import { openBoard } from './board.ts';

/** A hub with its board, on a real socket. */
async function startBoardHub(t: TestContext): Promise<WatchdogHub> {
  const opened = openBoard({ folder: tempFolder(t), version: '1.2.3', clock: systemClock, log: silentLog });
  assert.ok(opened.ok);
  const board = opened.value;
  onEnd(t, () => board.close());
  return startWatchdogHub(t, {
    actions: () => board.actions,
    routes: [(app, doors) => board.register(app, doors)],
  });
}

/** The next change that has something to say of services. */
async function nextServices(client: TestClient): Promise<string[]> {
  for (;;) {
    const change = v.parse(boardChange, await client.next());
    const shown = change.services.map(({ name, condition }) => `${name} ${condition}`);
    const gone = change.gone.services.map(({ name }) => `${name} gone`);
    if (shown.length + gone.length > 0) return [...shown, ...gone];
  }
}

test('a page sees the board, and each change of it, by one connection', async (t) => {
  leakCheck(t);
  const hub = await startBoardHub(t);
  const daemon = await hub.join(hub.agentToken('alpha'), { v: 2 });
  const page = await hub.join(hub.userToken('ada', 'view'), { v: 2 });
  const report = (frame: object) => daemon.ask({ action: 'report', id: 1, ...frame });
  assert.deepEqual(await report({ whole: true, host: HOST, services: [reportedService('web')] }), {
    action: 'report',
    id: 1,
    success: true,
  });
  const answer = await page.ask({ action: 'board', id: 7 });
  assert.deepEqual([answer['action'], answer['id'], answer['success']], ['board', 7, true]);
  const shown = v.parse(boardSchema, answer);
  assert.deepEqual([shown.version, shown.services.length, shown.agents[0]?.connected], ['1.2.3', 1, true]);
  await report({
    whole: false,
    services: [reportedService('web', { condition: 'bad' }), reportedService('db')],
  });
  assert.deepEqual(await nextServices(page), ['web bad', 'db ok']);
  await report({ whole: false, gone: { services: ['db'], jobs: [] }, jobs: [reportedJob('clean')] });
  const last = v.parse(boardChange, await page.next());
  assert.deepEqual([last.gone.services, last.jobs[0]?.name], [[{ agent: 'alpha', name: 'db' }], 'clean']);
  // Told twice it is still told once.
  await page.ask({ action: 'board' });
  await report({ whole: false, services: [reportedService('web')] });
  assert.deepEqual(await nextServices(page), ['web ok']);
  await page.ask({ action: 'unboard' });
  await report({ whole: false, services: [reportedService('web', { condition: 'late' })] });
  assert.deepEqual(await page.ask({ action: 'ping' }), { action: 'ping', success: true });
  await page.ask({ action: 'board' });
  await daemon.close();
  const away = v.parse(boardChange, await page.next());
  assert.deepEqual([away.agents[0]?.connected, away.services.length], [false, 0]);
  assert.deepEqual(page.frames, []);
});

test('a frame that is no report is refused with what is wrong in it', async (t) => {
  leakCheck(t);
  const hub = await startBoardHub(t);
  const daemon = await hub.join(hub.agentToken('alpha'), { v: 2 });
  const errorOf = async (frame: object): Promise<string> => {
    const { error } = (await daemon.ask({ action: 'report', ...frame })) as { error: { message: string } };
    return error.message;
  };
  const web = reportedService('web');
  const table: readonly (readonly [object, RegExp])[] = [
    [{}, /cannot use report: whole is undefined, not/],
    [{ whole: true, more: 1 }, /cannot use report: more is no key of it/],
    [{ whole: true, services: [web, { ...web, condition: 'fine' }] }, /services 2: condition is "fine", not/],
    [{ whole: true, services: [{ ...web, since: 'now' }] }, /services 1: since is "now", not number/],
    [{ whole: true, services: [{ ...web, about: 'x'.repeat(4001) }] }, /services 1: about/],
    [{ whole: true, services: Array.from({ length: 10_001 }, () => ({})) }, /cannot use report: services/],
    [{ whole: false }, /the first of a connection has to be whole/],
  ];
  for (const [frame, expected] of table) assert.match(await errorOf(frame), expected);
  // JSON has numbers that are none here.
  daemon.send(
    `{"action":"report","whole":true,"services":[${JSON.stringify(web).replace('"pid":42', '"pid":1e999')}]}`,
  );
  assert.match(JSON.stringify(await daemon.next()), /services 1: pid/);
  assert.equal((await ask(hub, '/api/board', hub.userToken('ada', 'view'))).body['services']?.toString(), '');
});

test('by HTTP: every answer is as the page knows it, every mistake is named', async (t) => {
  leakCheck(t);
  const hub = await startBoardHub(t);
  const daemon = await hub.join(hub.agentToken('alpha'), { v: 2 });
  const odd = 'a name/with ✓ & all';
  await daemon.ask({
    action: 'report',
    whole: true,
    services: [reportedService('web'), reportedService(odd)],
  });
  const token = hub.userToken('ada', 'view');
  const get = async (path: string) => ask(hub, `/api/${path}`, token);
  const name = encodeURIComponent(odd);
  const now = systemClock.now();
  v.parse(boardSchema, (await get('board')).body);
  const shown = v.parse(bars, (await get('bars?range=90d')).body);
  assert.deepEqual(
    [shown.slots, shown.services.map((each) => [each.name, each.bar.length])],
    [
      90,
      [
        ['web', 90],
        [odd, 90],
      ],
    ],
  );
  const slots = v.parse(barSlots, (await get(`bar?agent=alpha&name=${name}&range=24h`)).body);
  assert.equal(slots.slots.length, 96);
  const small = v.parse(sparks, (await get(`sparks?of=alpha/web&of=alpha/${name}&of=alpha/none`)).body);
  assert.deepEqual(
    small.services.map((each) => each.name),
    ['web', odd],
  );
  const charts = v.parse(
    series,
    (await get(`series?agent=alpha&name=web&since=${now - 60_000.5}&until=${now}`)).body,
  );
  assert.ok(charts.times.length >= 1);
  const table: readonly (readonly [string, number, string])[] = [
    ['board?x=1', 400, 'cannot answer this: "x" is unknown here'],
    ['bars', 400, 'cannot answer this: range: it is missing'],
    ['bars?range=1h', 400, 'cannot answer this: range: "1h" is neither of 24h, 90d'],
    [
      'bars?rang=24h',
      400,
      'cannot answer this: "rang" is unknown here, did you mean "range"?; range: it is missing',
    ],
    [
      'bar?agent=alpha&name=&range=24h',
      400,
      'cannot answer this: name: "" is no name of 1 to 300 characters',
    ],
    [
      'bar?agent=alpha&agent=b&name=x&range=24h',
      400,
      'cannot answer this: agent: ["alpha","b"] is no name of 1 to 300 characters',
    ],
    ['bar?agent=alpha&name=none&range=24h', 404, 'cannot find a service "alpha/none"'],
    ['bar?agent=__proto__&name=toString&range=24h', 404, 'cannot find a service "__proto__/toString"'],
    ['sparks?of=web', 400, 'cannot answer this: of: "web" is no service: write AGENT/NAME'],
    [`sparks?${'of=a/b&'.repeat(101)}`, 400, 'cannot answer this: of: it has 101 values, 100 at most'],
    [
      'series?agent=alpha&name=web&since=5&until=2h',
      400,
      'cannot answer this: since: "5" is no time of our days in milliseconds since 1970; until: "2h" is no time of our days in milliseconds since 1970',
    ],
    [
      `series?agent=alpha&name=web&since=${now}&until=${now}`,
      400,
      'cannot answer this: since: it is not before until',
    ],
  ];
  for (const [path, status, message] of table) {
    const answer = await get(path);
    assert.deepEqual(
      [answer.status, (answer.body['error'] as { message: string }).message],
      [status, message],
      path,
    );
  }
  for (const path of ['board', 'bars?range=24h', 'bar', 'sparks', 'series'])
    assert.equal((await ask(hub, `/api/${path}`, undefined)).status, 401);
});

test('a page that is too slow gets the whole board in the place of what it missed', async (t) => {
  leakCheck(t);
  const rig = startBoard(t, { clock: createFakeClock() });
  const daemon = testSession(agent('alpha'));
  const [page, other] = [testSession(user('ada')), testSession(user('bob'))];
  await rig.report(daemon, wholeOf([reportedService('web'), reportedService('db')]));
  for (const session of [page, other]) await rig.act('board', session);
  page.takes = false;
  for (const condition of ['bad', 'late', 'bad'] as const) {
    await rig.report(daemon, { services: [reportedService('web', { condition })] });
    await rig.clock.advance(300);
  }
  assert.deepEqual([page.pushed.length, other.pushed.length], [0, 3]);
  // Room, and none again before it could be used.
  page.ring();
  await rig.clock.advance(10);
  await rig.report(daemon, { gone: { services: ['db'], jobs: [] } });
  page.takes = true;
  page.ring();
  await rig.clock.advance(1000);
  const [whole, ...more] = page.pushed.map((frame) => v.parse(boardChange, frame));
  assert.deepEqual(
    [whole?.whole, whole?.services.map(({ name, condition }) => `${name} ${condition}`)],
    [true, ['web bad']],
  );
  // What it has already may come once more: things come whole.
  assert.deepEqual(
    more.map(({ services, gone }) => [services, gone.services]),
    [[[], [{ agent: 'alpha', name: 'db' }]]],
  );
  await rig.report(daemon, { services: [reportedService('web')] });
  await rig.clock.advance(1000);
  assert.equal(page.pushed.length, 3);
  page.end();
  await rig.report(daemon, { services: [reportedService('web', { condition: 'bad' })] });
  await rig.clock.advance(1000);
  assert.equal(page.pushed.length, 3);
});

test('changes go out four times a second at most, the first of them at once', async (t) => {
  leakCheck(t);
  const rig = startBoard(t);
  const [daemon, page] = [testSession(agent('alpha')), testSession(user('ada'))];
  await rig.report(daemon, wholeOf([reportedService('web')]));
  await rig.act('board', page);
  await rig.clock.advance(5000);
  await rig.report(daemon, { services: [reportedService('web', { condition: 'bad' })] });
  await rig.clock.advance(20);
  assert.equal(page.pushed.length, 1);
  for (let index = 0; index < 100; index++) {
    await rig.report(daemon, { services: [reportedService('web', { pid: index })] });
    await rig.clock.advance(10);
  }
  assert.ok(page.pushed.length >= 4 && page.pushed.length <= 5, `${page.pushed.length} in a second`);
  await rig.clock.advance(250);
  const last = v.parse(boardChange, page.pushed.at(-1));
  assert.equal(last.services[0]?.pid, 99);
  const count = page.pushed.length;
  await rig.clock.advance(60_000);
  assert.equal(page.pushed.length, count, 'nothing changed, nothing is said');
});
