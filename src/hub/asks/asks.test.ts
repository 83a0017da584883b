import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { type BrowsedHub, cookieOf, startBrowsedHub } from '../../../test/rig/browsed-hub.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import type { TestClient } from '../../../test/rig/watchdog-hub.ts';
import type { Action, Session } from '../server/session.ts';
import { type Asks, type AsksOptions, createAsks } from './asks.ts';
import { registerAsks } from './register.ts';

interface AskHub extends BrowsedHub {
  /** A daemon that is connected and is asked what its agent is asked. */
  daemon(agent: string, token?: string): Promise<TestClient>;
  audit(): readonly string[];
}

async function startAsks(t: TestContext, limits: Partial<AsksOptions> = {}): Promise<AskHub> {
  leakCheck(t);
  const connected = new Map<string, Session>();
  let asks: Asks | undefined;
  const report: Action = {
    name: 'report',
    schema: v.object({}),
    run: async (_, session) => {
      connected.set(session.principal.name, session);
      session.signal.addEventListener('abort', () => {
        if (connected.get(session.principal.name) === session) connected.delete(session.principal.name);
      });
      return { ok: true, body: {} };
    },
  };
  const hub = await startBrowsedHub(t, {
    actions(doors, access) {
      asks = createAsks({
        doors,
        agents: { connection: (agent) => connected.get(agent) },
        isAgent: (name) => access.store.tokens.isAgent(name),
        audit: ({ who, address, agent, what }) => access.acted({ who, address }, what, `agent ${agent}`),
        ...limits,
      });
      return [report, ...asks.actions];
    },
    routes: (app, doors, access) =>
      registerAsks(app, { ...doors, tokens: access.tokens, sessions: access.sessions }, asks as Asks),
  });
  return {
    ...hub,
    async daemon(agent, token = hub.agent(agent)) {
      const client = await hub.open();
      assert.equal((await client.ask({ action: 'auth', v: 2, token }))['success'], true);
      assert.equal((await client.ask({ action: 'report' }))['success'], true);
      return client;
    },
    audit: () =>
      hub.access.store.audit
        .list(50)
        .filter(({ whom, what }) => whom === 'agent alpha' && !what.startsWith('token'))
        .map(({ who, what, address }) => `${who} ${what} ${address}`),
  };
}

const RESTART = { agent: 'alpha', params: { names: ['web', 'db'] }, why: ' the queue\nhangs ' };

test('an operator acts: the daemon hears what, who and why, the answer comes back, and the audit has it', async (t) => {
  const hub = await startAsks(t);
  const daemon = await hub.daemon('alpha');
  const ada = cookieOf(hub.browser('ada', 'operate', ['alpha']));
  const asked = hub.post('/api/ask/restart', RESTART, ada);
  const { ask, ...event } = await daemon.next();
  assert.deepEqual(event, {
    event: 'ask',
    method: 'restart',
    params: { names: ['web', 'db'] },
    who: 'ada',
    why: 'the queue hangs',
  });
  const done = { name: 'web', done: true, message: '' };
  const value = [
    { ...done, more: 'of a later version' },
    { name: 'db', done: false, message: 'it is stuck' },
  ];
  assert.equal((await daemon.ask({ action: 'answer', id: 1, ask, value }))['success'], true);
  const known = [done, { name: 'db', done: false, message: 'it is stuck' }];
  assert.deepEqual(await asked, { status: 200, body: { value: known }, why: '' });
  const again = await daemon.ask({ action: 'answer', id: 2, ask, value });
  assert.deepEqual(again['error'], {
    code: 'unknown',
    message: 'cannot take the answer: nothing of that name waits for one of this connection',
  });
  const refused = hub.post('/api/ask/job-run', { ...RESTART, params: { name: 'dump', dryRun: false } }, ada);
  const error = { code: 'conflict', message: 'cannot run dump: it runs already' };
  daemon.send({ action: 'answer', ask: (await daemon.next())['ask'], error });
  const { status, why } = await refused;
  assert.deepEqual([status, why], [409, error.message]);
  assert.deepEqual(hub.audit(), [
    'user ada job-run dump: cannot run dump: it runs already; reason: the queue hangs 127.0.0.1',
    'user ada restart web, db: not done: db (it is stuck); reason: the queue hangs 127.0.0.1',
  ]);
});

