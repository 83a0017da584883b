import type { Result } from './result.ts';

/** What systemd says of one of its units, as `systemctl show` has it. Times are wall milliseconds, durations milliseconds. */
export interface UnitFacts {
  /** `postgresql.service`. */
  readonly name: string;
  /** Whether there is such a unit: `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly load: string;
  readonly active: ActiveState;
  /** More exactly, in words of the unit's type: `running`, `exited`, `auto-restart`, `waiting`, … */
  readonly sub: string;
  /** How its last run ended: `success`, `exit-code`, `signal`, `watchdog`, `oom-kill`, `timeout`, `start-limit-hit`, … */
  readonly result: string;
  /** When `active` or `sub` last changed. */
  readonly since: number | null;
  /** Its present run, or the last one where that is known; systemd forgets it with a unit that nothing refers to. */
  readonly invocation: string | null;
  /** The main process; null where there is none now. */
  readonly pid: number | null;
  /** When the run began. */
  readonly startedAt: number | null;
  /** When it became active, as its type has it: systemd's own readiness. */
  readonly activeAt: number | null;
  /** How the main process of the last run ended; null while it runs, and where there was none. */
  readonly exit: UnitExit | null;
  /** How often systemd has restarted it by itself since somebody started it. */
  readonly restarts: number;
  /** Whether it starts with the machine: `enabled`, `disabled`, `static`, … */
  readonly enabled: string;
  /** Its control group, from the root of the hierarchy; null where it has none now. */
  readonly group: string | null;
  readonly policy: UnitPolicy;
}

export type ActiveState =
  | 'active'
  | 'reloading'
  | 'inactive'
  | 'failed'
  | 'activating'
  | 'deactivating'
  | 'maintenance'
  | 'refreshing';

export interface UnitExit {
  readonly kind: 'exited' | 'killed' | 'dumped';
  /** An exit code, or the number of a signal. */
  readonly status: number;
  readonly at: number | null;
}

/** What systemd itself does about the unit. Null: no such limit. */
export interface UnitPolicy {
  /** `no`, `always`, `on-failure`, … */
  readonly restart: string;
  readonly delayMs: number | null;
  /** It gives up after so many starts within an interval; null: it never does. */
  readonly startLimit: { readonly burst: number; readonly intervalMs: number } | null;
  readonly watchdogMs: number | null;
  readonly memoryBytes: number | null;
}

/** Where states of units can be asked for. Implementation: run/systemd. */
export interface Units {
  /** What systemd says of a unit now; a sentence where it cannot be asked, which says nothing of the unit. */
  facts(name: string, signal: AbortSignal): Promise<Result<UnitFacts, string>>;
}
