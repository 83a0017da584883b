import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft, RecordQuery, StoredRecord } from '../core/record.ts';
import type { Units } from '../core/units.ts';
import type { EmbeddedServiceDeps } from '../run/embedded/service.ts';
import type { LookKeeper } from '../watch/looks/keeper.ts';
import type { Beats } from './beats.ts';
import type { StatePaths, StateStore } from './state.ts';

/** What all services of a daemon have in common. */
export interface SupervisionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly paths: StatePaths;
  readonly state: StateStore;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** How this very program is started: `[node, bin/vahti.js]`. */
  readonly program: readonly string[];
  /** The last lines that a life of a service wrote, oldest first. */
  readonly tail?: (name: string, life: string) => readonly string[];
  /** What the time line has, with all that was told so far. */
  readonly stored?: (query: RecordQuery) => readonly StoredRecord[];
  /** Makes durable what was told; false where that cannot be now. */
  readonly flush?: () => boolean;
  /** Every service is run by a unit of systemd's, as `vahti install` made them; see installed-units.ts. */
  readonly systemd?: boolean;
  /** Where systemd can be asked about units. */
  readonly units?: Units;
  /** Where beats come in for the watches that look at them. */
  readonly beats?: Beats;
  /** Where it is kept what watches see. */
  readonly looks?: LookKeeper;
  /** For tests: lives without processes. */
  readonly startLife?: EmbeddedServiceDeps['startLife'];
}
