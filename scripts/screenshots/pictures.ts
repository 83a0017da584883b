import type { Page } from 'playwright-core';
import type { FleetHub, FleetHubOptions } from '../../test/rig/fleet/hub.ts';

/** What pictures are taken of. */

/** Made-up machines; the same ones each time. */
export const FLEETS = {
  some: { agents: 3, services: 26, jobs: 6, pipelines: 3, records: 6000 },
  none: { agents: 0, services: 0, jobs: 0, records: 0 },
  ten: { agents: 2, services: 10, jobs: 2, records: 2000 },
  thousand: { agents: 10, services: 1000, jobs: 60, records: 10_000 },
  long: { agents: 2, services: 12, jobs: 5, pipelines: 2, records: 2000, longNames: true },
  pipelines: { agents: 2, services: 2, jobs: 0, pipelines: 10, records: 200 },
} as const satisfies Readonly<Record<string, FleetHubOptions>>;

export interface Picture {
  /** Of the file. */
  readonly name: string;
  readonly fleet?: keyof typeof FLEETS;
  readonly address: string;
  /** What has to be there, as a selector. */
  readonly shows: string;
  readonly size?: 'wide' | 'phone';
  readonly scheme?: 'light' | 'dark';
  readonly as?: 'view' | 'operate' | 'admin' | 'nobody';
  readonly prepare?: (page: Page, hub: FleetHub) => Promise<unknown>;
}

const VIEWS: readonly Picture[] = [
  { name: 'overview', address: '/', shows: 'main li svg[role="img"]' },
  { name: 'wall', address: '/?wall=1', shows: 'main h1' },
  { name: 'service', address: '/services/gamma/museum', shows: 'main figure' },
  { name: 'logs', address: '/logs?window=24h', shows: 'main [role="gridcell"]' },
  { name: 'collectors', address: '/collectors', shows: 'main figure' },
  { name: 'pipelines', address: '/pipelines', shows: 'main li h2' },
  { name: 'pipeline', address: '/pipelines/alpha/tm', shows: 'main .graph' },
  { name: 'jobs', address: '/jobs', shows: 'main table' },
  { name: 'notifications', address: '/notifications', shows: 'main h2' },
  { name: 'access', address: '/tokens', shows: 'main table' },
  { name: 'status', address: '/status', shows: 'main h2', as: 'nobody' },
  { name: 'sign-in', address: '/sign-in', shows: 'main form', as: 'nobody' },
];

/** Down to where something stands. */
const to = (heading: string) => (page: Page) =>
  page.getByRole('heading', { name: heading }).evaluate((element) => element.scrollIntoView());

/** The last one of its fleet: nobody answers any more. */
async function lose(page: Page, hub: FleetHub): Promise<void> {
  await hub.close();
  await page.getByText('Not live for').waitFor();
}

const OTHERS: readonly Picture[] = [
  { name: 'overview-list', address: '/', shows: 'main li svg[role="img"]', prepare: to('Everything') },
  { name: 'overview-none', fleet: 'none', address: '/', shows: 'main h1' },
  { name: 'overview-ten', fleet: 'ten', address: '/', shows: 'main li svg[role="img"]' },
  { name: 'overview-thousand', fleet: 'thousand', address: '/', shows: 'main li svg[role="img"]' },
  { name: 'wall-thousand', fleet: 'thousand', address: '/?wall=1', shows: 'main h1' },
  {
    name: 'service-time-line',
    address: '/services/gamma/museum?range=24h',
    shows: 'main figure',
    prepare: to('Time line'),
  },
  { name: 'long-overview', fleet: 'long', address: '/', shows: 'main li svg[role="img"]' },
  {
    name: 'long-overview-phone',
    fleet: 'long',
    address: '/',
    shows: 'main li svg[role="img"]',
    size: 'phone',
  },
  { name: 'long-logs', fleet: 'long', address: '/logs?window=24h', shows: 'main [role="gridcell"]' },
  { name: 'long-jobs', fleet: 'long', address: '/jobs', shows: 'main table' },
  { name: 'long-jobs-phone', fleet: 'long', address: '/jobs', shows: 'main h1', size: 'phone' },
  { name: 'logs-none', fleet: 'none', address: '/logs', shows: 'main h1' },
  { name: 'collectors-none', fleet: 'none', address: '/collectors', shows: 'main h1' },
  { name: 'jobs-none', fleet: 'none', address: '/jobs', shows: 'main h1' },
  { name: 'pipelines-none', fleet: 'none', address: '/pipelines', shows: 'main h1' },
  { name: 'pipelines-ten', fleet: 'pipelines', address: '/pipelines', shows: 'main li h2' },
  {
    name: 'pipeline-forty-steps',
    fleet: 'pipelines',
    address: '/pipelines/beta/ecg',
    shows: 'main .graph',
    prepare: to('Levels'),
  },
  { name: 'pipeline-held', address: '/pipelines/beta/lowlatency', shows: 'main .graph' },
  {
    name: 'pipeline-graph',
    address: '/pipelines/alpha/tm',
    shows: 'main .graph',
    prepare: to('Levels'),
  },
  {
    name: 'pipeline-failures',
    address:
      '/pipelines/alpha/tm?step=LB&is=failed,parked&reason=exit%20code%204%3A%20ValueError%3A%20packet%20N%20has%20N%20bytes%20too%20few',
    shows: 'main li a',
  },
  { name: 'pipeline-step', address: '/pipelines/alpha/tm?step=L1', shows: 'main h2' },
  { name: 'pipeline-find', address: '/pipelines/alpha/tm?q=2034', shows: 'main h2' },
  { name: 'pipeline-story', address: '/pipelines/alpha/tm?file=%232034', shows: 'main article' },
  {
    name: 'pipeline-story-phone',
    address: '/pipelines/alpha/tm?file=%232034',
    shows: 'main article',
    size: 'phone',
  },
  {
    name: 'long-pipeline',
    fleet: 'long',
    address: '/pipelines',
    shows: 'main li h2',
    prepare: (page) => page.locator('main li h2 a').first().click(),
  },
  {
    name: 'long-pipeline-phone',
    fleet: 'long',
    address: '/pipelines',
    shows: 'main li h2',
    size: 'phone',
    prepare: (page) => page.locator('main li h2 a').first().click(),
  },
  { name: 'error-filter', address: '/logs?window=24h&matches=(', shows: 'main h1' },
  { name: 'error-missing', address: '/services/gamma/nothing', shows: 'main h1' },
  { name: 'viewer-service', address: '/services/gamma/museum', shows: 'main figure', as: 'view' },
  {
    name: 'act',
    address: '/services/gamma/museum',
    shows: 'main figure',
    prepare: (page) => page.getByRole('button', { name: 'Restart' }).click(),
  },
  { name: 'stale', address: '/', shows: 'main li svg[role="img"]', prepare: lose },
];

export const PICTURES: readonly Picture[] = [
  ...VIEWS,
  ...VIEWS.map((view): Picture => ({ ...view, name: `${view.name}-dark`, scheme: 'dark' })),
  ...VIEWS.map((view): Picture => ({ ...view, name: `${view.name}-phone`, size: 'phone' })),
  ...OTHERS,
];
