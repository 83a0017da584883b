import { spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onEnd, TEST_VARIABLE, testStateId } from './leaks.ts';

const PROGRAM = '/usr/bin/chromium';

/** Why there is no browser for a test here; false where there is one. */
export const NO_BROWSER: string | false =
  spawnSync(PROGRAM, ['--version']).status === 0 ? false : `there is no ${PROGRAM} on this machine`;

/** A browser that ends with the test, all of its processes. One for many pages: it takes a second to start. */
export async function startBrowser(t: TestContext): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    args: ['--no-sandbox', '--disable-gpu'],
    env: { ...process.env, [TEST_VARIABLE]: `${testStateId}/` },
  });
  onEnd(t, () => browser.close());
  return browser;
}

export interface VisitOptions {
  /** Of the hub. */
  readonly url: string;
  /** As whom: see signIn. */
  readonly cookie?: SessionCookie | undefined;
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** What may go wrong in this test, as `found` says it. */
  readonly allowed?: RegExp;
}

export interface SessionCookie {
  readonly name: string;
  readonly value: string;
}

/** A page in a profile of its own. */
export interface Visit {
  readonly page: Page;
  /** What went wrong so far: errors on the console (also breaches of the Content-Security-Policy), uncaught ones, refused requests, requests to other places. */
  readonly found: readonly string[];
}

/** Opens an empty page. At the end of the test nothing may have gone wrong in it but what is allowed. */
export async function visit(t: TestContext, browser: Browser, options: VisitOptions): Promise<Visit> {
  const { url, cookie, scheme = 'light', width = 1280, height = 800, allowed = /^$/ } = options;
  const context = await browser.newContext({
    baseURL: url,
    colorScheme: scheme,
    viewport: { width, height },
    reducedMotion: 'reduce',
  });
  if (cookie !== undefined)
    await context.addCookies([{ ...cookie, url, httpOnly: true, sameSite: 'Strict' }]);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const found: string[] = [];
  const note = (what: string): void => {
    if (!allowed.test(what)) found.push(what);
  };
  page.on('pageerror', (error) => note(`uncaught: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // What was answered stands below, with its address.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) note(`console: ${text}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      note(`elsewhere: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) note(`${response.status()}: ${response.url().slice(url.length)}`);
  });
  onEnd(t, async () => {
    await context.close();
    assert.deepEqual(found, [], 'something went wrong in the page');
  });
  return { page, found };
}

/** A session of a user, as the browser keeps it. */
export async function signIn(url: string, name: string, password: string): Promise<SessionCookie> {
  const response = await fetch(`${url}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  const [pair = ''] = (response.headers.get('set-cookie') ?? '').split(';');
  const at = pair.indexOf('=');
  if (!response.ok || at === -1)
    throw new Error(`cannot sign in: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
  return { name: pair.slice(0, at), value: pair.slice(at + 1) };
}
