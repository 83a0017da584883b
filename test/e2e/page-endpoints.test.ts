import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { ASKS, type AskMethod } from '../../src/wire/page/asks.ts';
import { ENDPOINTS } from '../../src/wire/page/endpoints.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { askHub } from '../rig/page-hub.ts';
import { type PagedDaemon, startPagedDaemon } from '../rig/paged-daemon.ts';
import { until } from '../rig/wait.ts';

const CONFIG = `
notify:
  ops: { command: [sh, -c, "exit 1"], group: 0s }
  works: { command: [sh, -c, "cat > /dev/null"], group: 0s }
quiet: [ { when: "00:00-23:59", why: the test, services: [web] } ]
services:
  web:
    run: [sh, -c, "while :; do echo a line; sleep 0.2; done"]
    env: { SECRET: $HOME }
    watch: { fresh: { files: "*.txt", within: 1h } }
  broken: { run: [sh, -c, "echo it fails >&2; exit 3"], restart: { backoff: 100ms..1s } }
  stream: { collect: { from: "ws://127.0.0.1:9/xrpc/com.atproto.sync.subscribeRepos", into: data, part: hour } }
  tm:
    pipeline:
      inbox: { root: incoming, match: "*.in", settle: 10ms, scan: 1h }
      products: products
      steps:
        L0: { from: inbox, run: [sh, -c, "echo reads {in}; grep -q good {in} && cp {in} {out}"], to: "L0/{name}" }
jobs:
  hello: { at: "0 4 * * *", run: [sh, -c, "echo hello from a job"] }
`;

type Name = keyof typeof ENDPOINTS;

