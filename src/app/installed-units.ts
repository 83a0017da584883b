import type { PersistedService, Runner } from '../core/runner.ts';
import { createInstalledService } from '../run/systemd/installed-service.ts';
import { logFileOf } from './config/limits.ts';
import type { Plan, PlannedService } from './plan.ts';
import type { SupervisionOptions } from './supervision-options.ts';
import { serviceUnit } from './unit-names.ts';
import { type FollowedUnits, type FollowOptions, knownOf } from './units.ts';

/** So many flips of a service are looked through for the one that says since when a life is ready. */
const MOST_FLIPS = 200;

/** What runs a service under `vahti up --systemd`: its unit, as `vahti install` made it; this keeps it. */
export function installedRunner(
  planned: PlannedService,
  plan: Plan,
  { restored, ...how }: FollowOptions & { readonly restored: PersistedService | undefined },
  units: FollowedUnits,
  options: SupervisionOptions,
): Runner {
  const { clock, log, random, records, state } = options;
  const { name, restart, ready } = planned;
  return createInstalledService(
    {
      name,
      unit: serviceUnit(planned),
      restart,
      showsMemory: planned.memory !== undefined,
      log: { ...planned.log, path: logFileOf(planned, plan.state) },
      ...(ready === undefined ? {} : { ready }),
    },
    {
      ...how,
      clock,
      log: log.child({ service: name }),
      random,
      records,
      stateId: state.stateId,
      host: units.host(),
      known: knownOf(name, options),
      recorded: (since) => units.recorded(name, since),
      wasReady: (life) => readySince(name, life, options),
      ...(restored === undefined ? {} : { restored }),
    },
  );
}

/** Since when a life has been ready, wall milliseconds, as the time line has it. */
function readySince(name: string, life: string, { stored }: SupervisionOptions): number | undefined {
  const flips = stored?.({ services: [name], life, kinds: ['flip'], limit: MOST_FLIPS, take: 'newest' });
  const ready = flips?.findLast(({ fields }) => fields?.['subject'] === 'ready' && fields['to'] === 'ready');
  return ready === undefined ? undefined : Math.floor(ready.time / 1000);
}
