import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { NO_BROWSER, startBrowser, visit } from '../rig/browser.ts';
import { type FleetHub, startFleetHub } from '../rig/fleet/hub.ts';
import { leakCheck } from '../rig/leaks.ts';

interface View {
  readonly address: string;
  /** What is there when it shows what it is for. */
  readonly content: (page: Page) => ReturnType<Page['getByText']>;
  /** For everybody, without a session. */
  readonly isOpen?: boolean;
}

const heading = (name: string | RegExp) => (page: Page) => page.getByRole('heading', { name }).first();

const VIEWS: readonly View[] = [
  {
    address: '/',
    content: (page) => page.getByRole('list', { name: 'Services and jobs' }).getByRole('img').first(),
  },
  { address: '/?wall=1', content: heading(/of 12 services/) },
  { address: '/services/alpha/firehose', content: (page) => page.getByRole('figure').first() },
  { address: '/logs?window=24h', content: (page) => page.getByRole('row').nth(3) },
  { address: '/collectors', content: (page) => page.getByRole('figure').first() },
  { address: '/pipelines', content: heading('There is no pipeline yet') },
  { address: '/jobs', content: (page) => page.getByRole('table').first() },
  { address: '/notifications', content: heading('Channels') },
  { address: '/tokens', content: heading('Users') },
  { address: '/nowhere', content: heading(/./) },
  { address: '/status', content: heading('Our services'), isOpen: true },
  { address: '/sign-in', content: heading(/Sign in/), isOpen: true },
];

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly unknown[] }[];
}

/** What axe takes for serious or critical. @param rules only these; all where there are none. */
async function findings(page: Page, rules: readonly string[] = []): Promise<string[]> {
  await page.evaluate(`globalThis.axe === undefined && (0, eval)(${JSON.stringify(AXE)})`);
  const only = rules.length === 0 ? {} : { runOnly: { type: 'rule', values: rules } };
  const options = { resultTypes: ['violations'], ...only };
  const { violations } = await page.evaluate<{ violations: Finding[] }>(
    `axe.run(document, ${JSON.stringify(options)})`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, help, nodes }) =>
        `${id}: ${help}: ${nodes
          .slice(0, 3)
          .map(({ target }) => target.join(' '))
          .join(' | ')}`,
    );
}

/** Each of them shows its content; nothing is wider than the window. */
async function walk(
  page: Page,
  how: string,
  views: readonly View[],
  rules: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { address, content } of views) {
    await page.goto(address);
    await content(page).waitFor();
    await page
      .waitForLoadState('networkidle')
      .catch(() => found.push(`${address} (${how}) asks for something all the time`));
    const tooWide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    if (tooWide > 0) found.push(`${address} is ${tooWide} px too wide (${how})`);
    found.push(...(await findings(page, rules)).map((each) => `${address} (${how}): ${each}`));
  }
  return found;
}

test('every view: no serious finding of axe, light and dark, wide and narrow; nothing is too wide, asked of others, or against the policy; the first load is small', {
  skip: NO_BROWSER,
}, async (t) => {
  leakCheck(t);
  const hub = await startFleetHub(t, { agents: 2, services: 12, records: 400 });
  await checkPolicy(hub);
  const browser = await startBrowser(t);
  const own = { url: hub.url, cookie: hub.cookies.admin };
  const wide = await visit(t, browser, own);
  await checkFirstLoad(t, wide.page);
  const narrow = await visit(t, browser, { ...own, width: 390, height: 844 });
  const dark = await visit(t, browser, { ...own, scheme: 'dark' });
  const stranger = await visit(t, browser, { url: hub.url, allowed: /^401: / });
  const open = VIEWS.filter(({ isOpen }) => isOpen);
  // What differs from the first of them; at the same time, since each waits a little at every view.
  const found = await Promise.all([
    walk(wide.page, 'wide', VIEWS, []),
    walk(narrow.page, 'narrow', VIEWS, NARROW_RULES),
    walk(dark.page, 'dark', VIEWS, ['color-contrast']),
    walk(stranger.page, 'without a session', open, ['document-title']),
  ]);
  assert.deepEqual(found.flat(), []);
});

const NARROW_RULES = ['target-size', 'scrollable-region-focusable', 'nested-interactive'];

async function checkPolicy(hub: FleetHub): Promise<void> {
  const response = await fetch(`${hub.url}/`, { headers: { accept: 'text/html' } });
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|http/);
  assert.doesNotMatch(await response.text(), /<style|style=|<script(?![^>]*src=)|\son\w+=/);
}

const MOST_BYTES = 200_000;

async function checkFirstLoad(t: TestContext, page: Page): Promise<void> {
  const sizes: Promise<{ readonly sent: number; readonly raw: number }>[] = [];
  page.on('requestfinished', (request) => {
    if (request.url().includes('/api/')) return;
    sizes.push(
      Promise.all([request.sizes(), request.response()]).then(async ([{ responseBodySize }, response]) => ({
        sent: responseBodySize,
        raw: (await response?.body())?.length ?? 0,
      })),
    );
  });
  await page.goto('/');
  await page.getByRole('list', { name: 'Services and jobs' }).waitFor();
  await page.waitForLoadState('networkidle');
  const all = await Promise.all(sizes);
  page.removeAllListeners('requestfinished');
  const sum = (key: 'sent' | 'raw'): number => all.reduce((total, each) => total + each[key], 0);
  t.diagnostic(
    `the first load: ${all.length} files, ${sum('sent')} bytes over the line, ${sum('raw')} unpacked`,
  );
  assert.ok(sum('sent') > 10_000 && sum('sent') <= MOST_BYTES, `the first load has ${sum('sent')} bytes`);
}
