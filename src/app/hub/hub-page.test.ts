import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { reportedService } from '../../../test/rig/boards.ts';
import { HUB_KEEP } from '../../../test/rig/hub-threads.ts';
import { must } from '../../../test/rig/hub-access.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { createClient, type TestClient } from '../../../test/rig/watchdog-hub.ts';
import { systemClock } from '../../core/clock.ts';
import { createLog } from '../../core/log.ts';
import { openHub } from './open-hub.ts';

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface WholeHub {
  readonly url: string;
  readonly folder: string;
  readonly lines: readonly string[];
  close(): Promise<void>;
  ask(
    path: string,
    init?: Asked,
  ): Promise<{ readonly status: number; readonly type: string; readonly body: unknown }>;
  daemon(): Promise<TestClient>;
}

/** All that `vahti run hub` is, in this process. */
async function start(t: TestContext): Promise<WholeHub> {
  leakCheck(t);
  const folder = tempFolder(t);
  const lines: string[] = [];
  const services = [{ label: 'Web', agent: 'alpha', name: 'web' }];
  const hub = must(
    await openHub(
      {
        host: '127.0.0.1',
        port: 0,
        folder,
        agent: 'alpha',
        origins: [],
        proxies: [],
        keep: HUB_KEEP,
        cleanUpMs: 60_000,
        publicStatistics: false,
        limits: { recordsPerSecond: 1e6, bytesPerSecond: 1e9 },
        statusPage: { title: 'Ours', services },
      },
      {
        clock: systemClock,
        log: createLog('debug', (line) => lines.push(line)),
        died: (error) => lines.push(String(error)),
      },
    ),
  );
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= hub.close());
  onEnd(t, close);
  const token = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
  return {
    url: hub.url,
    folder,
    lines,
    close,
    async ask(path, { headers, ...init } = {}) {
      const own = { connection: 'close', authorization: `Bearer ${token('admin-token')}` };
      const answer = await fetch(`${hub.url}${path}`, { ...init, headers: { ...own, ...headers } });
      const type = answer.headers.get('content-type') ?? '';
      const text = await answer.text();
      return {
        status: answer.status,
        type,
        body: type.startsWith('application/json') ? JSON.parse(text) : text,
      };
    },
    async daemon() {
      const client = createClient(new WebSocket(`${hub.url.replace('http', 'ws')}/ws`));
      onEnd(t, () => client.ws.terminate());
      await within(once(client.ws, 'open'), { what: 'the connection to open' });
      for (const frame of [
        { action: 'auth', v: 2, token: token('agent-token') },
        { action: 'report', whole: true, services: [reportedService('web')] },
      ]) {
        const answer = await client.ask(frame);
        assert.equal(answer['success'], true, JSON.stringify(answer));
      }
      return client;
    },
  };
}

test('the page is at the hub’s address and at its own, and nowhere where the hub itself speaks', async (t) => {
  const hub = await start(t);
  const headers = { accept: 'text/html' };
  const NOT_BUILT = /^cannot show the page: it is not built; run npm run build:web$/m;
  for (const path of ['/', '/services/alpha/web', '/logs', '/status', '/no-such-thing']) {
    const { status, type, body } = await hub.ask(path, { headers });
    if (status === 503) assert.match(String(body), NOT_BUILT);
    else
      assert.deepEqual(
        [status, type, /<div id="page">/.test(String(body))],
        [200, 'text/html; charset=utf-8', true],
      );
  }
  for (const first of [
    'api',
    'loki',
    'otlp',
    'v1',
    'ws',
    'healthz',
    'readyz',
    'metrics',
    'login',
    'publicStatistics',
  ])
    for (const path of [`/${first}/nothing`, `/${first}/nothing/at/all`]) {
      const { status, body } = await hub.ask(path, { headers });
      const error = { code: 'unknown', message: 'cannot find anything at this address' };
      assert.deepEqual([status, body], [404, { error }], path);
    }
});

test('a hub hands on to the machine that reported, shows it to everybody whom it was told to, and ends while somebody waits', async (t) => {
  const hub = await start(t);
  const post = (method: string, body: unknown) =>
    hub.ask(`/api/ask/${method}`, { method: 'POST', body: JSON.stringify(body) });
  const away = await post('explain', { agent: 'alpha', params: { name: 'web' } });
  assert.equal(away.status, 503);
  const daemon = await hub.daemon();
  const shown = (await hub.ask('/api/status-page', { headers: { authorization: '' } })).body;
  const { services } = shown as { readonly services: readonly { readonly bar: string }[] };
  const [{ bar, ...rest } = { bar: '' }] = services;
  assert.deepEqual(
    [bar.length, Object.keys(rest), JSON.stringify(shown).includes('alpha')],
    [90, ['label', 'condition', 'since', 'up'], false],
  );
  const body = { agent: 'alpha', params: { names: ['web'] }, why: 'a test' };
  const asked = post('restart', body);
  const { ask, who } = await daemon.next();
  assert.equal(who, 'admin');
  const value = [{ name: 'web', done: true, message: 'restarted' }];
  daemon.send({ action: 'answer', ask, value });
  assert.deepEqual((await asked).body, { value });
  const audit = (await hub.ask('/api/audit')).body as { readonly rows: readonly Record<string, unknown>[] };
  const { what, whom } = audit.rows[0] ?? {};
  assert.deepEqual([what, whom], ['restart web: done; reason: a test', 'agent alpha']);

  const waiting = post('restart', body);
  await until(() => daemon.frames.some(({ event }) => event === 'ask'), { what: 'the second ask' });
  await within(hub.close(), { what: 'the hub to end', deadlineMs: 8000 });
  const { status, body: why } = await waiting;
  assert.equal(status, 504, JSON.stringify(why));
  assert.deepEqual(
    hub.lines.filter((line) => line.includes('"level":"error"')),
    [],
  );
});
