import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { NO_BROWSER, signIn, startBrowser, type Visit, visit } from '../rig/browser.ts';
import { connectAgent } from '../rig/fleet/agent.ts';
import { createFleet } from '../rig/fleet/fleet.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { type Asking, askHub, makeAgent, makeUser } from '../rig/page-hub.ts';
import { type PagedDaemon, startPagedDaemon } from '../rig/paged-daemon.ts';
import { until } from '../rig/wait.ts';

/** Runs while there is a file `good`, and says what it finds in a file `say`. */
const WEB =
  'test -e good || exit 3; echo web is up; while :; do test -e say && cat say && rm say; sleep 0.05; done';
const CONFIG = `
services:
  web: { run: [sh, -c, "${WEB}"], restart: { fast: 2, backoff: 500ms..1s } }
`;
const PASSWORD = 'correct horse battery';
const WITHIN_MS = 1000;

interface Row {
  readonly agent: string;
  readonly kind: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

interface Place {
  readonly hub: PagedDaemon;
  readonly folder: string;
  open(t: TestContext, user: string, allowed?: RegExp): Promise<Visit>;
}

/** A daemon, a tenant beside it whose machine is `beta`, and who looks: ada may act on alpha, walt may look at alpha, both see nothing of beta. */
async function startPlace(t: TestContext): Promise<Place> {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'good'), '');
  const hub = await startPagedDaemon(t, { folder, yaml: CONFIG });
  const [of] = createFleet({ agents: 1, services: 3, jobs: 1, now: Date.now() });
  assert.ok(of);
  const beta = {
    ...of,
    agent: 'beta',
    services: of.services.map((each) => ({ ...each, name: `secret-${each.name}` })),
  };
  const tenant = await connectAgent({
    url: hub.url,
    token: await makeAgent(hub, 'beta'),
    of: beta,
    now: Date.now,
  });
  onEnd(t, () => tenant.close());
  tenant.log({ service: 'secret-firehose', message: 'a secret line' });
  await tenant.flush();
  await makeUser(hub, 'ada', { role: 'operate', agents: ['alpha'], password: PASSWORD });
  await makeUser(hub, 'walt', { role: 'view', agents: ['alpha'], password: PASSWORD });
  const browser = await startBrowser(t);
  return {
    hub,
    folder,
    open: async (own, user, allowed) =>
      visit(own, browser, {
        url: hub.url,
        cookie: await signIn(hub.url, user, PASSWORD),
        ...(allowed === undefined ? {} : { allowed }),
      }),
  };
}

test('the page with a real daemon', { skip: NO_BROWSER }, async (t) => {
  leakCheck(t);
  const place = await startPlace(t);
  await t.test(
    'who may only look finds no actions, and is refused; of another tenant nothing is there',
    (own) => checkViewer(own, place),
  );
  await t.test(
    'a service that is killed is seen to fail and to return, its time line says why, a line of it shows within a second; an operator restarts it',
    (own) => checkOperator(own, place),
  );
});

/** What stands under a heading. */
const part = (page: Page, name: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name, exact: true }) });
const attention = (page: Page) => part(page, 'Needs attention');
const entry = (page: Page) =>
  page.getByRole('list', { name: 'Services and jobs' }).getByRole('listitem').filter({ hasText: 'web' });

