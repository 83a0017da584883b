import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminToken, type Asking, makeAgent, makeUser } from '../../rig/page-hub.ts';
import { type SessionCookie, signIn } from '../../rig/browser.ts';
import { connectAgent, type SimulatedAgent } from '../../rig/fleet/agent.ts';
import { createFleet } from '../../rig/fleet/fleet.ts';
import { writeHistory } from '../../rig/fleet/history.ts';
import { createRandom } from '../../rig/fleet/random.ts';
import { madeUpRecord } from '../../rig/fleet/records.ts';
import { freePort } from '../../rig/needs.ts';
import { until } from '../../rig/wait.ts';
import { ROOT } from '../program.ts';

/** A hub as users run it, in a process of its own, with a past of 90 days, and this process as the daemons that report to it. */
export interface BenchHub extends Asking {
  readonly pid: number;
  readonly agents: readonly SimulatedAgent[];
  readonly cookie: SessionCookie;
  close(): Promise<void>;
}

export interface BenchSize {
  readonly agents: number;
  readonly services: number;
  /** Records of the last day. */
  readonly records: number;
}

const DAY = 86_400_000;
const PASSWORD = 'correct horse battery';

export async function startBenchHub(folder: string, size: BenchSize): Promise<BenchHub> {
  const now = Date.now();
  const fleet = createFleet({ ...size, now });
  const own = join(folder, '.vahti/hub');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  writeHistory(own, fleet, now);
  const port = await freePort();
  const config = join(folder, 'vahti.yaml');
  const limits = 'limits: { records: 10000000, bytes: 10G }';
  writeFileSync(config, `hub: { listen: "127.0.0.1:${port}", agent: bench, ${limits} }\nservices: {}\n`);
  const child = spawn(process.execPath, [join(ROOT, 'bin/vahti.js'), 'run', 'hub', '-c', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  const ready = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).ok;
  await until(ready, { what: 'the hub to be ready', deadlineMs: 30_000 });
  const asking = { url, token: adminToken(own) };
  const agents = await Promise.all(
    fleet.map(async (of) => {
      const token = await makeAgent(asking, of.agent);
      return connectAgent({ url, token, of, now: Date.now });
    }),
  );
  await Promise.all(agents.map((agent, index) => fill(agent, size.records / agents.length, index + 1)));
  await makeUser(asking, 'ada', { role: 'operate', password: PASSWORD });
  return {
    ...asking,
    pid: child.pid as number,
    agents,
    cookie: await signIn(url, 'ada', PASSWORD),
    async close() {
      await Promise.all(agents.map((agent) => agent.close()));
      await ended(child);
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** Records of the last day, in the order of time. */
async function fill(agent: SimulatedAgent, count: number, seed: number): Promise<void> {
  const random = createRandom(seed);
  const since = Date.now() - DAY;
  for (let at = 0; at < count; at++) {
    const record = madeUpRecord(agent.of, since + (at * DAY) / count, random);
    if (!agent.log(record)) {
      await agent.flush();
      agent.log(record);
    }
    // Others have their turn, the sockets among them.
    if (at % 20_000 === 19_999) await agent.flush();
  }
  await agent.flush();
}
