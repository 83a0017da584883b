import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { NotificationsView } from '../../src/notify/view.ts';
import { type Caught, catchHttp } from '../rig/http-server.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { freePort } from '../rig/needs.ts';
import { startMailServer } from '../rig/smtp.ts';
import { startDaemon, type TestDaemon, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/** A service that runs for ever, and is well as long as there is a file. */
function fileWatched(folder: string, name: string, more = ''): string {
  writeFileSync(join(folder, `${name}.ok`), '');
  return `
  ${name}:
    run: [sleep, "1000"]${more}
    watch:
      alive: { command: [test, -e, ${name}.ok], every: 100ms, timeout: 2s, fail: 1, ok: 1, grace: 0s }`;
}

async function trouble(daemon: TestDaemon, name: string): Promise<void> {
  rmSync(join(daemon.folder, `${name}.ok`));
  await state(daemon, name, 'bad');
}

async function heal(daemon: TestDaemon, name: string): Promise<void> {
  writeFileSync(join(daemon.folder, `${name}.ok`), '');
  await state(daemon, name, 'ok');
}

async function state(daemon: TestDaemon, name: string, wanted: string): Promise<void> {
  await daemon.waitFor(name, `alive to be ${wanted}`, ({ watches }) =>
    watches.some((watch) => watch.name === 'alive' && watch.state === wanted),
  );
}

async function view(daemon: TestDaemon): Promise<NotificationsView> {
  const answer = await daemon.client.call('notifications', { pending: false, most: 100 });
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

async function delivered(daemon: TestDaemon, events: readonly string[]): Promise<NotificationsView> {
  return until(
    async () => {
      const found = await view(daemon);
      const done = found.messages.filter((message) => message.state === 'delivered');
      const seen = done.map(({ event }) => event).toReversed();
      return JSON.stringify(seen) === JSON.stringify(events) ? found : undefined;
    },
    { deadlineMs: 20_000, what: `${events.join(', ')} to be delivered` },
  );
}

interface Posted {
  readonly id: string;
  readonly event: string;
  readonly title: string;
  readonly items: readonly { readonly service: string; readonly subject: string; readonly state: string }[];
}

function posted(caught: readonly Caught[]): readonly Posted[] {
  return caught.map(({ body }) => {
    const { event, id, title, items } = (JSON.parse(body) as { readonly data: Posted }).data;
    return { event, id, title, items };
  });
}

test('an outage is one mail and its recovery is one in the same thread, though the daemon is killed before the mail server is there', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const port = await freePort();
  const yaml = `
notify: { ops: { mail: ops@uni.example, smtp: "smtp://127.0.0.1:${port}", from: vahti@uni.example, group: 0s } }
services:${fileWatched(folder, 'web')}`;
  let daemon = await startDaemon(t, yaml, folder);
  await state(daemon, 'web', 'ok');
  await trouble(daemon, 'web');
  const failing = await until(
    async () => (await view(daemon)).messages.find((message) => message.state === 'failing'),
    { what: 'the first try to fail' },
  );
  assert.match(failing.error, /^cannot /);
  daemon.process.kill('SIGKILL');
  await within(daemon.process.ended, { what: 'the daemon to be killed' });
  const pending = await vahti(t, ['notifications', '--pending', '--json'], folder);
  assert.deepEqual(
    (JSON.parse(pending.stdout) as NotificationsView).messages.map(({ id }) => id),
    [failing.id],
  );
  assert.match(pending.stderr, /the daemon is not running/);

  const server = await startMailServer(t, { port });
  daemon = await startDaemon(t, yaml, folder);
  await delivered(daemon, ['outage']);
  await heal(daemon, 'web');
  await delivered(daemon, ['outage', 'recovery']);
  assert.equal(server.letters.length, 2);
  const [outage = '', recovery = ''] = server.letters.map(({ raw }) => raw);
  const header = (raw: string, name: string): string =>
    new RegExp(`^${name}: (.*)$`, 'mi').exec(raw)?.[1] ?? '';
  assert.match(header(outage, 'Subject'), /^web is bad on /);
  assert.match(header(recovery, 'Subject'), /^web is well again on /);
  assert.equal(header(recovery, 'In-Reply-To'), header(outage, 'Message-ID'));
  assert.equal((await view(daemon)).incidents.length, 0);
});

test('thirty services that are down with what they need are one message, and nobody hears of them one by one', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const server = await catchHttp(t, (_, response) => response.end());
  const names = Array.from({ length: 30 }, (_, index) => `web${index}`);
  const dependent = (name: string): string => `
  ${name}:
    run: [sleep, "1000"]
    needs: [db]
    watch: { alive: { tcp: "127.0.0.1:DBPORT", every: 300ms, timeout: 1s, fail: 2, ok: 1, grace: 0s } }`;
  const port = await freePort();
  const daemon = await startDaemon(
    t,
    `
notify: { ops: { webhook: "${server.url}/hook", group: 1s } }
services:
  db:
    run: [node, db.cjs]
    watch: { alive: { tcp: "127.0.0.1:${port}", every: 100ms, timeout: 1s, fail: 1, ok: 1, grace: 0s } }${names
      .map(dependent)
      .join('')
      .replaceAll('DBPORT', String(port))}`,
    withDatabase(folder, port),
  );
  for (const name of ['db', ...names]) await state(daemon, name, 'ok');
  writeFileSync(join(folder, 'closed'), '');
  for (const name of ['db', ...names]) await state(daemon, name, 'bad');
  await delivered(daemon, ['outage']);
  rmSync(join(folder, 'closed'));
  for (const name of ['db', ...names]) await state(daemon, name, 'ok');
  await delivered(daemon, ['outage', 'recovery']);
  await until(async () => (await view(daemon)).incidents.length === 0, { what: 'every incident to be over' });
  const told = posted(server.caught);
  assert.deepEqual(
    told.map(({ event }) => event),
    ['outage', 'recovery'],
  );
  assert.deepEqual(
    told[0]?.items.map(({ service }) => service),
    ['db'],
  );
});

