import type { CollectConfig } from '../collect/config.ts';
import type { Need } from '../run/needs.ts';
import type { Readiness } from '../run/readiness/readiness.ts';
import type { MemoryLimits } from '../run/embedded/memory-limit.ts';
import type { WatchSettings } from '../watch/course.ts';

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
  /** Read anew for each life. */
  readonly envFile?: string;
  readonly user?: string;
  /** False: it is not started with the daemon; see boot.ts for what a person says. */
  readonly boot?: boolean;
  readonly memory?: MemoryLimits;
  /** Processors that it may keep busy. */
  readonly cpu?: number;
  readonly openFiles?: number;
  readonly tmp?: 'private';
  /** Globs, relative to `cwd`. */
  readonly reloadOn?: readonly string[];
  readonly needs: readonly Need[];
  /** How a life shows that it is ready; a built-in kind says it by itself. */
  readonly ready?: Readiness;
  readonly stopMs: number;
  /** What asks its main process to end; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  readonly restart: {
    readonly fast: number;
    readonly backoffMinMs: number;
    readonly backoffMaxMs: number;
    readonly slowMs: number;
    readonly noRestartOn: readonly number[];
  };
  /** By default `STATE/logs/NAME.log`. */
  readonly log: { readonly budgetBytes: number; readonly file?: string; readonly mode?: number };
  readonly collect?: CollectConfig;
  readonly watch?: readonly PlannedWatch[];
}

/** A watch of a service, and the options of its kind as they are written. */
export type PlannedWatch = WatchSettings & { readonly options: Readonly<Record<string, unknown>> };

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
  /** `update`: something is different from now on, but what runs goes on running. */
  readonly change: 'start' | 'stop' | 'restart' | 'update' | 'leave';
  /** The keys that differ, for a restart or an update. */
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
    const untouched = keys.length === 0 ? 'leave' : 'update';
    const change = keys.every((key) => BESIDE_LIVES.includes(key)) ? untouched : 'restart';
    return { name: service.name, change, keys };
  });
  return [...changes, ...[...old.keys()].map((name): PlanChange => ({ name, change: 'stop', keys: [] }))];
}

/** What is taken over while a life runs on. */
const BESIDE_LIVES: readonly string[] = ['needs', 'watch'];

/** What says nothing about a life that runs. */
const BETWEEN_LIVES: readonly (keyof PlannedService)[] = ['boot'];

function differingKeys(before: PlannedService, after: PlannedService): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof PlannedService>;
  return [...keys]
    .filter((key) => !BETWEEN_LIVES.includes(key))
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .sort();
}
