import type { Browser, Page } from 'playwright-core';
import type { SessionCookie } from '../../rig/browser.ts';
import { quantile } from '../table.ts';
import { addMeasuring, inPage } from './in-page.ts';

/** How long it takes from a click, or from an address, until a view shows what it is for. Milliseconds. */
export interface ViewFigures {
  readonly name: string;
  /** From a click within the page. */
  readonly p50: number;
  readonly p95: number;
  readonly worst: number;
  /** By its address in a fresh profile: everything is loaded, from the click on the link to the painted content. */
  readonly first: number;
}

/** A view: the link that leads to it, its address, and what is there when it shows its content. */
export interface View {
  readonly name: string;
  readonly address: string;
  /** From where it is opened. */
  readonly from: string;
  readonly link: string;
  readonly content: string;
}

const DEADLINE_MS = 30_000;

export async function measureView(page: Page, view: View, times: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let round = 0; round < times; round++) {
    await settle(page, view.from);
    found.push(await timed(page, view));
  }
  return found;
}

async function settle(page: Page, from: string): Promise<void> {
  if (new URL(page.url()).pathname !== from) await page.click(`nav a[href="${from}"]`);
  await page.waitForLoadState('networkidle');
  // What was drawn late is not counted for the next one.
  await inPage(page, 'idle()');
}

function timed(page: Page, { link, content }: View): Promise<number> {
  return inPage(page, `timed(${JSON.stringify(link)}, ${JSON.stringify(content)}, ${DEADLINE_MS})`);
}

export interface FirstLoad {
  readonly ms: number;
  /** As they came over the line, and unpacked; of the page's own files. */
  readonly transferred: number;
  readonly raw: number;
  readonly requests: number;
}

/** Opens a view by its address, with nothing kept from before. */
export async function firstLoad(
  browser: Browser,
  { url, cookie }: { readonly url: string; readonly cookie: SessionCookie },
  { address, content }: Pick<View, 'address' | 'content'>,
): Promise<FirstLoad> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 } });
  await context.addCookies([{ ...cookie, url, httpOnly: true, sameSite: 'Strict' }]);
  await addMeasuring(context);
  const page = await context.newPage();
  const sizes: Promise<{ readonly transferred: number; readonly raw: number }>[] = [];
  page.on('requestfinished', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/api/')) return;
    sizes.push(
      Promise.all([request.sizes(), request.response()]).then(async ([size, response]) => ({
        transferred: size.responseBodySize + size.responseHeadersSize,
        raw: (await response?.body())?.length ?? 0,
      })),
    );
  });
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForSelector(content, { state: 'attached', timeout: DEADLINE_MS });
  const ms = await inPage<number>(page, 'painted()');
  await page.waitForLoadState('networkidle');
  const all = await Promise.all(sizes);
  await context.close();
  return {
    ms,
    transferred: all.reduce((sum, each) => sum + each.transferred, 0),
    raw: all.reduce((sum, each) => sum + each.raw, 0),
    requests: all.length,
  };
}

export function figuresOf(name: string, times: readonly number[], first: number): ViewFigures {
  return { name, p50: quantile(times, 0.5), p95: quantile(times, 0.95), worst: Math.max(...times), first };
}
