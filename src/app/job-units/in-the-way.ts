import type { Clock } from '../../core/clock.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import { type Blocked, blockedBy, type Locker } from '../../jobs/locks.ts';
import { showUnits } from '../../run/systemd/systemctl.ts';
import type { Plan } from '../plan.ts';
import { jobUnit, serviceUnit } from '../unit-names.ts';
import { isRunning } from './ends.ts';

/**
 * What is in the way of a run, as systemd sees it at this moment: a run of another job, or a service, that has one of its locks.
 * The daemon keeps them apart, but knows of what somebody starts by hand only a moment later, and nothing while it does not run.
 */
export async function unitInTheWay(
  job: PlannedJob,
  plan: Plan,
  deps: { readonly clock: Clock; readonly life: string },
): Promise<Blocked | undefined> {
  const others = lockers(plan).filter((other) => blockedBy(job, [other]) !== undefined);
  if (others.length === 0) return undefined;
  const shown = await showUnits(
    others.map(({ unit }) => unit),
    deps,
  );
  // Where systemd cannot be asked, nothing can be said; it has just started this run.
  if (!shown.ok) return undefined;
  const running = others.filter((_, index) => {
    const facts = shown.value[index];
    return facts !== undefined && isRunning(facts);
  });
  return blockedBy(job, running);
}

/** Everything of a plan that can have locks, and its unit. */
function lockers({ jobs = [], services }: Plan): readonly (Locker & { readonly unit: string })[] {
  return [
    ...jobs.map(({ name, locks }) => ({ name, locks, unit: jobUnit(name) })),
    ...services.map((service) => ({
      name: `the service ${service.name}`,
      locks: service.locks ?? [],
      unit: service.unit ?? serviceUnit(service),
    })),
  ];
}
