import type { CollectConfig } from '../collect/config.ts';
import type { ForwardKind } from '../forward/config.ts';
import type { Keep } from '../hub/blocks/groups.ts';
import type { LimitOptions } from '../hub/server/limits.ts';
import type { StatusPagePlan } from '../hub/status-page/config.ts';
import type { PipelinePlan } from '../pipeline/plan.ts';
import type { Need } from '../run/needs.ts';
import type { Readiness } from '../run/readiness/readiness.ts';
import type { MemoryLimits } from '../run/embedded/memory-limit.ts';
import type { Window } from '../core/windows.ts';
import type { PlannedJob } from '../jobs/job.ts';
import type { DigestTimes } from '../notify/digest-times.ts';
import type { ChannelTiming } from '../notify/stages/stage.ts';
import type { WatchSettings } from '../watch/course.ts';
import type { LadderLimits } from '../watch/ladder.ts';

/** Where a value of the plan comes from. */
export type Origin =
  | { readonly from: 'config'; readonly line: number; readonly file?: string }
  | { readonly from: 'defaults'; readonly line: number; readonly file?: string }
  | { readonly from: 'built-in' };

export type ServiceKind = 'command' | 'collect' | 'pipeline' | 'hub' | 'unit';

/** What holds for a service of any kind. Durations are milliseconds, sizes bytes, paths absolute. */
export interface PlannedService {
  readonly name: string;
  readonly kind: ServiceKind;
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
  /** Paths that a command writes to, absolute: in its unit it can write nowhere else. Undefined where it does not say. */
  readonly writes?: readonly string[];
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
  readonly pipeline?: PipelinePlan;
  readonly hub?: PlannedHub;
  /** The unit of systemd's that is followed: `livereduce.service`. */
  readonly unit?: string;
  /** The unit that `vahti install` makes for it, where it is not `vahti-NAME.service`. */
  readonly unitName?: string;
  readonly watch?: readonly PlannedWatch[];
  /** What its watches may do together; where it has any. */
  readonly watchLimits?: LadderLimits;
  /** Every window that is for it, those of the whole config too. */
  readonly quiet?: readonly PlannedQuiet[];
  /** Names of locks that it has from its start to its stop. */
  readonly locks?: readonly string[];
  /** Who is told of its trouble; where there are channels. */
  readonly notify?: PlannedTold;
}

/** Names of channels: for a service, and for those of its watches that name others. */
export interface PlannedTold {
  readonly channels: readonly string[];
  readonly ofWatches: Readonly<Record<string, readonly string[]>>;
}

/** A way to tell people, and the options of its kind as they are written: secrets are looked up when it is used. */
export interface PlannedChannel extends ChannelTiming {
  readonly name: string;
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly digest?: DigestTimes;
}

/** A window in which nothing is done about watches that fail, and nobody is told. */
export interface PlannedQuiet {
  readonly window: Window;
  readonly why: string;
}

/** A watch of a service, and the options of its kind as they are written. */
export type PlannedWatch = WatchSettings & { readonly options: Readonly<Record<string, unknown>> };

/** The hub of this machine. */
export interface PlannedHub {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  /** What this machine is called there. */
  readonly agent: string;
  /** Files. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly origins: readonly string[];
  /** Addresses whose word about others is believed. */
  readonly proxies: readonly string[];
  readonly syslog?: {
    readonly host: string;
    readonly port: number;
    readonly agent: string;
    readonly zone?: string;
  };
  readonly keep: Keep;
  readonly cleanUpMs: number;
  readonly limits: LimitOptions;
  /** Whether the old service's figures are for everybody. */
  readonly publicStatistics: boolean;
  /** The file of the public key of an old auth backend. */
  readonly oldTokens?: string;
  /** What everybody may see. */
  readonly statusPage?: StatusPagePlan;
}

/** Where the records of this machine are sent. */
export interface PlannedShipping {
  /** `wss://hub.example/ws` */
  readonly url: string;
  /** `$NAME` or `file:PATH`. */
  readonly token: string;
  /** A file of certificates to trust. */
  readonly ca?: string;
  /** The file of its very certificate, whatever name that is for. */
  readonly pinned?: string;
  /** Whether people may act on this machine through it. */
  readonly act: boolean;
}

/** Where records of this machine are forwarded to. */
export interface PlannedForward {
  readonly name: string;
  readonly kind: ForwardKind;
  readonly url: string;
  /** `$NAME` or `file:PATH`. */
  readonly token?: string;
  readonly user?: string;
  readonly tenant?: string;
  /** A file of certificates. */
  readonly ca?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The lowest level that is sent. */
  readonly level: number;
  /** All where it is absent. */
  readonly services?: readonly string[];
}

