import type { Check } from './checks.ts';
import type { Targets } from './targets.ts';

/** What a monitor is to look at, and how. */
export interface Task {
  /** Empty, and the monitor's own. */
  readonly folder: string;
  readonly checks: readonly Check[];
  readonly targets: Targets;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Called when it has stored that a check fails. */
  readonly failed: (name: string) => void;
}

/** A monitor, ready to be started. */
export interface Contestant {
  readonly name: string;
  /** For the table. */
  readonly title: string;
  start(task: Task): Promise<Monitor>;
}

/** A monitor that runs. */
export interface Monitor {
  readonly pid: number;
  stop(): Promise<void>;
}