async function checkOperator(t: TestContext, { hub, folder, open }: Place): Promise<void> {
  const { page } = await open(t, 'ada');
  await page.goto('/');
  await entry(page).getByText('ok', { exact: true }).first().waitFor();

  rmSync(join(folder, 'good'));
  const { pid } = await hub.daemon.service('web');
  process.kill(-(pid as number), 'SIGKILL');
  const card = attention(page).getByRole('article').filter({ hasText: 'web' });
  await card.getByText('bad', { exact: true }).waitFor();
  await card.getByText(/code 3/).waitFor();
  writeFileSync(join(folder, 'good'), '');
  await card.waitFor({ state: 'detached' });
  await entry(page).getByText('ok', { exact: true }).first().waitFor();

  await entry(page).getByRole('link', { name: 'web' }).click();
  await page.getByRole('heading', { level: 1, name: 'web' }).waitFor();
  const timeLine = part(page, 'Time line').getByRole('list', { name: /^Records/ });
  await timeLine
    .getByText(/SIGKILL/)
    .first()
    .waitFor();
  await timeLine
    .getByText(/exited with code 3/)
    .first()
    .waitFor();
  const why = part(page, 'Why');
  await why.getByRole('listitem').first().waitFor();
  assert.match(await why.innerText(), /exited with code 3/);

  const before = (await hub.daemon.service('web')).life;
  await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Restart' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Why/).fill('a new version is there');
  await dialog.getByRole('button', { name: 'Restart' }).click();
  await dialog.waitFor({ state: 'detached' });
  await hub.daemon.waitFor(
    'web',
    'to have another life',
    ({ life, state }) => life !== before && state === 'running',
  );
  await timeLine
    .getByText(/a new version is there/)
    .first()
    .waitFor();
  const action = await until(
    async () =>
      (await rows(hub, 'agent=alpha&kind=action')).find((row) =>
        JSON.stringify(row).includes('a new version is there'),
      ),
    { what: 'the record of the action' },
  );
  assert.match(JSON.stringify(action), /ada via hub/);
  await checkTail(page, folder);
}

/** The best of three counts: what else this machine does is not the page's. */
async function checkTail(page: Page, folder: string): Promise<void> {
  await page.goto('/logs?service=web');
  await page.getByRole('button', { name: 'Follow' }).click();
  const took: number[] = [];
  for (const round of ['first', 'second', 'third']) {
    const text = `a line, the ${round}`;
    writeFileSync(join(folder, 'say.new'), `${text}\n`);
    const begun = performance.now();
    renameSync(join(folder, 'say.new'), join(folder, 'say'));
    await page.getByText(text).first().waitFor();
    took.push(performance.now() - begun);
  }
  assert.ok(Math.min(...took) < WITHIN_MS, `a line took ${took.map(Math.round).join(', ')} ms to show`);
}

async function checkViewer(t: TestContext, { hub, open }: Place): Promise<void> {
  const { page } = await open(t, 'walt', /^40[34]: /);
  await page.goto('/');
  await entry(page).waitFor();
  assert.equal(await page.getByText('secret').count(), 0);
  assert.equal(await page.getByRole('button', { name: /^Actions for/ }).count(), 0);
  await entry(page).getByRole('link', { name: 'web' }).click();
  await part(page, 'Why').getByRole('listitem').first().waitFor();
  assert.equal(await page.getByRole('button', { name: /Restart|Stop|Snooze|Acknowledge/ }).count(), 0);
  const before = (await hub.daemon.service('web')).life;
  const refused = await page.evaluate(async () => {
    const { csrf } = (await (await fetch('/api/me')).json()) as { csrf: string };
    const response = await fetch('/api/ask/restart', {
      method: 'POST',
      headers: { 'x-vahti-csrf': csrf, 'content-type': 'application/json' },
      body: JSON.stringify({ agent: 'alpha', params: { names: ['web'] }, why: 'for fun' }),
    });
    return [response.status, await response.text()] as const;
  });
  assert.equal(refused[0], 403, refused[1]);
  assert.equal((await hub.daemon.service('web')).life, before);
  await page.goto('/services/beta/secret-firehose');
  await page.getByRole('heading', { name: 'secret-firehose is not on beta' }).waitFor();
  await page.goto('/logs?window=24h');
  await page.getByRole('row').filter({ hasText: 'web' }).first().waitFor();
  assert.equal(await page.getByText('secret').count(), 0);
  const own = await askHub<{ token: string }>(hub, 'POST', '/api/tokens', { kind: 'user', name: 'walt' });
  const seen = await rows({ url: hub.url, token: own.token }, '');
  assert.deepEqual([...new Set(seen.map(({ agent }) => agent))], ['alpha']);
}

async function rows(asking: Asking, query: string): Promise<readonly Row[]> {
  return (await askHub<{ rows: readonly Row[] }>(asking, 'GET', `/api/records?limit=1000&${query}`)).rows;
}