/** Whether the daemon runs it as `vahti run NAME`, of a kind that says by itself when it is ready. */
export function isBuiltIn({ kind }: Pick<PlannedService, 'kind'>): boolean {
  return kind === 'collect' || kind === 'pipeline' || kind === 'hub';
}

/** The hub of this machine, where the plan has one. */
export function hubOf({ services }: Plan): PlannedHub | undefined {
  return services.find(({ kind }) => kind === 'hub')?.hub;
}

/** A service that is a collector. */
export type Collecting = PlannedService & { readonly collect: CollectConfig };

/** The config, resolved: nothing in it is left to be decided later. */
export interface Plan {
  readonly v: 1;
  /** Absolute path of the config file. */
  readonly file: string;
  readonly state: string;
  readonly keep: {
    readonly logsMs: number;
    readonly historyMs: number;
    readonly bytes: number;
    readonly looksMs: number;
    readonly looksBytes: number;
  };
  /** The windows that are for everything, whatever it is. */
  readonly quiet?: readonly PlannedQuiet[];
  /** Who is told of what names nobody; where there are channels. */
  readonly told?: readonly string[];
  /** Ways to tell people. */
  readonly notify?: readonly PlannedChannel[];
  /** Whom the daemon tells that it is well; a secret stays as it is written. */
  readonly beat?: { readonly url: string; readonly everyMs: number };
  /** The zone of times in messages. */
  readonly zone?: string;
  /** Where beats come in by HTTP; nowhere without it. */
  readonly beats?: PlannedBeats;
  /** The hub that its records are sent to; nowhere without it. */
  readonly shipping?: PlannedShipping;
  /** Other places that its records are sent to. */
  readonly forward?: readonly PlannedForward[];
  readonly services: readonly PlannedService[];
  /** What is done at times, or after other jobs; absent where there is none. */
  readonly jobs?: readonly PlannedJob[];
}

/** The listener for beats, and how it is reached by others and by the services of this machine: `http://127.0.0.1:7081`. */
export interface PlannedBeats {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly own: string;
}

/** Origins by path in the plan: `services.clock.stopMs`. */
export type Origins = ReadonlyMap<string, Origin>;

/** What a reload does to each service. */
export interface PlanChange {
  readonly name: string;
  /**
   * `update`: something is different from now on, but what runs goes on running. `follow`, `unfollow`: of a unit of systemd's,
   * which is neither started nor stopped.
   */
  readonly change: 'start' | 'stop' | 'restart' | 'update' | 'leave' | 'follow' | 'unfollow';
  /** The keys that differ, for a restart or an update. */
  readonly keys: readonly string[];
}

/** Compares two plans, service by service: only what changed is touched. */
export function comparePlans(before: Plan | undefined, after: Plan): readonly PlanChange[] {
  const old = new Map((before?.services ?? []).map((service) => [service.name, service]));
  const changes: PlanChange[] = after.services.map((service) => {
    const previous = old.get(service.name);
    old.delete(service.name);
    if (previous === undefined)
      return { name: service.name, change: service.unit === undefined ? 'start' : 'follow', keys: [] };
    const keys = differingKeys(previous, service);
    const untouched = keys.length === 0 ? 'leave' : 'update';
    const beside = keys.every((key) => BESIDE_LIVES.includes(key)) || isSameUnit(previous, service);
    const units = previous.unit !== undefined && service.unit !== undefined;
    const change = beside ? untouched : units ? 'follow' : 'restart';
    return { name: service.name, change, keys };
  });
  const gone = [...old.values()].map(
    ({ name, unit }): PlanChange => ({ name, change: unit === undefined ? 'stop' : 'unfollow', keys: [] }),
  );
  return [...changes, ...gone];
}

/** A unit runs on whatever is different here. */
function isSameUnit(before: PlannedService, after: PlannedService): boolean {
  return after.unit !== undefined && before.unit === after.unit;
}

/** Whether a change means that who runs a service, or follows it, is made anew. */
export function isMadeAnew({ change, keys }: PlanChange): boolean {
  return change === 'restart' || keys.some((key) => !BESIDE_LIVES.includes(key));
}

/** What is taken over while a life runs on. */
const BESIDE_LIVES: readonly string[] = ['needs', 'watch', 'watchLimits', 'quiet', 'notify', 'locks'];

/** What says nothing about a life that runs. */
const BETWEEN_LIVES: readonly (keyof PlannedService)[] = ['boot', 'unitName', 'writes'];

function differingKeys(before: PlannedService, after: PlannedService): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof PlannedService>;
  return [...keys]
    .filter((key) => !BETWEEN_LIVES.includes(key))
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .sort();
}
