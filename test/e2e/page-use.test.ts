import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { NO_BROWSER, startBrowser, visit } from '../rig/browser.ts';
import { type FleetHub, PASSWORD, startFleetHub } from '../rig/fleet/hub.ts';
import { leakCheck } from '../rig/leaks.ts';
import { focused, tabThrough, tabTo } from '../rig/page-focus.ts';
import { startPageHub } from '../rig/page-hub.ts';

test('the page with made-up daemons', { skip: NO_BROWSER }, async (t) => {
  leakCheck(t);
  const hub = await startFleetHub(t, { agents: 2, services: 12, records: 400 });
  const browser = await startBrowser(t);
  await t.test(
    'by keyboard alone: in, to a service, a dialog and out of it, the log; no trap, the focus is seen',
    (own) => checkKeyboard(own, browser, hub),
  );
  await t.test(
    'a page whose hub is gone says so, and comes back by itself, without being loaded again',
    (own) => checkAway(own, browser, hub),
  );
});

async function checkKeyboard(t: TestContext, browser: Browser, hub: FleetHub): Promise<void> {
  const { page } = await visit(t, browser, { url: hub.url, allowed: /^401: \/api\/me/ });
  const { keyboard } = page;
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: /Sign in/ }).waitFor();
  if ((await focused(page)).name !== 'Name') await tabTo(page, /^Name/);
  await keyboard.type('ada-operate');
  await tabTo(page, /^Password/, 3);
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await page.getByRole('list', { name: 'Services and jobs' }).waitFor();

  const all = await tabThrough(page);
  assert.deepEqual(
    all.filter(({ isSeen }) => !isSeen).map(({ name }) => name),
    [],
    'the focus is not seen',
  );
  assert.equal(all[0]?.name, 'To the content');
  await tabTo(page, /^museum$/);
  await keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'museum' }).waitFor();
  await tabTo(page, /^Restart$/);
  await keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  assert.match((await focused(page)).name, /^Why/);
  await keyboard.type('no, not now');
  // Within a dialog the focus stays, or leaves for the browser itself; never for what is behind.
  const inside = new Set((await tabRound(page, 12)).filter((name) => name !== ''));
  assert.ok(
    [...inside].every((name) => /^(Why|Cancel|Restart|Close)/.test(name)),
    `the focus came to ${[...inside].join(', ')}`,
  );
  await tabTo(page, /^Cancel$/, 12);
  await keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await focused(page)).name, 'Restart', 'the focus is back where it was');
  await keyboard.press('Enter');
  await dialog.waitFor();
  await keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(
    hub.agents.flatMap(({ asked }) => asked.filter(({ method }) => method === 'restart')),
    [],
  );

  await keyboard.press('g');
  await keyboard.press('l');
  await page.getByRole('heading', { level: 1, name: 'Logs' }).waitFor();
  await page.goto('/logs?window=24h');
  await page.getByRole('row').nth(3).waitFor();
  await keyboard.press('/');
  assert.equal((await focused(page)).name, 'Text to look for');
  await keyboard.type('slow query');
  await keyboard.press('Enter');
  await page.getByRole('row').filter({ hasText: 'listening on' }).first().waitFor({ state: 'detached' });
  await page.getByRole('row').filter({ hasText: 'slow query' }).first().waitFor();
  assert.match(page.url(), /slow/);
}

/** The names of what Tab comes to; empty where the page has no focus. */
async function tabRound(page: Parameters<typeof focused>[0], presses: number): Promise<readonly string[]> {
  const names: string[] = [];
  for (let press = 0; press < presses; press++) {
    await page.keyboard.press('Tab');
    const { tag, name } = await focused(page);
    names.push(tag === 'body' ? '' : name);
  }
  return names;
}

async function checkAway(t: TestContext, browser: Browser, hub: FleetHub): Promise<void> {
  const { page } = await visit(t, browser, {
    url: hub.url,
    cookie: hub.cookies.view,
    allowed: /WebSocket|ERR_CONNECTION|^50\d/,
  });
  await page.goto('/');
  const entry = page
    .getByRole('list', { name: 'Services and jobs' })
    .getByRole('listitem')
    .filter({ hasText: 'beam' });
  await entry.getByText('ok', { exact: true }).waitFor();
  await page.evaluate('globalThis.isThisVeryPage = true');
  await hub.close();
  const stale = page.getByRole('status').filter({ hasText: 'Not live for' });
  await stale.waitFor();
  assert.match(await stale.innerText(), /What you see is from \d\d:\d\d:\d\d/);
  await entry.waitFor();

  await startPageHub(t, { folder: hub.folder, port: Number(new URL(hub.url).port) });
  await stale.waitFor({ state: 'detached' });
  const agent = hub.agents.find(({ of }) => of.services.some(({ name }) => name === 'beam'));
  const beam = agent?.of.services.find(({ name }) => name === 'beam');
  assert.ok(agent !== undefined && beam !== undefined);
  await agent.report({
    services: [{ ...beam, condition: 'bad', trouble: 'it is bad since the hub is back', since: Date.now() }],
  });
  await entry.getByText('it is bad since the hub is back').waitFor();
  assert.equal(await page.evaluate('globalThis.isThisVeryPage'), true);
}
