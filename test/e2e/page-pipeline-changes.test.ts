import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { NO_BROWSER, startBrowser, visit } from '../rig/browser.ts';
import { type FleetHub, startFleetHub } from '../rig/fleet/hub.ts';
import { leakCheck } from '../rig/leaks.ts';
import { until } from '../rig/wait.ts';

const BUSY = '/pipelines/alpha/tm';
const part = (page: Page, name: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name }) });

type Reported = NonNullable<FleetHub['agents'][number]['of']['services'][number]['pipeline']>;

/** A report of alpha's first pipeline with something changed. */
async function reportOther(hub: FleetHub, change: (pipeline: Reported) => Partial<Reported>): Promise<void> {
  const agent = hub.agents.find(({ of }) => of.agent === 'alpha');
  const service = agent?.of.services.find(({ name }) => name === 'tm');
  assert.ok(agent !== undefined && service?.pipeline !== undefined);
  const { pipeline } = service;
  await agent.report({ services: [{ ...service, pipeline: { ...pipeline, ...change(pipeline) } }] });
}

interface Place {
  readonly hub: FleetHub;
  readonly page: Page;
}

async function startPlace(t: TestContext): Promise<Place> {
  leakCheck(t);
  const browser = await startBrowser(t);
  const hub = await startFleetHub(t, { agents: 1, services: 1, jobs: 0, pipelines: 1, records: 1 });
  const { page } = await visit(t, browser, { url: hub.url, cookie: hub.cookies.operate });
  return { hub, page };
}

test('what an open dialog asks can be done, whatever is told meanwhile; all that failed is counted; charts are asked for each minute', {
  skip: NO_BROWSER,
}, async (t) => {
  const { hub, page } = await startPlace(t);
  await reportOther(hub, ({ running }) => ({
    running: running.slice(0, 1).map((run) => ({ ...run, started: Date.now() })),
  }));
  let asked = 0;
  page.on('request', (request) => void (request.url().includes('/api/series') && asked++));
  await page.goto(BUSY);
  const failures = part(page, 'Failures by reason');
  // 1415 tasks, and three files that no step has had.
  await failures.getByText('1,418 failed').waitFor();
  await part(page, 'The last 24 hours').waitFor();
  // The charts are not asked for again with each second that passes.
  const seen = new Set<string | null>();
  await until(async () => seen.add(await page.locator('main .time').first().textContent()).size > 3, {
    what: 'three seconds to be shown',
  });
  assert.equal(asked, 1);

  await failures.getByRole('button', { name: 'Retry' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Why/).fill('the decoder is mended');
  await reportOther(hub, ({ steps }) => ({
    steps: steps.map((step) => ({ ...step, tasks: { done: 1 } })),
    failures: [],
    moreFailures: 0,
    badFiles: 0,
  }));
  await failures.waitFor({ state: 'detached' });
  await dialog.getByRole('button', { name: 'Retry' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(hub.agents[0]?.asked.filter(({ method }) => method === 'pipeline-retry').length, 1);
});

test('what a report leaves out is said, a retry says all that it does, and links lead to what they name', {
  skip: NO_BROWSER,
}, async (t) => {
  const { hub, page } = await startPlace(t);
  await reportOther(hub, ({ steps, running }) => ({
    steps: steps.map((step) =>
      step.name === 'L2' ? { ...step, tasks: { failed: 40, parked: 2, running: 3 } } : step,
    ),
    running: running.slice(0, 1).map((run) => ({ ...run, first: '…/solo_tm_2034.xml' })),
  }));
  await page.goto(`${BUSY}?step=L2`);
  await part(page, 'Failures by reason').getByText('42 of reasons that are not listed').waitFor();
  await part(page, 'Runs now').getByText('3, none of them among the longest').waitFor();
  await page.goto(`${BUSY}?step=L2&is=failed`);
  await page.getByRole('button', { name: 'Retry its 42 failed and parked' }).waitFor();
  await page.goto(`${BUSY}?step=L2&is=failed,parked&reason=exit+code+5`);
  await page.getByText(/^50 shown/).waitFor();
  await page.getByRole('button', { name: 'Retry', exact: true }).waitFor();
  assert.equal(await page.getByText('None is so any more').count(), 0);
  // Of a path that is too long for a report its name is looked for; a search is one of all inboxes.
  await page.goto(`${BUSY}?inbox=tm&is=failed`);
  await page.getByRole('searchbox').fill('2034');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.waitForURL((url) => url.search === '?q=2034');
  await page.goto(BUSY);
  await part(page, 'Runs now').getByRole('link', { name: 'solo_tm_2034.xml' }).click();
  await page.waitForURL((url) => url.search === '?q=solo_tm_2034.xml');
  // Attempts are counted as the heading of each has it.
  await page.goto(`${BUSY}?file=%232034`);
  await page.getByLabel('What attempt 3 printed').waitFor();
});