test('two ask at a time: each gets the answer to what was asked, in whatever order the answers come', async (t) => {
  const hub = await startAsks(t);
  const daemon = await hub.daemon('alpha');
  const ada = cookieOf(hub.browser('ada', 'view', ['alpha']));
  const explain = (name: string) => hub.post('/api/ask/explain', { agent: 'alpha', params: { name } }, ada);
  const both = [explain('web'), explain('db')];
  const asks = [await daemon.next(), await daemon.next()];
  for (const { ask, params } of asks.toReversed()) {
    const { name } = params as { readonly name: string };
    daemon.send({ action: 'answer', id: name, ask, value: { because: [name], evidence: [] } });
  }
  const found = (await Promise.all(both)).map(({ body }) => body['value']);
  assert.deepEqual(found, [
    { because: ['web'], evidence: [] },
    { because: ['db'], evidence: [] },
  ]);
  assert.deepEqual(hub.audit(), [], 'who only looks is not written down');
});

test('who may not, what is not known, and what is wrong is told, and no daemon hears of it', async (t) => {
  const hub = await startAsks(t);
  const [daemon, token] = [await hub.daemon('alpha'), hub.agent('beta')];
  const viewer = cookieOf(hub.browser('vic', 'view'));
  const other = cookieOf(hub.browser('otto', 'operate', ['beta']));
  const ada = cookieOf(hub.browser('ada', 'operate'));
  const ROWS: readonly (readonly [
    headers: Record<string, string>,
    method: string,
    body: unknown,
    wanted: RegExp,
  ])[] = [
    [viewer, 'restart', RESTART, /^403 cannot restart: it takes the role operate, you have view$/],
    [other, 'restart', RESTART, /^404 cannot find an agent "alpha"$/],
    [other, 'explain', { agent: 'alpha', params: { name: 'web' } }, /^404 cannot find an agent "alpha"$/],
    [ada, 'restart', { ...RESTART, agent: 'nobody' }, /^404 cannot find an agent "nobody"$/],
    [ada, 'restart', { ...RESTART, agent: 'beta' }, /^503 cannot ask beta: it is not connected$/],
    [ada, 'restart', { ...RESTART, why: ' \n' }, /^400 why: cannot restart without a reason/],
    [ada, 'restart', { agent: 'alpha', params: RESTART.params }, /^400 why: cannot restart without a reason/],
    [ada, 'restart', { ...RESTART, why: 'x'.repeat(1001) }, /^400 why: /],
    [ada, 'restart', { ...RESTART, params: { names: [] } }, /^400 params\.names: cannot use this value/],
    [ada, 'restart', { ...RESTART, params: { names: ['a'], force: true } }, /^400 params\.force: cannot/],
    [ada, 'restart', { ...RESTART, more: 1 }, /^400 more: cannot use this value/],
    [ada, 'restart', [], /^400 agent: cannot use this value/],
    [ada, 'restrat', RESTART, /^404 cannot ask for "restrat": .*did you mean "restart"\?$/],
    [ada, 'constructor', RESTART, /^404 cannot ask for "constructor"/],
    [{ authorization: `Bearer ${token}` }, 'explain', RESTART, /^403 cannot ask as an agent/],
    [{ cookie: ada.cookie }, 'restart', RESTART, /^401 cannot let you in: the header x-vahti-csrf/],
    [{}, 'restart', RESTART, /^401 /],
  ];
  for (const [headers, method, body, wanted] of ROWS) {
    const { status, why } = await hub.post(`/api/ask/${method}`, body, headers);
    assert.match(`${status} ${why}`, wanted);
  }
  const pong = await daemon.ask({ action: 'answer', id: 'last', ask: 'k1', value: null });
  assert.deepEqual([pong['id'], daemon.frames], ['last', []]);
  assert.deepEqual(hub.audit(), []);
});

