import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { NO_BROWSER, signIn, startBrowser, type Visit, visit } from '../rig/browser.ts';
import { type FleetHub, startFleetHub } from '../rig/fleet/hub.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { askHub, makeUser } from '../rig/page-hub.ts';
import { type PagedDaemon, startPagedDaemon } from '../rig/paged-daemon.ts';
import { until } from '../rig/wait.ts';

/** Fails for a file that says so, while there is a file `broken`. */
const STEP =
  'echo reads {in}; if test -e broken && grep -q bad {in}; then echo ValueError: packet 17 is too short >&2; exit 4; fi; cp {in} {out}';
const CONFIG = `
services:
  tm:
    pipeline:
      inbox: { root: incoming, match: "**/*.in", settle: 10ms }
      products: products
      steps:
        L0: { from: inbox, run: [sh, -c, ${JSON.stringify(STEP)}], to: "L0/{stem}.l0" }
        L1: { from: L0, run: [cp, "{in}", "{out}"], to: "L1/{stem}.l1" }
        PLOT: { from: L1, at: "0 8 1 1 *", run: ["true"] }
`;
const PASSWORD = 'correct horse battery';

interface Place {
  readonly hub: PagedDaemon;
  readonly folder: string;
  /** A token of hers. */
  readonly zoe: string;
  open(t: TestContext, user: string, allowed?: RegExp): Promise<Visit>;
}

/** ada may act on alpha, walt may look at it, zoe knows nothing of it. */
async function startPlace(t: TestContext, browser: Browser): Promise<Place> {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'incoming'));
  writeFileSync(join(folder, 'broken'), '');
  deliver({ folder }, 'a-1.in', 'good\n');
  deliver({ folder }, 'b-2.in', 'bad\n');
  const hub = await startPagedDaemon(t, { folder, yaml: CONFIG });
  const [, , zoe] = await Promise.all([
    makeUser(hub, 'ada', { role: 'operate', agents: ['alpha'], password: PASSWORD }),
    makeUser(hub, 'walt', { role: 'view', agents: ['alpha'], password: PASSWORD }),
    makeUser(hub, 'zoe', { role: 'operate', agents: ['beta'] }),
  ]);
  return {
    hub,
    folder,
    zoe,
    open: async (own, user, allowed) =>
      visit(own, browser, {
        url: hub.url,
        cookie: await signIn(hub.url, user, PASSWORD),
        ...(allowed === undefined ? {} : { allowed }),
      }),
  };
}

function deliver({ folder }: Pick<Place, 'folder'>, name: string, content: string): void {
  writeFileSync(join(folder, 'incoming', `${name}.tmp`), content);
  renameSync(join(folder, 'incoming', `${name}.tmp`), join(folder, 'incoming', name));
}

const part = (page: Page, name: string | RegExp) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name }) });

test('pipelines on the page', { skip: NO_BROWSER }, async (t) => {
  leakCheck(t);
  const browser = await startBrowser(t);
  const [place, fleet] = await Promise.all([startPlace(t, browser), startFleet(t)]);
  await t.test('of a real daemon: what failed, why, its story and its log; an operator mends it', (own) =>
    checkOperator(own, place),
  );
  await t.test('who may only look cannot act; of who may not look it is hidden', (own) =>
    checkOthers(own, place),
  );
  await t.test(
    'made-up ones, with 10,000 failures and 40 steps: no serious finding of axe, nothing too wide; and none',
    (own) => checkMadeUp(own, browser, fleet),
  );
});

