import type { RunnerDeps } from '../../core/runner.ts';
import type { LaneSettings } from '../lanes.ts';
import type { Readiness } from '../readiness/readiness.ts';
import type { SystemdHost } from './host.ts';
import type { UnitTrailDeps } from './unit-trail.ts';

/** A service that systemd runs for us, by a unit that `vahti install` made. */
export interface InstalledServiceSpec {
  readonly name: string;
  /** `vahti-clock.service`. */
  readonly unit: string;
  readonly restart?: Partial<LaneSettings>;
  readonly ready?: Readiness;
  /** Its memory is limited, and so it is shown what it takes. */
  readonly showsMemory: boolean;
  readonly log: { readonly path: string; readonly budgetBytes: number; readonly mode?: number };
}

export interface InstalledServiceDeps extends Omit<RunnerDeps, 'leftover'>, UnitTrailDeps {
  readonly host: SystemdHost;
  /** Since when a life has been ready, wall milliseconds, as an earlier daemon saw it; undefined where none did. */
  readonly wasReady: (life: string) => number | undefined;
}
