import { mkdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type SessionCookie, signIn } from '../browser.ts';
import { onEnd, tempFolder } from '../leaks.ts';
import { makeAgent, makeUser, type PageHub, startPageHub } from '../page-hub.ts';
import { connectAgent, type SimulatedAgent } from './agent.ts';
import { createFleet, type FleetOptions } from './fleet.ts';
import { writeHistory } from './history.ts';
import { createRandom } from './random.ts';
import { madeUpRecord } from './records.ts';

/** A hub that serves the page, and a fleet of made-up daemons that report to it, with a past. */
export interface FleetHub extends PageHub {
  readonly agents: readonly SimulatedAgent[];
  readonly folder: string;
  /** Of users who see everything. */
  readonly cookies: Readonly<Record<'view' | 'operate' | 'admin', SessionCookie>>;
}

export interface FleetHubOptions extends Omit<FleetOptions, 'now'> {
  /** Records of the last hours, altogether. */
  readonly records: number;
}

export const PASSWORD = 'correct horse battery';
const SPAN_MS = 20 * 3_600_000;

export async function startFleetHub(t: TestContext, options: FleetHubOptions): Promise<FleetHub> {
  const now = Date.now();
  const fleet = createFleet({ ...options, now });
  const folder = `${tempFolder(t)}/hub`;
  mkdirSync(folder);
  writeHistory(folder, fleet, now);
  const shown = (fleet[0]?.services ?? []).slice(0, 6).map(({ name }) => ({
    label: `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`,
    agent: fleet[0]?.agent ?? '',
    name,
  }));
  const hub = await startPageHub(t, { folder, statusPage: { title: 'Our services', services: shown } });
  const agents = await Promise.all(
    fleet.map(async (of) => {
      const token = await makeAgent(hub, of.agent);
      return connectAgent({ url: hub.url, token, of, now: Date.now });
    }),
  );
  onEnd(t, () => Promise.all(agents.map((agent) => agent.close())));
  const random = createRandom(3);
  for (const [index, agent] of agents.entries()) {
    const count = Math.floor(options.records / agents.length);
    for (let at = 0; at < count; at++)
      agent.log(madeUpRecord(agent.of, now - SPAN_MS + ((at + index / 10) * SPAN_MS) / count, random));
    await agent.flush();
  }
  const roles = ['view', 'operate', 'admin'] as const;
  const cookies = await Promise.all(
    roles.map(async (role) => {
      await makeUser(hub, `ada-${role}`, { role, password: PASSWORD });
      return [role, await signIn(hub.url, `ada-${role}`, PASSWORD)] as const;
    }),
  );
  return { ...hub, agents, folder, cookies: Object.fromEntries(cookies) as FleetHub['cookies'] };
}
