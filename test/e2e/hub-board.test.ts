import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { ASKS, type AskMethod, type AskValue } from '../../src/wire/page/asks.ts';
import {
  type Board,
  board as boardSchema,
  type BoardJob,
  type BoardService,
} from '../../src/wire/page/board.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { startDaemon, startVahti, type TestDaemon, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

async function freePort(t: TestContext): Promise<number> {
  const server = createServer();
  onEnd(t, () => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Answered {
  readonly status: number;
  readonly value: unknown;
  readonly message: string;
}

/** The page of a daemon's own hub, as its administrator sees it. */
function pageOf(daemon: TestDaemon, port: number) {
  const headers = (): Record<string, string> => ({
    authorization: `Bearer ${readFileSync(join(daemon.folder, '.vahti/hub/admin-token'), 'utf8').trim()}`,
    'content-type': 'application/json',
  });
  const url = `http://127.0.0.1:${port}`;
  const board = async (): Promise<Board> => {
    const answer = await fetch(`${url}/api/board`, { headers: headers() });
    return v.parse(boardSchema, await answer.json());
  };
  const waitFor = <T>(what: string, find: (board: Board) => T | undefined | false): Promise<T> =>
    until<T>(async () => find(await board()), { deadlineMs: 20_000, what });
  const raw = async (method: string, params: object, why?: string): Promise<Answered> => {
    const answer = await fetch(`${url}/api/ask/${method}`, {
      method: 'POST',
      headers: headers(),
      body: JSON.stringify({ agent: 'alpha', params, ...(why === undefined ? {} : { why }) }),
    });
    const body = (await answer.json()) as { value?: unknown; error?: { message: string } };
    return { status: answer.status, value: body.value, message: body.error?.message ?? '' };
  };
  return {
    service: (name: string, what: string, check: (service: BoardService) => boolean) =>
      waitFor(`${name} ${what}`, ({ services }) =>
        services.find((each) => each.name === name && check(each)),
      ),
    job: (name: string, what: string, check: (job: BoardJob) => boolean) =>
      waitFor(`the job ${name} ${what}`, ({ jobs }) =>
        jobs.find((each) => each.name === name && check(each)),
      ),
    board,
    raw,
    async ask<M extends AskMethod>(method: M, params: object, why?: string): Promise<AskValue<M>> {
      const { status, value, message } = await raw(method, params, why);
      assert.equal(status, 200, `${method}: ${message}`);
      return v.parse(ASKS[method].value, value) as AskValue<M>;
    },
  };
}

test('a hub shows how services and jobs of a daemon stand, and people act through it: with who and why', async (t) => {
  leakCheck(t);
  const port = await freePort(t);
  const yaml = `hub: { listen: "127.0.0.1:${port}", agent: alpha }
services:
  web:
    run: [sleep, "1000"]
    stop: 5s
    env: { PASSWORD: hidden, KEY: $HOME }
jobs:
  dump: { at: "5 3 * * *", run: "true" }
`;
  const daemon = await startDaemon(t, yaml);
  await daemon.waitFor('hub', 'to be ready', ({ ready }) => ready === true);
  const page = pageOf(daemon, port);
  const before = await page.service(
    'web',
    'to be well',
    ({ condition, pid }) => condition === 'ok' && pid !== null,
  );
  assert.deepEqual([before.agent, before.about, before.boot], ['alpha', 'sleep 1000', true]);
  await page.service('web', 'to have a figure of its memory', ({ figures }) => (figures['memory'] ?? 0) > 0);

  process.kill(before.pid as number, 'SIGKILL');
  const after = await page.service(
    'web',
    'to have another life',
    ({ life }) => life !== null && life !== before.life,
  );
  assert.match(after.lastExit?.text ?? '', /^ended by SIGKILL/);

  const [stopped] = await page.ask('stop', { names: ['web'] }, 'the disk is swapped');
  assert.deepEqual(stopped, { name: 'web', done: true, message: 'stopped' });
  const still = await page.service('web', 'to be stopped', ({ state }) => state === 'stopped');
  assert.deepEqual([still.condition, still.trouble, still.wanted], ['stopped', '', false]);
  await page.ask('start', { names: ['web'] }, 'it is swapped');
  await page.service('web', 'to run again', ({ state }) => state === 'running');
  await page.ask('restart', { names: ['web'] }, 'once more');
  const said = (await daemon.records('--kind', 'action', 'web')).map(({ message, fields }) => [
    message,
    fields?.['who'],
    fields?.['why'],
  ]);
  const who = 'admin via hub';
  assert.deepEqual(said, [
    [`stop by ${who}: the disk is swapped`, who, 'the disk is swapped'],
    [`start by ${who}: it is swapped`, who, 'it is swapped'],
    [`restart by ${who}: once more`, who, 'once more'],
  ]);

  await page.ask('snooze', { names: ['web'], until: Date.now() + 600_000 }, 'maintenance');
  const quiet = await page.service('web', 'to be snoozed', ({ silences }) => silences.length > 0);
  assert.deepEqual([quiet.silences[0]?.by, quiet.silences[0]?.who, quiet.condition], ['snooze', who, 'ok']);
  const { run } = await page.ask('job-run', { name: 'dump', dryRun: false }, 'by hand');
  const ran = await page.job(
    'dump',
    'to have run',
    ({ last }) => last?.run === run && last?.outcome === 'ok',
  );
  assert.deepEqual([ran.condition, ran.last?.cause], ['ok', `asked for by ${who} (by hand)`]);
  await page.ask('job-pause', { names: ['dump'] }, 'not now');
  await page.job(
    'dump',
    'to be paused',
    ({ pause, condition }) => pause?.who === who && condition === 'stopped',
  );

  const plan = await page.ask('plan', { name: 'web' });
  const lines = plan.lines.map(({ key, value, from }) => `${key} ${value} ${from}`);
  for (const line of ['run sleep 1000 ', 'stop 5s line 5', 'env PASSWORD=… ', 'env KEY=$HOME '])
    assert.ok(lines.includes(line), `${line} in ${lines.join('\n')}`);
  assert.ok((await page.ask('explain', { name: 'web' })).because.length > 0);
  assert.deepEqual((await page.ask('job-plan', { name: 'dump' })).lines[0], {
    key: 'run',
    value: 'true',
    from: '',
  });
  const refusals: readonly (readonly [string, object, string, number, RegExp])[] = [
    ['start', { names: ['nope'] }, 'why', 409, /cannot find a service "nope"/],
    ['plan', { name: 'nope' }, '', 409, /cannot find a service "nope"/],
    ['parts', { name: 'web', since: 0, until: 1 }, '', 409, /it is no collector/],
    ['notification-retry', { id: 'x' }, 'why', 409, /no message of that id waits/],
    ['stop', { names: ['web'] }, '', 400, /reason/],
  ];
  for (const [method, params, why, status, message] of refusals) {
    const answer = await page.raw(method, params, why);
    assert.equal(answer.status, status, method);
    assert.match(answer.message, message);
  }
});

test('a machine that takes no actions from its hub says how to allow them, and still answers', async (t) => {
  leakCheck(t);
  const port = await freePort(t);
  const daemon = await startDaemon(
    t,
    `hub: { listen: "127.0.0.1:${port}", agent: alpha, act: false }\nservices: { web: { run: [sleep, "1000"] } }\n`,
  );
  await daemon.waitFor('hub', 'to be ready', ({ ready }) => ready === true);
  const page = pageOf(daemon, port);
  const { pid } = await page.service('web', 'to run', ({ state }) => state === 'running');
  const refused = await page.raw('restart', { names: ['web'] }, 'to see');
  assert.equal(refused.status, 409);
  assert.equal(
    refused.message,
    'cannot restart web: this machine takes no actions from its hub; "hub: { act: true }" in its config allows it',
  );
  assert.equal((await page.board()).agents[0]?.host?.acts, false);
  assert.equal((await daemon.service('web')).pid, pid);
  assert.ok((await page.ask('explain', { name: 'web' })).because.length > 0);
});

test('vahti up prints a link that logs in once, and what is missing where there is no hub', async (t) => {
  leakCheck(t);
  const port = await freePort(t);
  const folder = tempFolder(t);
  await vahti(t, ['init'], folder);
  const file = join(folder, 'vahti.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('127.0.0.1:7080', `127.0.0.1:${port}`));
  const up = startVahti(t, ['up'], folder);
  const found = await until(() => /page: (http:\S+\/login\?code=\S+) {2}\(once/.exec(up.output().stdout), {
    deadlineMs: 20_000,
    what: 'the link of the page',
  });
  const login = (url: string) => fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } });
  const first = await login(found[1] ?? '');
  assert.match(first.headers.get('set-cookie') ?? '', /HttpOnly/);
  assert.equal((await login(found[1] ?? '')).headers.get('set-cookie'), null, 'it is used up');
  const another = await vahti(t, ['token', 'link'], folder);
  assert.match(another.stdout, new RegExp(`^http://127.0.0.1:${port}/login\\?code=\\S+\\n$`));
  assert.match((await login(another.stdout.trim())).headers.get('set-cookie') ?? '', /HttpOnly/);
  up.kill('SIGTERM');
  await within(up.ended, { deadlineMs: 20_000, what: 'vahti to end' });

  writeFileSync(file, 'services: { a: { run: [sleep, "1000"] } }\n');
  const bare = startVahti(t, ['up'], folder);
  await until(
    () => bare.output().stdout.includes(`no page: write hub: { listen: 127.0.0.1:7080 } into ${file}`),
    {
      what: 'what is missing to be said',
    },
  );
  bare.kill('SIGTERM');
  await within(bare.ended, { deadlineMs: 20_000, what: 'vahti to end' });
  const quiet = startVahti(t, ['up', '--view', 'json'], folder);
  await until(() => quiet.output().stdout.includes('started, life'), { what: 'the service to start' });
  assert.doesNotMatch(quiet.output().stdout, /page:/);
  quiet.kill('SIGTERM');
  await within(quiet.ended, { deadlineMs: 20_000, what: 'vahti to end' });
});