async function checkOperator(t: TestContext, place: Place): Promise<void> {
  const { page } = await place.open(t, 'ada');
  await page.goto('/pipelines');
  await page.getByRole('link', { name: 'tm', exact: true }).click();
  // The reason, grouped, leads to the files, and a file to its story.
  const failures = part(page, 'Failures by reason');
  await failures.getByRole('link', { name: /L0.*exit code 4: ValueError: packet N is too short/ }).click();
  await page.getByRole('link', { name: 'b-2.in' }).click();
  await page.getByRole('heading', { name: 'b-2.in' }).waitFor();
  const task = page.getByRole('article').filter({ hasText: 'L0' });
  await task.getByText('exit code 4', { exact: true }).waitFor();
  await task.getByLabel('What attempt 1 printed').getByText('ValueError: packet 17').waitFor();

  rmSync(join(place.folder, 'broken'));
  await page.getByRole('button', { name: 'Retry this file' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Why/).fill('the decoder is mended');
  await dialog.getByRole('button', { name: 'Retry' }).click();
  await dialog.waitFor({ state: 'detached' });
  await part(page, 'What was made of it').getByRole('link', { name: 'b-2.l1' }).waitFor();
  await part(page, 'b-2.in').getByText('done', { exact: true }).waitFor();
  // Of a product it leads back, and both attempts stand in the story.
  assert.equal(await page.getByText('Attempt 1', { exact: true }).count(), 3);
  await page.getByRole('link', { name: 'b-2.l1' }).first().click();
  await part(page, 'What it was made of').getByRole('link', { name: 'b-2.in' }).waitFor();

  // The whole shows it, too, without loading it again; then it is held.
  await page.getByRole('link', { name: 'tm', exact: true }).click();
  await page.getByRole('link', { name: 'L1', exact: true }).first().waitFor();
  await page.getByText('2 done').first().waitFor();
  await page.getByRole('heading', { name: 'Failures by reason' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Hold' }).click();
  await dialog.getByLabel(/^Why/).fill('calibration');
  await dialog.getByRole('button', { name: 'Hold' }).click();
  await page.getByText(/Nothing new begins until it is resumed: calibration \(ada via hub\)/).waitFor();
  const said = await until(
    async () => {
      const { rows } = await askHub<{ rows: { message: string; service: string }[] }>(
        place.hub,
        'GET',
        '/api/records?kind=action&service=tm&limit=50',
      );
      return rows.length >= 2 ? rows.map(({ message }) => message) : undefined;
    },
    { what: 'the records of what ada did' },
  );
  assert.deepEqual(said, [
    'hold by ada via hub: calibration: is held: nothing new begins, what runs goes on',
    'retry by ada via hub: the decoder is mended: 1 task is done again',
  ]);
}

async function checkOthers(t: TestContext, { hub, zoe, open }: Place): Promise<void> {
  const { page } = await open(t, 'walt', /^403: /);
  await page.goto('/pipelines/alpha/tm?file=%231');
  await page.getByRole('heading', { name: 'What was done for it' }).waitFor();
  await page.getByRole('link', { name: 'tm', exact: true }).click();
  await page.getByRole('heading', { name: 'Levels' }).waitFor();
  assert.equal(await page.getByRole('button', { name: /Retry|Hold|Resume|Drain|Adopt/ }).count(), 0);
  const status = await page.evaluate(async () => {
    const { csrf } = (await (await fetch('/api/me')).json()) as { csrf: string };
    const response = await fetch('/api/ask/pipeline-resume', {
      method: 'POST',
      headers: { 'x-vahti-csrf': csrf, 'content-type': 'application/json' },
      body: JSON.stringify({ agent: 'alpha', params: { name: 'tm' }, why: 'for fun' }),
    });
    return response.status;
  });
  assert.equal(status, 403);
  const token = zoe;
  const seen = JSON.stringify(await askHub({ url: hub.url, token }, 'GET', '/api/board'));
  assert.ok(!seen.includes('incoming'), seen);
  for (const [method, params] of Object.entries({
    'pipeline-story': { file: '#1' },
    'pipeline-hold': {},
  })) {
    const body = { agent: 'alpha', params: { name: 'tm', ...params }, why: 'to see' };
    await assert.rejects(
      askHub({ url: hub.url, token }, 'POST', `/api/ask/${method}`, body),
      / 404: .*cannot find an agent/,
    );
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const BUSY = '/pipelines/alpha/tm';
const STORY = `${BUSY}?file=%232034`;
const FAILED = `${BUSY}?step=LB&is=failed`;
async function walk(
  { page }: Visit,
  how: string,
  addresses: readonly string[],
  rules: readonly string[],
): Promise<string[]> {
  const only = rules.length === 0 ? {} : { runOnly: { type: 'rule', values: rules } };
  const found: string[] = [];
  for (const address of addresses) {
    await page.goto(address);
    await page.locator('main section li, main ul.list').first().waitFor();
    if (address === BUSY) await page.getByText('All steps as a table').click();
    const tooWide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    if (tooWide > 0) found.push(`${address} is ${tooWide} px too wide (${how})`);
    const rows = await page.locator('main li').count();
    if (rows > 220) found.push(`${address} has ${rows} rows (${how})`);
    await page.evaluate(`globalThis.axe === undefined && (0, eval)(${JSON.stringify(AXE)})`);
    const { violations } = await page.evaluate<{
      violations: { id: string; impact: string; nodes: { target: string[] }[] }[];
    }>(`axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...only })})`);
    for (const { id, impact, nodes } of violations)
      if (impact === 'serious' || impact === 'critical')
        found.push(
          `${address} (${how}): ${id}: ${nodes
            .slice(0, 2)
            .map(({ target }) => target.join(' '))
            .join(' | ')}`,
        );
  }
  return found;
}

function startFleet(t: TestContext): Promise<FleetHub> {
  return startFleetHub(t, { agents: 2, services: 2, jobs: 0, pipelines: 10, records: 20 });
}

async function checkMadeUp(t: TestContext, browser: Browser, hub: FleetHub): Promise<void> {
  const own = { url: hub.url, cookie: hub.cookies.operate };
  const wide = await visit(t, browser, own);
  const dark = await visit(t, browser, { ...own, scheme: 'dark' });
  const narrow = await visit(t, browser, { ...own, width: 390, height: 844 });
  const found = await Promise.all([
    walk(wide, 'light', [BUSY, STORY], []),
    walk(dark, 'dark', [BUSY], ['color-contrast']),
    walk(
      narrow,
      'narrow',
      ['/pipelines', BUSY, STORY],
      ['target-size', 'scrollable-region-focusable', 'nested-interactive'],
    ),
  ]);
  assert.deepEqual(found.flat(), []);
  const { page } = wide;
  await page.goto('/pipelines');
  await page.locator('main ul.list > li').nth(9).waitFor();
  assert.equal(await page.locator('main ul.list > li').count(), 10);
  await page.goto('/pipelines/beta/ecg');
  await page.getByRole('heading', { name: 'Level 8' }).waitFor();
  assert.equal(await page.locator('.graph .node').count(), 41);
  await page.goto(FAILED);
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.getByText(/^100 shown, and 1,312 more/).waitFor();
  // Those that are gone are not shown any more.
  for (const agent of hub.agents)
    await agent.report({ gone: { services: agent.of.services.map(({ name }) => name), jobs: [] } });
  await page.goto('/pipelines');
  await page.getByRole('heading', { name: 'There is no pipeline yet' }).waitFor();
}
