import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../core/clock.ts';
import { ask, createSender, openTail } from '../../../test/rig/hub-asking.ts';
import { startHub, type TestHub } from '../../../test/rig/hub-server.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import type { Principal } from '../server/principal.ts';
import type { Action, Session } from '../server/session.ts';
import { queryActions } from './actions.ts';
import { registerQueries } from './routes.ts';

/** In all that belongs to the other agent, and in nothing else. */
const MARK = 'zq9x';

async function startShared(
  t: Parameters<typeof startHub>[0],
): Promise<{ hub: TestHub; send: ReturnType<typeof createSender> }> {
  const hub = await startHub(t, { routes: [registerQueries] });
  const send = createSender(hub);
  for (let turn = 0; turn < 4; turn++) {
    // Stored together, so that they are in one block.
    const own = send('own', [
      { message: 'mine', level: 1 + turn * 6 },
      { service: 'web', fields: '{"a":{"b":1}}' },
    ]);
    await Promise.all([own, send('other', [otherRow(turn), otherRow(turn + 1)])]);
  }
  return { hub, send };
}

function otherRow(turn: number) {
  return {
    message: `tick ${MARK}`,
    level: 1 + turn * 4,
    service: `web-${MARK}`,
    host: `box-${MARK}`,
    life: `life-${MARK}`,
    sender: `stdout-${MARK}`,
    fields: `{"a":{"b":1},"secret":"${MARK}"}`,
  };
}

const NAMES = [
  'own',
  'other',
  'Other',
  '*',
  '',
  '__proto__',
  'own,other',
  'other/1',
  'a'.repeat(600),
  '%',
  "' OR 1=1 --",
];
const someName = fc.constantFrom(...NAMES);
const someNames = fc.oneof(someName, fc.array(someName, { maxLength: 3 }));
const someNumber = fc.oneof(fc.integer({ min: -3, max: 30 }), fc.constantFrom(1e18, 0.5, '7', 'x'));
/** Of each parameter what is asked in good faith, and what is not. */
const PARAMS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  agent: someNames,
  agents: fc.oneof(someNames, fc.constant({ length: 1, 0: 'other' }), fc.constant([['other']])),
  service: someNames,
  host: someNames,
  sender: fc.constantFrom('stdout', 'stderr'),
  kind: fc.constantFrom('log', 'flip', 'x'),
  level: fc.constantFrom(1, 'trace', 'fatal', 'warm', 99),
  text: fc.constantFrom('', 'tick', 'mine'),
  words: fc.constantFrom('tick', ''),
  matches: fc.constantFrom('.*', '(', 'tick|mine'),
  field: fc.constantFrom('a.b=1', 'secret=', '__proto__.x=1', ['a.b=1', 'secret=x']),
  since: fc.constantFrom('1h', 'x', 0),
  window: fc.constantFrom('1h', 60),
  limit: fc.oneof(someNumber, fc.constant(10_000)),
  cursor: fc.oneof(fc.constantFrom('zzzzzzzzzz.zzzzzzzzzz', '-1.1', '..'), fc.string({ maxLength: 5 })),
  position: fc.oneof(fc.integer({ min: 0, max: 20 }), someNumber),
  last: fc.oneof(fc.integer({ min: 0, max: 20 }), someNumber),
  before: someNumber,
  after: someNumber,
  of: fc.constantFrom('agent', 'service'),
  step: fc.constantFrom('1s', '1m', '1h'),
  format: fc.constantFrom('csv', 'ndjson'),
  principal: fc.constant('other'),
};

/** Few of them, so that many questions are answered. */
const someParams: fc.Arbitrary<Record<string, unknown>> = fc
  .uniqueArray(fc.constantFrom('agent', ...Object.keys(PARAMS)), { maxLength: 3 })
  .chain((keys) =>
    fc.record(Object.fromEntries(keys.map((key) => [key, PARAMS[key] as fc.Arbitrary<unknown>]))),
  );

function addressOf(params: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params))
    for (const each of [value].flat(3)) query.append(key, String(each));
  return query.toString();
}

test('whatever is asked by HTTP, in whatever order, nobody sees records of an agent that he may not see', async (t) => {
  leakCheck(t);
  const { hub, send } = await startShared(t);
  const tokens = [
    hub.userToken('ann', 'admin', ['own']),
    hub.agentToken('own'),
    hub.userToken('none', 'view', []),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('records', 'context', 'counts', 'values', 'export'),
      someParams,
      fc.constantFrom(...tokens),
      async (path, params, token) => {
        const answer = await ask(hub, `/api/${path}?${addressOf(params)}`, token);
        assert.ok([200, 400, 404].includes(answer.status), answer.text);
        assert.ok(!answer.text.includes(MARK), answer.text);
      },
    ),
    { numRuns: 150 },
  );
  for (let position = 1; position <= hub.store.position(); position++) {
    const [seen, hidden] = [
      await ask(hub, `/api/context?position=${position}&of=agent`, tokens[0]),
      await ask(hub, `/api/context?position=${position}`, tokens[2]),
    ];
    assert.ok(!seen.text.includes(MARK) && hidden.status === 404);
  }
  const all = await ask(hub, '/api/records', hub.userToken('root', 'admin'));
  assert.ok(all.text.includes(MARK), 'who may see all does');
  const tail = await openTail(hub, 'position=0&agent=own&agent=other', tokens[0] ?? '');
  await send('other', [otherRow(1)]);
  await send('own', [{ message: 'last' }]);
  await until(() => tail.rows().some(({ message }) => message === 'last'), { what: 'the last row' });
  assert.ok(!JSON.stringify(tail.lines).includes(MARK));
  tail.close();
});

test('whatever is asked by a connection, nobody sees records of an agent that he may not see', async (t) => {
  leakCheck(t);
  const { hub, send } = await startShared(t);
  const actions = new Map(queryActions(hub.doors).map((action) => [action.name, action]));
  const over = new AbortController();
  const pushed: unknown[] = [];
  const sessionOf = (principal: Principal): Session => ({
    principal,
    version: 2,
    signal: over.signal,
    push: (frame) => pushed.push(frame) > 0,
    room: async () => void (await systemClock.sleep(1)),
  });
  const sessions = [
    sessionOf({ kind: 'agent', name: 'own' }),
    sessionOf({ kind: 'user', name: 'ann', role: 'admin', agents: ['own'] }),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('query', 'context', 'counts', 'values', 'tail', 'untail'),
      someParams,
      fc.constantFrom(...sessions),
      async (name, params, session) => {
        const answer = await (actions.get(name) as Action).run({ action: name, id: 1, ...params }, session);
        assert.ok(!JSON.stringify(answer).includes(MARK), JSON.stringify(answer));
      },
    ),
    { numRuns: 150 },
  );
  const tail = await (actions.get('tail') as Action).run(
    { position: 0, tail: 'last' },
    sessions[1] as Session,
  );
  assert.ok(tail.ok || tail.error.message.includes('20 tails'), JSON.stringify(tail));
  await send('other', [otherRow(1)]);
  await send('own', [{ message: 'last' }]);
  await until(() => JSON.stringify(pushed).includes('"last"'), { what: 'the last row to be pushed' });
  assert.ok(!JSON.stringify(pushed).includes(MARK));
  over.abort();
  await within(hub.close(), { what: 'the hub to close' });
});
