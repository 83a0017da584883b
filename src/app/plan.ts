import type { CollectConfig } from '../collect/config.ts';

/** Where a value of the plan comes from. */
export type Origin =
  | { readonly from: 'config'; readonly line: number }
  | { readonly from: 'defaults'; readonly line: number }
  | { readonly from: 'built-in' };

/** What holds for a service of any kind. Durations are milliseconds, sizes bytes, paths absolute. */
export interface PlannedService {
  readonly name: string;
  readonly kind: 'command' | 'collect';
  /** The command as it is started; for a built-in kind empty: the daemon runs itself with `run NAME`. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Values as they are written: `$NAME` and `file:PATH` are looked up when the service starts, and never shown. */
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly stopMs: number;
  readonly restart: {
    readonly fast: number;
    readonly backoffMinMs: number;
    readonly backoffMaxMs: number;
    readonly slowMs: number;
    readonly noRestartOn: readonly number[];
  };
  readonly log: { readonly budgetBytes: number };
  readonly collect?: CollectConfig;
}

/** A service that is a collector. */
export type Collecting = PlannedService & { readonly collect: CollectConfig };

/** The config, resolved: nothing in it is left to be decided later. */
export interface Plan {
  readonly v: 1;
  /** Absolute path of the config file. */
  readonly file: string;
  readonly state: string;
  readonly keep: { readonly logsMs: number; readonly historyMs: number; readonly bytes: number };
  readonly services: readonly PlannedService[];
}

/** Origins by path in the plan: `services.clock.stopMs`. */
export type Origins = ReadonlyMap<string, Origin>;

/** What a reload does to each service. */
export interface PlanChange {
  readonly name: string;
  readonly change: 'start' | 'stop' | 'restart' | 'leave';
  /** The keys that differ, for a restart. */
  readonly keys: readonly string[];
}

/** Compares two plans, service by service: only what changed is touched. */
export function comparePlans(before: Plan | undefined, after: Plan): readonly PlanChange[] {
  const old = new Map((before?.services ?? []).map((service) => [service.name, service]));
  const changes: PlanChange[] = after.services.map((service) => {
    const previous = old.get(service.name);
    old.delete(service.name);
    if (previous === undefined) return { name: service.name, change: 'start', keys: [] };
    const keys = differingKeys(previous, service);
    return { name: service.name, change: keys.length > 0 ? 'restart' : 'leave', keys };
  });
  return [...changes, ...[...old.keys()].map((name): PlanChange => ({ name, change: 'stop', keys: [] }))];
}

function differingKeys(before: PlannedService, after: PlannedService): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof PlannedService>;
  return [...keys].filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).sort();
}