/** A server that listens as long as there is no file `closed`. */
function withDatabase(folder: string, port: number): string {
  writeFileSync(
    join(folder, 'db.cjs'),
    `const { existsSync } = require('node:fs');
    const { createServer } = require('node:net');
    let server;
    setInterval(() => {
      const open = !existsSync('closed');
      if (open && server === undefined) server = createServer((socket) => socket.end()).listen(${port}, '127.0.0.1');
      if (!open && server !== undefined) { server.close(); server = undefined; }
    }, 20);`,
  );
  return folder;
}

test('a service that fails again and again is one message for its lane, and one when it runs again', async (t) => {
  leakCheck(t);
  const server = await catchHttp(t, (_, response) => response.end());
  const folder = tempFolder(t);
  const daemon = await startDaemon(
    t,
    `
notify: { ops: { webhook: "${server.url}/hook", group: 0s } }
services:
  loop: { run: [sh, -c, "test -e good && exec sleep 1000; exit 3"], restart: { fast: 2, backoff: 50ms..100ms } }`,
    folder,
  );
  await delivered(daemon, ['outage']);
  writeFileSync(join(folder, 'good'), '');
  await daemon.cli('restart', 'loop');
  await until(async () => (await view(daemon)).incidents.length === 0, { what: 'the incident to be over' });
  const [outage] = posted(server.caught);
  assert.match(outage?.title ?? '', /^loop is in the backoff lane on .*exited with code 3/);
});

test('a test message is sent now; a channel that is not there is told with those that are', async (t: TestContext) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const daemon = await startDaemon(
    t,
    `
notify:
  ops: { command: [sh, -c, "cat > told"] }
  dead: { webhook: "http://127.0.0.1:${await freePort()}/" }
services: { a: { run: [sleep, "1000"] } }`,
    folder,
  );
  const good = await daemon.cli('notify', 'test', 'ops');
  assert.deepEqual([good.code, good.stdout], [0, 'ops took the test message: exited with 0\n']);
  assert.ok(existsSync(join(folder, 'told')));
  const dead = await daemon.cli('notify', 'test', 'dead');
  assert.equal(dead.code, 1);
  assert.match(dead.stderr, /^cannot .*nothing listens there/m);
  const unknown = await daemon.cli('notify', 'test', 'opps');
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /cannot find a channel "opps", did you mean "ops"\? \(there are ops, dead\)/);
});

test('what is wrong with channels is told at load, all of it, with its places', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(
    join(folder, 'vahti.yaml'),
    `notify:
  ops: { mial: ops@uni.example }
  both: { mail: ops@uni.example, webhook: "http://h/" }
  odd: { webhook: "ftp://h/", repeat: often }
services:
  a: { run: [sleep, "1"], notify: [opps] }
`,
  );
  const { code, stderr } = await vahti(t, ['check'], folder);
  assert.equal(code, 2);
  for (const line of [
    /vahti\.yaml:2:\d+: .*cannot tell what the channel "ops" is: write one of the keys .*did you mean "mail"/,
    /vahti\.yaml:3:\d+: .*it has mail and webhook, write one of them/,
    /vahti\.yaml:4:\d+: .*write an http or https address/,
    /vahti\.yaml:4:\d+: .*often/,
    /vahti\.yaml:6:\d+: .*cannot find a channel "opps", did you mean "ops"\?/,
  ])
    assert.match(stderr, line);
});
