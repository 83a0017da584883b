import type { LastExit } from '../../core/runner.ts';
import type { UnitFacts } from '../../core/units.ts';
import type { UnitLife } from './unit-life.ts';

/**
 * What becomes of a unit that somebody else runs: a pure fold of looks at it and of what systemd says of it in the journal,
 * which come in any order, into lives, and into what there is to tell of them. Each life's start and end are told once.
 */
export interface UnitCourse {
  readonly facts: UnitFacts | undefined;
  /** False after a stop on purpose. */
  readonly wanted: boolean;
  /** The last lives, the newest last. */
  readonly lives: readonly UnitLife[];
  /** The run that there is something of: it runs, begins or ends. */
  readonly present: string | null;
  readonly lastExit: LastExit | null;
  /** From when on a start has to follow an end, as systemd said; wall milliseconds. */
  readonly restartsSince: number | null;
  /** The trouble of the unit as a whole that was told, so that it is told once; empty where there is none. */
  readonly told: string;
}

/** Whether what systemd says in the journal comes at once, or not at all. */
export type Hearing = 'live' | 'deaf';
