import type { PlannedService } from './plan.ts';

/** What the units are called that `vahti install` makes. */

/** The unit of the daemon. */
export const DAEMON_UNIT = 'vahti.service';

/** The unit that runs a service: `vahti-clock.service`, unless the config says `unit-name`. */
export function serviceUnit({ name, unitName }: Pick<PlannedService, 'name' | 'unitName'>): string {
  return unitName ?? `vahti-${name}.service`;
}

/** The oneshot unit that runs a job: `vahti-job-archive.service`. */
export function jobUnit(job: string): string {
  return `vahti-job-${job}.service`;
}
