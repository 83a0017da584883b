import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { builtPage } from './built-page.ts';
import { tempFolder } from './leaks.ts';
import { freePort } from './needs.ts';
import { adminToken, type Asking } from './page-hub.ts';
import { startDaemon, type TestDaemon } from './vahti.ts';
import { until } from './wait.ts';

/** A real daemon whose hub serves the page. */
export interface PagedDaemon extends Asking {
  readonly daemon: TestDaemon;
  readonly port: number;
}

export interface PagedDaemonOptions {
  /** What the hub calls it; default `alpha`. */
  readonly agent?: string;
  /** More keys of `hub`: `status-page: { … }`. */
  readonly hub?: string;
  /** What else is in the config. */
  readonly yaml: string;
  readonly folder?: string;
}

/** Resolves when its daemon has told its hub how it stands. */
export async function startPagedDaemon(t: TestContext, options: PagedDaemonOptions): Promise<PagedDaemon> {
  const { agent = 'alpha', hub, yaml, folder = tempFolder(t) } = options;
  await builtPage();
  const port = await freePort();
  const keys = `listen: "127.0.0.1:${port}", agent: ${agent}${hub === undefined ? '' : `, ${hub}`}`;
  const daemon = await startDaemon(t, `hub: { ${keys} }\n${yaml}`, folder);
  const own = join(folder, '.vahti/hub');
  await until(() => existsSync(join(own, 'admin-token')), {
    what: 'the hub to have its tokens',
    deadlineMs: 20_000,
  });
  const asking = { url: `http://127.0.0.1:${port}`, token: adminToken(own) };
  await until(() => reports(asking, agent), { what: `the hub to know how ${agent} is`, deadlineMs: 20_000 });
  return { ...asking, daemon, port };
}

/** Whether a hub knows how an agent stands; false also while the hub cannot be asked. */
async function reports({ url, token }: Asking, agent: string): Promise<boolean> {
  const response = await fetch(`${url}/api/board`, { headers: { authorization: `Bearer ${token}` } });
  const { agents } = (await response.json()) as {
    agents: readonly { agent: string; connected: boolean; host: unknown }[];
  };
  return agents.some((each) => each.agent === agent && each.connected && each.host !== null);
}
