import * as fs from 'node:fs';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { ok } from '../../src/core/result.ts';
import { createEmbeddedService, type EmbeddedServiceSpec } from '../../src/run/embedded/service.ts';

/** A small daemon that runs services, for tests which kill it: `{stateId, statePath, services}` as JSON in its one argument. */

/** A service as JSON can say it. */
export type OrderedService = Omit<EmbeddedServiceSpec, 'env'> & {
  readonly env: Readonly<Record<string, string>>;
};

export interface DaemonOrders {
  readonly stateId: string;
  /** Where it keeps `{NAME: PersistedService}`. */
  readonly statePath: string;
  readonly services: readonly OrderedService[];
}

const { stateId, statePath, services } = JSON.parse(process.argv[2] ?? '') as DaemonOrders;
const states: Record<string, unknown> = {};
const running = services.map(({ env, ...spec }) =>
  createEmbeddedService(
    { ...spec, env: () => ok(env) },
    {
      clock: systemClock,
      log: silentLog,
      records: () => {},
      random: Math.random,
      stateId,
      persist: (name, state) => {
        states[name] = state;
        fs.writeFileSync(`${statePath}.new`, JSON.stringify(states));
        fs.renameSync(`${statePath}.new`, statePath);
      },
    },
  ),
);
for (const service of running) service.start('vahti');
const forever = setInterval(() => {}, 60_000);
process.once('SIGTERM', () => {
  clearInterval(forever);
  void Promise.all(running.map((service) => service.dispose()));
});
