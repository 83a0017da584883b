import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { startHub } from '../../../test/rig/hub-server.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { statusPage } from '../../wire/page/board.ts';
import type { Condition } from '../../wire/page/report.ts';
import type { StatusPagePlan } from './config.ts';
import { registerStatusPage } from './register.ts';

const PLAN: StatusPagePlan = {
  title: 'Our services',
  services: [
    { label: 'Sky stream', agent: 'alpha', name: 'firehose' },
    { label: 'Beam', agent: 'beta', name: 'beam' },
  ],
};

async function start(t: TestContext, plan: StatusPagePlan | undefined) {
  leakCheck(t);
  const clock = createFakeClock();
  const states = new Map<string, Condition>([['alpha/firehose', 'ok']]);
  const asked: string[] = [];
  const { url } = await startHub(t, {
    clock,
    routes: [
      (app, doors) =>
        registerStatusPage(app, doors, plan, {
          present(agent, name) {
            asked.push(`${agent}/${name}`);
            const condition = states.get(`${agent}/${name}`);
            const more = { trouble: 'the disk of alpha-3 is full', about: '/usr/bin/secret', pid: 17 };
            return condition && { condition, since: 1000, ...more };
          },
          bar: () => ({ bar: 'o'.repeat(90), up: 0.5 }),
        }),
    ],
  });
  return {
    clock,
    states,
    asked,
    ask: () => fetch(`${url}/api/status-page`, { headers: { connection: 'close' } }),
  };
}

test('everybody sees what was chosen, under the names that were given, and nothing else', async (t) => {
  const hub = await start(t, PLAN);
  const answer = await hub.ask();
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=3');
  const page = await answer.json();
  const shown = { bar: 'o'.repeat(90), up: 0.5 };
  assert.deepEqual(page, {
    title: 'Our services',
    time: hub.clock.now(),
    condition: 'unknown',
    services: [
      { label: 'Sky stream', condition: 'ok', since: 1000, ...shown },
      { label: 'Beam', condition: 'unknown', since: null, ...shown },
    ],
  });
  assert.ok(v.safeParse(statusPage, page).success);
  hub.states.set('beta/beam', 'bad');
  assert.deepEqual(
    [await (await hub.ask()).json(), hub.asked.length],
    [page, 2],
    'it is made once in a while',
  );
  await hub.clock.advance(3000);
  assert.equal(((await (await hub.ask()).json()) as { condition: string }).condition, 'bad');
});

test('one address cannot ask without end; without a status page in the config there is none', async (t) => {
  const hub = await start(t, PLAN);
  const statuses = await Promise.all(Array.from({ length: 130 }, async () => (await hub.ask()).status));
  assert.deepEqual([statuses.filter((each) => each === 200).length, statuses.at(-1)], [120, 429]);
  assert.equal((await hub.ask()).headers.get('retry-after'), '1');
  assert.equal(hub.asked.length, 2);
  await hub.clock.advance(500);
  assert.equal((await hub.ask()).status, 200);
  const none = await start(t, undefined);
  const answer = await none.ask();
  assert.deepEqual(
    [answer.status, await answer.json()],
    [
      404,
      { error: { code: 'unknown', message: 'cannot show a status page: the config of the hub has none' } },
    ],
  );
});
