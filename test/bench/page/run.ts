/** The page, with a thousand services and a million records: `node test/bench/page/run.ts --help`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { builtPage } from '../../rig/built-page.ts';
import { benchFolder } from '../bench-folder.ts';
import { machineFacts, watchLoad } from '../machine.ts';
import { ROOT } from '../program.ts';
import { type FrameFigures, measureFrames } from './frames.ts';
import { type BenchHub, startBenchHub } from './hub.ts';
import { addMeasuring } from './in-page.ts';
import { startLines, startReporting } from './live.ts';
import { pageOf } from './report.ts';
import { figuresOf, type FirstLoad, firstLoad, measureView, type View, type ViewFigures } from './views.ts';

const USAGE = `node test/bench/page/run.ts [OPTIONS]

  --services N   of all agents (1000)
  --agents N     daemons that report to the hub (10)
  --records N    in the hub's store, of the last day (1000000)
  --times N      how often each view is opened (30)
  --rate N       log lines a second while the log is followed (10000)
  --seconds N    that frames are counted for (20)
  --doc FILE     where the page goes (docs/bench-page.md; "none": nowhere)
  --temp FOLDER  where to work (a new one in the system's; deleted unless --keep)`;

const NUMBERS = ['services', 'agents', 'records', 'times', 'rate', 'seconds'] as const;

/** Rows of the log that is followed. */
const FOLLOWED = '/logs?follow=1';

export interface PageFigures {
  readonly size: Readonly<Record<(typeof NUMBERS)[number], number>>;
  readonly views: readonly ViewFigures[];
  readonly first: FirstLoad;
  /** Of the overview, while figures of all services change. */
  readonly idle: FrameFigures;
  readonly tail: FrameFigures & { readonly linesPerSecond: number };
}

function viewsOf(hub: BenchHub): readonly View[] {
  const one = hub.agents[0]?.of;
  const service = `/services/${one?.agent}/${one?.services[0]?.name}`;
  const plain = (name: string, address: string, content: string, from = '/'): View => ({
    name,
    address,
    from,
    link: `nav a[href="${address}"]`,
    content,
  });
  return [
    plain('Overview', '/', 'main a[href^="/services/"]', '/tokens'),
    {
      name: 'Service',
      address: service,
      from: '/',
      link: 'main a[href^="/services/"]',
      content: 'main canvas',
    },
    plain('Logs', '/logs', 'main [role="row"]'),
    plain('Collectors', '/collectors', 'main td[role="gridcell"][tabindex]'),
    plain('Jobs', '/jobs', 'main:has(table a[href^="/jobs?job="]) svg rect.ok'),
    plain('Notifications', '/notifications', 'main li li strong'),
    plain('Access', '/tokens', 'main dl'),
  ];
}

async function measure(
  browser: Browser,
  hub: BenchHub,
  size: PageFigures['size'],
): Promise<Omit<PageFigures, 'size'>> {
  const views: ViewFigures[] = [];
  const loads: FirstLoad[] = [];
  const page = await opened(browser, hub, '/');
  for (const view of viewsOf(hub)) {
    const first = await firstLoad(browser, hub, view);
    loads.push(first);
    const found = figuresOf(view.name, await measureView(page, view, size.times), first.ms);
    console.error(
      `${view.name}: p50 ${found.p50.toFixed(0)} ms, p95 ${found.p95.toFixed(0)} ms, first ${first.ms.toFixed(0)} ms`,
    );
    views.push(found);
  }
  const ms = size.seconds * 1000;
  await page.click('nav a[href="/"]');
  const idle = await measureFrames(page, ms);
  await page.close();
  const tailed = await opened(browser, hub, FOLLOWED);
  const end = startLines(hub.agents, size.rate);
  // Until the buffer of the page is full.
  await sleep(3000);
  const [begun, before] = [performance.now(), await received(tailed)];
  const frames = await measureFrames(tailed, ms);
  const after = await received(tailed);
  const linesPerSecond = ((after - before) / (performance.now() - begun)) * 1000;
  await end();
  console.error(
    `frames a second: ${idle.perSecond.toFixed(1)} idle, ${frames.perSecond.toFixed(1)} at ${linesPerSecond.toFixed(0)} lines/s`,
  );
  return { views, first: loads[0] as FirstLoad, idle, tail: { ...frames, linesPerSecond } };
}

/** Lines that the page has, as it says. */
async function received(page: Page): Promise<number> {
  const text = await page.locator('main footer').filter({ hasText: 'received' }).innerText();
  return Number(/^([\d,]+) received/.exec(text)?.[1]?.replaceAll(',', ''));
}

async function opened(browser: Browser, { url, cookie }: BenchHub, address: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 } });
  await context.addCookies([{ ...cookie, url, httpOnly: true, sameSite: 'Strict' }]);
  await addMeasuring(context);
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`the page: ${error.message}`));
  await page.goto(address, { waitUntil: 'networkidle' });
  return page;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: 'string', default: '1000' },
      agents: { type: 'string', default: '10' },
      records: { type: 'string', default: '1000000' },
      times: { type: 'string', default: '30' },
      rate: { type: 'string', default: '10000' },
      seconds: { type: 'string', default: '20' },
      doc: { type: 'string', default: join(ROOT, 'docs/bench-page.md') },
      temp: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const size = Object.fromEntries(NUMBERS.map((name) => [name, Number(values[name])])) as PageFigures['size'];
  if (values.help || Object.values(size).some((value) => !(value >= 1))) {
    console.error(USAGE);
    return 2;
  }
  const folder = benchFolder({ temp: values.temp, keep: values.keep });
  const facts = machineFacts(folder);
  const load = watchLoad();
  await builtPage();
  const hub = await startBenchHub(folder, size);
  console.error(`${size.services} services of ${size.agents} agents, ${size.records} records: there`);
  const stop = startReporting(hub.agents);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'],
  });
  try {
    const found = await measure(browser, hub, size);
    const command = `node test/bench/page/run.ts ${args.join(' ')}`.trim();
    const page = pageOf(command, [...facts, `Chromium ${browser.version()}, without a GPU`, load()], {
      size,
      ...found,
    });
    console.log(page);
    if (values.doc !== 'none') writeFileSync(values.doc, page);
    return 0;
  } finally {
    await browser.close();
    await stop();
    await hub.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
