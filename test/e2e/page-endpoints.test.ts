import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
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
notify: { ops: { command: [sh, -c, "exit 1"], group: 0s } }
quiet: [ { when: "00:00-23:59", why: the test } ]
services:
  web:
    run: [sh, -c, "while :; do echo a line; sleep 0.2; done"]
    env: { SECRET: $HOME }
    watch: { fresh: { files: "*.txt", within: 1h } }
  broken: { run: [sh, -c, "echo it fails >&2; exit 3"], restart: { backoff: 100ms..1s } }
  stream: { collect: { from: "ws://127.0.0.1:9/xrpc/com.atproto.sync.subscribeRepos", into: data, part: hour } }
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
  const { createToken, createCode, revoke, createUser, changeUser, removeUser, login } = ENDPOINTS;
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
  const response = await fetch(`${hub.url}/api/login`, {
    method: 'POST',
    body: JSON.stringify({ name: 'linus', password: PASSWORD }),
  });
  assert.deepEqual(wrong(login.answer, await response.json()), []);
  assert.deepEqual(
    wrong(
      changeUser.answer,
      await askHub(hub, 'PATCH', '/api/users/linus', { role: 'operate', agents: null }),
    ),
    [],
  );
  assert.deepEqual(wrong(removeUser.answer, await askHub(hub, 'DELETE', '/api/users/linus')), []);
}

const PASSWORD = 'correct horse battery';

function paramsOf(method: AskMethod): Record<string, unknown> {
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
    'notify-test': { channel: 'ops' },
    'notification-retry': { id: 'none' },
    'notification-drop': { id: 'none' },
  };
  return some[method] ?? { names: ['web'] };
}

test('what a hub answers is what the page takes it for: every endpoint, every ask, with a real daemon', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'some.txt'), '');
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
  await checkReading(hub);
  await checkWriting(hub);
  // What cannot be done in this config is refused by the daemon, in words.
  const refused: AskMethod[] = ['notification-retry', 'notification-drop', 'notify-test', 'parts'];
  for (const method of Object.keys(ASKS) as AskMethod[]) {
    const body = { agent: 'alpha', params: paramsOf(method), why: 'the test asks' };
    try {
      const { value } = await askHub<{ value: unknown }>(hub, 'POST', `/api/ask/${method}`, body);
      assert.deepEqual(wrong(ASKS[method].value, value), [], `${method}: ${JSON.stringify(value)}`);
    } catch (error) {
      if (!refused.includes(method) || !/ 409: .*"cannot /.test(String(error))) throw error;
    }
  }
});