test('an answer of another connection, or in a form that is none, is not taken for the answer', async (t) => {
  const hub = await startAsks(t);
  const token = hub.agent('alpha');
  const [before, daemon] = [await hub.daemon('alpha', token), await hub.daemon('alpha', token)];
  const beta = await hub.daemon('beta');
  const ada = cookieOf(hub.browser('ada', 'operate'));
  const user = await hub.open({ cookie: ada.cookie });
  await user.ask({ action: 'auth', v: 2, session: ada['x-vahti-csrf'] });
  const asked = hub.post('/api/ask/restart', RESTART, ada);
  const { ask } = await daemon.next();
  const value = [{ name: 'web', done: true, message: 'forged' }];
  for (const stranger of [before, beta])
    assert.match(
      JSON.stringify(await stranger.ask({ action: 'answer', ask, value })),
      /nothing of that name waits/,
    );
  assert.match(JSON.stringify(await user.ask({ action: 'answer', ask, value })), /only agents are asked/);
  assert.equal((await daemon.ask({ action: 'answer', ask, value: [{ name: 'web' }] }))['success'], true);
  const { status, why } = await asked;
  assert.match(`${status} ${why}`, /^502 cannot use the answer of alpha: 0\.done: /);
  for (const wrong of [{}, { value: 1, error: { code: 'x', message: 'y' } }, { error: 'no' }]) {
    const other = hub.post('/api/ask/restart', RESTART, ada);
    const frame = { action: 'answer', ask: (await daemon.next())['ask'], ...wrong };
    assert.equal((await daemon.ask(frame))['success'], false);
    assert.deepEqual(
      [(await other).status, (await other).why.slice(0, 33)],
      [502, 'cannot use the answer of alpha: i'],
    );
  }
  assert.ok(!JSON.stringify(hub.audit()).includes('forged'));
});

test('an agent that goes away, or is late, or does not keep up ends the waiting; a late answer is nobody’s', async (t) => {
  const hub = await startAsks(t, { deadlineMs: 300, most: 2, mostOfUser: 3 });
  const daemon = await hub.daemon('alpha');
  const ada = cookieOf(hub.browser('ada', 'operate'));
  const late = hub.post('/api/ask/restart', RESTART, ada);
  const { ask } = await daemon.next();
  assert.match((await late).why, /^cannot say what became of it: alpha did not answer within 0\.3 s$/);
  assert.equal((await late).status, 504);
  assert.equal((await daemon.ask({ action: 'answer', ask, value: [] }))['success'], false);

  const two = [hub.post('/api/ask/restart', RESTART, ada), hub.post('/api/ask/restart', RESTART, ada)];
  await until(() => daemon.frames.length === 2, { what: 'both to be asked' });
  const third = await hub.post('/api/ask/restart', RESTART, ada);
  assert.match(`${third.status} ${third.why}`, /^503 cannot ask alpha now: 2 things/);
  const beta = await hub.daemon('beta');
  const other = hub.post('/api/ask/restart', { ...RESTART, agent: 'beta' }, ada);
  await beta.next();
  const fourth = await hub.post('/api/ask/restart', { ...RESTART, agent: 'beta' }, ada);
  assert.match(`${fourth.status} ${fourth.why}`, /^429 cannot ask more now: 3 things/);
  daemon.ws.terminate();
  for (const { status, why } of await within(Promise.all(two), { what: 'who waits to be told' }))
    assert.equal(`${status} ${why}`, '504 cannot say what became of it: alpha went away before it answered');
  assert.equal((await other).status, 504);
  const counted = hub.doors.counters.read().filter(({ what }) => what === 'asked' || what === 'unanswered');
  assert.deepEqual(
    counted.map(({ what, value }) => `${what} ${value}`),
    ['asked 5', 'unanswered 5'],
  );
  assert.equal(hub.audit().length, 4, 'also what came to nothing is written down');
});
