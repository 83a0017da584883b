import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft } from '../core/record.ts';
import type { EmbeddedServiceDeps } from '../run/embedded/service.ts';
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
  /** For tests: lives without processes. */
  readonly startLife?: EmbeddedServiceDeps['startLife'];
}
