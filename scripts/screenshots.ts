/**
 * Takes the pictures of the page in docs/screenshots, of made-up daemons that report to a real hub.
 *
 *     node scripts/screenshots.ts                  all of them
 *     node scripts/screenshots.ts overview stale   those whose names begin so
 *     --png FOLDER                                 also as PNG into this folder, to look at
 *
 * Exit codes: 0 done; 1 something went wrong in the page; 2 the arguments make no sense.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type FleetHub, startFleetHub } from '../test/rig/fleet/hub.ts';
import { FLEETS, type Picture, PICTURES } from './screenshots/pictures.ts';

const OUT = fileURLToPath(new URL('../docs/screenshots', import.meta.url));
const QUALITY = 82;
const SIZES = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;

/** What the rig of the tests is told to do at the end. */
function createCleanup(): { readonly t: TestContext; run(): Promise<void> } {
  const cleanups: (() => unknown)[] = [];
  return {
    t: { after: (clean: () => unknown) => void cleanups.push(clean) } as unknown as TestContext,
    async run() {
      for (let last = cleanups.pop(); last !== undefined; last = cleanups.pop()) await last();
    },
  };
}

async function take(
  browser: Browser,
  hub: FleetHub,
  picture: Picture,
  png: string | undefined,
): Promise<string[]> {
  const { name, size = 'wide', scheme = 'light', as = 'admin', address, shows, prepare } = picture;
  const context = await browser.newContext({
    baseURL: hub.url,
    viewport: SIZES[size],
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  if (as !== 'nobody') await context.addCookies([{ ...hub.cookies[as], url: hub.url }]);
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(`${name}: ${error.message}`));
  try {
    await page.goto(address);
    await page.locator(shows).first().waitFor();
    await page.waitForLoadState('networkidle');
    await prepare?.(page, hub);
    const bytes = await webp(page);
    writeFileSync(join(OUT, `${name}.webp`), bytes);
    if (png !== undefined) await page.screenshot({ path: join(png, `${name}.png`) });
    console.log(`${name}: ${Math.round(bytes.length / 1024)} KiB`);
  } catch (error) {
    wrong.push(`${name}: ${String(error)}`);
  } finally {
    await context.close();
  }
  return wrong;
}

/** A fifth of a PNG; Playwright itself does not make it. */
async function webp(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
  return Buffer.from(data, 'base64');
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { png: { type: 'string' } },
  });
  const isWanted = ({ name }: Picture): boolean =>
    positionals.length === 0 || positionals.some((begin) => name.startsWith(begin));
  const wanted = PICTURES.filter(isWanted);
  if (wanted.length === 0) {
    console.error(`cannot take any: no picture begins with ${positionals.join(' or ')}`);
    return 2;
  }
  mkdirSync(OUT, { recursive: true });
  if (values.png !== undefined) mkdirSync(values.png, { recursive: true });
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const wrong: string[] = [];
  try {
    for (const fleet of Object.keys(FLEETS) as (keyof typeof FLEETS)[]) {
      const own = wanted.filter((picture) => (picture.fleet ?? 'some') === fleet);
      if (own.length === 0) continue;
      const cleanup = createCleanup();
      try {
        const hub = await startFleetHub(cleanup.t, FLEETS[fleet]);
        for (const picture of own) wrong.push(...(await take(browser, hub, picture, values.png)));
      } finally {
        await cleanup.run();
      }
    }
  } finally {
    await browser.close();
  }
  for (const each of wrong) console.error(each);
  return wrong.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