/** What an answer has that its schema does not allow. */
function wrong(schema: v.GenericSchema<unknown, unknown>, value: unknown): string[] {
  const found = v.safeParse(schema, value);
  return found.success ? [] : found.issues.map((issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`);
}

/** Queries of those that need one. */
function queryOf(name: Name, position: number): string {
  const now = Date.now();
  const all: Partial<Record<Name, string>> = {
    bars: 'range=90d',
    bar: 'agent=alpha&name=web&range=24h',
    sparks: 'of=alpha/web&of=alpha/broken',
    series: `agent=alpha&name=web&since=${now - 3_600_000}&until=${now}`,
    context: `position=${position}`,
  };
  return all[name] ?? '';
}

async function checkReading(hub: PagedDaemon): Promise<void> {
  const { rows } = await askHub<{ rows: { position: number }[] }>(hub, 'GET', '/api/records?limit=1');
  for (const [name, endpoint] of Object.entries(ENDPOINTS) as [Name, (typeof ENDPOINTS)[Name]][]) {
    if (endpoint.method !== 'GET') continue;
    const value = await askHub(hub, 'GET', `${endpoint.path}?${queryOf(name, rows[0]?.position ?? 0)}`);
    assert.deepEqual(wrong(endpoint.answer, value), [], name);
  }
}

async function checkWriting(hub: PagedDaemon): Promise<void> {
  const { createToken, createCode, revoke, createUser, changeUser, removeUser } = ENDPOINTS;
  const token = await askHub<{ id: string }>(hub, 'POST', '/api/tokens', {
    kind: 'agent',
    name: 'other',
    label: 'a label',
  });
  assert.deepEqual(wrong(createToken.answer, token), []);
  assert.deepEqual(wrong(createCode.answer, await askHub(hub, 'POST', '/api/codes', { uses: 2 })), []);
  assert.deepEqual(wrong(revoke.answer, await askHub(hub, 'DELETE', `/api/tokens/${token.id}`)), []);
  const made = await askHub(hub, 'POST', '/api/users', {
    name: 'linus',
    role: 'view',
    agents: ['alpha'],
    password: PASSWORD,
  });
  assert.deepEqual(wrong(createUser.answer, made), []);
  await checkSession(hub);
  assert.deepEqual(
    wrong(
      changeUser.answer,
      await askHub(hub, 'PATCH', '/api/users/linus', { role: 'operate', agents: null }),
    ),
    [],
  );
  assert.deepEqual(wrong(removeUser.answer, await askHub(hub, 'DELETE', '/api/users/linus')), []);
}

/** What only a browser does: in by a password, another password, out. */
async function checkSession({ url }: PagedDaemon): Promise<void> {
  const { login, changePassword, logout, me } = ENDPOINTS;
  const send = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const entered = await send(login.path, { name: 'linus', password: PASSWORD });
  const own = (await entered.json()) as { csrf: string };
  assert.deepEqual(wrong(login.answer, own), []);
  const cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const headers = { cookie, 'x-vahti-csrf': own.csrf };
  const changed = await send(changePassword.path, { old: PASSWORD, new: `${PASSWORD} staple` }, headers);
  assert.equal(changed.status, 200);
  assert.deepEqual(wrong(changePassword.answer, await changed.json()), []);
  const looked = await fetch(`${url}${me.path}`, { headers: { cookie } });
  assert.deepEqual(wrong(me.answer, await looked.json()), []);
  const left = await send(logout.path, {}, headers);
  assert.equal(left.status, 200);
  assert.deepEqual(wrong(logout.answer, await left.json()), []);
  const after = await fetch(`${url}${me.path}`, { headers: { cookie } });
  assert.equal(after.status, 401);
  await after.body?.cancel();
}

const PASSWORD = 'correct horse battery';

/** @param messages that wait. */
function paramsOf(method: AskMethod, messages: readonly string[]): Record<string, unknown> {
  const now = Date.now();
  const some: Partial<Record<AskMethod, Record<string, unknown>>> = {
    'job-explain': { name: 'hello' },
    'job-plan': { name: 'hello' },
    'job-history': { names: [], limit: 100 },
    'job-run': { name: 'hello', dryRun: false },
    'job-pause': { names: ['hello'] },
    'job-resume': { names: ['hello'] },
    explain: { name: 'broken' },
    plan: { name: 'web' },
    parts: { name: 'stream', since: now - 86_400_000, until: now },
    silences: {},
    notifications: { pending: false, most: 100 },
    snooze: { names: ['web', 'web/fresh'], until: now + 60_000 },
    'notify-test': { channel: 'works' },
    'notification-retry': { id: messages[0] },
    'notification-drop': { id: messages[0] },
    'pipeline-files': {
      name: 'tm',
      kind: null,
      origin: null,
      states: [],
      words: '',
      reason: null,
      below: null,
      most: 50,
    },
    'pipeline-tasks': {
      name: 'tm',
      step: 'L0',
      states: ['failed', 'done'],
      reason: null,
      below: null,
      most: 50,
    },
    'pipeline-story': { name: 'tm', file: 'a.in' },
    'pipeline-log': { name: 'tm', task: 1, run: 0 },
    'pipeline-adopt': { name: 'tm', file: 'a.in' },
  };
  const otherwise = method.startsWith('pipeline-') ? { name: 'tm' } : { names: ['web'] };
  return some[method] ?? otherwise;
}

test('what a hub answers is what the page takes it for: every endpoint, every ask, with a real daemon', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'some.txt'), '');
  mkdirSync(join(folder, 'incoming'));
  writeFileSync(join(folder, 'incoming/a.in'), 'good');
  writeFileSync(join(folder, 'incoming/b.in'), 'bad');
  const hub = await startPagedDaemon(t, {
    folder,
    hub: 'status-page: { services: { Web: web, Stream: stream } }',
    yaml: CONFIG,
  });
  await hub.daemon.cli('job', 'run', 'hello');
  await until(
    async () =>
      (await hub.daemon.status()).services.some(({ name, failures }) => name === 'broken' && failures > 2),
    {
      what: 'broken to have failed',
    },
  );
  await until(() => isReported(hub), { what: 'the pipeline to have failed, as the hub knows it' });
  await checkReading(hub);
  await checkWriting(hub);
  const messages = await until(() => waiting(hub), { what: 'a message that cannot be delivered' });
  for (const method of Object.keys(ASKS) as AskMethod[]) {
    const body = { agent: 'alpha', params: paramsOf(method, messages), why: 'the test asks' };
    const { value } = await askHub<{ value: unknown }>(hub, 'POST', `/api/ask/${method}`, body);
    assert.deepEqual(wrong(ASKS[method].value, value), [], `${method}: ${JSON.stringify(value)}`);
  }
});

async function isReported(hub: PagedDaemon): Promise<boolean> {
  const { services } = await askHub<{
    services: { pipeline?: { failures: unknown[]; steps: { tasks: Record<string, number> }[] } }[];
  }>(hub, 'GET', '/api/board');
  return services.some(
    ({ pipeline }) => pipeline?.failures.length === 1 && pipeline.steps[0]?.tasks['done'] === 1,
  );
}

async function waiting(hub: PagedDaemon): Promise<readonly string[] | undefined> {
  const { value } = await askHub<{ value: { messages: { id: string; state: string }[] } }>(
    hub,
    'POST',
    '/api/ask/notifications',
    { agent: 'alpha', params: { pending: true, most: 100 } },
  );
  const ids = value.messages.filter(({ state }) => state === 'failing').map(({ id }) => id);
  return ids.length > 0 ? ids : undefined;
}
