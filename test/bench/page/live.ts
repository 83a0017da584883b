import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedAgent } from '../../rig/fleet/agent.ts';
import { createRandom } from '../../rig/fleet/random.ts';
import { madeUpRecord } from '../../rig/fleet/records.ts';

/** What daemons do while nobody looks at them in particular: figures each 10 s, a flip now and then; log lines. */

const FIGURES_MS = 10_000;
const STEP_MS = 20;

/** @returns what ends it. */
export function startReporting(agents: readonly SimulatedAgent[]): () => Promise<void> {
  const over = new AbortController();
  const random = createRandom(17);
  const report = async (agent: SimulatedAgent): Promise<void> => {
    const services = agent.of.services.map((service) => {
      const figures = Object.entries(service.figures).map(([name, value]) => [
        name,
        value * (0.98 + 0.04 * random.next()),
      ]);
      return { ...service, figures: Object.fromEntries(figures) as Record<string, number> };
    });
    await agent.report({ services });
  };
  const running = Promise.all(
    agents.map(async (agent, index) => {
      await rest(over.signal, (FIGURES_MS * index) / agents.length);
      while (!over.signal.aborted) {
        await report(agent);
        await rest(over.signal, FIGURES_MS);
      }
    }),
  );
  return async () => {
    over.abort();
    await running;
  };
}

async function rest(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Lines at a rate, of all agents together, until it is ended. @returns what ends it, and tells how many there were. */
export function startLines(agents: readonly SimulatedAgent[], perSecond: number): () => Promise<number> {
  const over = new AbortController();
  const random = createRandom(23);
  const most = Math.ceil((perSecond * STEP_MS * 4) / 1000);
  let [made, left] = [0, 0];
  const running = (async () => {
    const begun = performance.now();
    while (!over.signal.aborted) {
      const due = ((performance.now() - begun) / 1000) * perSecond - left;
      // Where this process does not keep up the rest is left out: the browser is driven from here as well.
      left += Math.max(0, due - made - most);
      const end = Math.min(due, made + most);
      for (; made < end; made++) {
        const agent = agents[made % agents.length];
        if (agent !== undefined) agent.log(madeUpRecord(agent.of, Date.now(), random));
      }
      await rest(over.signal, STEP_MS);
    }
    return made;
  })();
  return () => {
    over.abort();
    return running;
  };
}
