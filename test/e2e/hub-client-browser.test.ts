import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from '../../src/core/http.ts';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSockets } from '../../src/hub/protocols/ws/sockets.ts';
import { queryActions } from '../../src/hub/queries/actions.ts';
import { startHub } from '../rig/hub-server.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { messagesOf } from '../rig/shipping.ts';
import { ROOT } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

const NO_CHROMIUM: string | false =
  spawnSync('chromium', ['--version']).status === 0 ? false : 'there is no chromium on this machine';

/** A page, the sources of the client as a browser takes them, and where the page says what it found. */
async function startSite(t: TestContext, page: () => string, said: (text: string) => void): Promise<string> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    if (path === '/said') {
      request.setEncoding('utf8').once('data', said);
      return response.end();
    }
    if (path === '/') return response.setHeader('content-type', 'text/html').end(page());
    readFile(join(ROOT, path), 'utf8').then(
      (text) => response.setHeader('content-type', 'text/javascript').end(stripTypeScriptTypes(text)),
      () => response.writeHead(404).end(),
    );
    return response;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('the same client in a browser: what it says is stored once, over a reload of the page', {
  skip: NO_CHROMIUM,
}, async (t) => {
  leakCheck(t);
  let options = '';
  let said = Promise.withResolvers<string>();
  const origin = await startSite(
    t,
    () => `<script type="module">
      const say = (what) => fetch('/said', { method: 'POST', body: JSON.stringify(what) });
      addEventListener('unhandledrejection', ({ reason }) => say(String(reason)));
      import { createClient } from '/src/client/index.ts';
      const storage = { load: () => localStorage.getItem('hub'), save: (text) => localStorage.setItem('hub', text) };
      const client = createClient({ ...${options}, service: 'page', storage });
      for (let each = 0; each < 120; each++) client.log({ message: 'said in a browser', fields: { each } });
      await client.flush();
      const { rows } = await client.request('query', { service: 'page', limit: 1000 });
      await say({ rows: rows.length, ...(await client.close()) });
    </script>`,
    (text) => said.resolve(text),
  );
  const hub = await startHub(t, {
    origins: [origin],
    sockets: (doors) => createSockets(doors, queryActions(doors)),
  });
  options = JSON.stringify({ url: hub.url, token: hub.agentToken('alpha') });
  const profile = tempFolder(t);
  const args = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, origin];
  for (const times of [1, 2]) {
    said = Promise.withResolvers();
    const browser = spawn('chromium', args, { stdio: 'ignore' });
    onEnd(t, () => browser.kill('SIGKILL'));
    const found = await within(said.promise, { what: 'the page to be done', deadlineMs: 60_000 });
    assert.deepEqual(JSON.parse(found), { rows: times * 120, unsent: 0 });
    const gone = once(browser, 'exit');
    browser.kill('SIGTERM');
    await within(gone, { what: 'the browser to end' });
  }
  // Its last children may still write there.
  const isGone = (): boolean => {
    rmSync(profile, { recursive: true, force: true });
    return !existsSync(profile);
  };
  await until(isGone, { what: 'the profile of the browser to be gone' });
  assert.equal((await messagesOf(hub.store, 'alpha')).length, 240);
});
