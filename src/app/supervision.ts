import { bootId } from '../core/processes.ts';
import type { Leftover, PersistedService, RecordedProcess, Runner } from '../core/runner.ts';
import { createEmbeddedService, type EmbeddedServiceSpec } from '../run/embedded/service.ts';
import { createDependencies, type Dependencies } from '../run/dependencies.ts';
import { startOrder, stopInOrder } from '../run/needs.ts';
import { createPrivateTmp } from '../run/embedded/private-tmp.ts';
import { type Boot, bootOf } from './boot.ts';
import { OWN_PROGRAM } from './config/checks.ts';
import { logFileOf } from './config/limits.ts';
import { launchOf } from './launch.ts';
import { smallProgram } from './small-memory.ts';
import { comparePlans, type Plan, type PlanChange, type PlannedService } from './plan.ts';
import { createReloads } from './reload-on.ts';
import { createServiceWatches, type ServiceWatches, type WatchesFigures } from './service-watches.ts';
import type { StateStore } from './state.ts';
import type { SupervisionOptions } from './supervision-options.ts';

/** A service of the plan, with what runs it. */
export interface Supervised {
  readonly planned: PlannedService;
  readonly service: Runner;
  /** Whether it starts with the daemon. */
  readonly boot: () => Boot;
  readonly watches: () => WatchesFigures;
}

/** All services of a plan: brought up, compared with the next plan, and brought down, in the order of what they need. */
export interface Supervision {
  get(name: string): Supervised | undefined;
  /** In the order of the plan. */
  all(): readonly Supervised[];
  /**
   * Goes over to a plan: what is gone is stopped, what is new or differs is started, the rest is left alone. One at a time.
   * @param leftovers what a dead daemon left behind and nobody could end: the services that it is of wait for its end.
   */
  apply(plan: Plan, leftovers?: readonly Leftover[]): Promise<readonly PlanChange[]>;
  /** Stops every process, without anybody having asked for it: the next daemon starts them again. Nothing starts from then on. */
  end(): Promise<void>;
}

export function createSupervision(options: SupervisionOptions): Supervision {
  const services = new Map<string, Supervised>();
  const dependencies = createDependencies();
  const reloads = createReloads(options);
  const watches = createServiceWatches(options, (name) => dependentsOf(name, services));
  const inTheWay = new Map<string, Leftover>();
  let current: Plan | undefined;
  let ended = false;

  const bringUp = async (planned: PlannedService, plan: Plan, how: Start): Promise<void> => {
    const spec = await specOf(planned, plan, options);
    // The end may have come meanwhile, and nobody would ever stop this one.
    if (ended) return;
    const saved = loadSaved(options.state, planned.name);
    const service = createService(spec, saved, inTheWay.get(planned.name), dependencies, options);
    inTheWay.delete(planned.name);
    const supervised = supervise(planned, service, options.state, watches);
    services.set(planned.name, supervised);
    dependencies.add(service, planned.needs);
    reloads.add(planned, service, plan);
    watches.add({ planned, plan, service, launch: spec });
    if (how === 'as-it-was' || supervised.boot().starts)
      service.start(startedBy(saved, how !== 'with-the-daemon'), { patient: true });
  };

  const bringDown = async (name: string): Promise<void> => {
    const found = services.get(name);
    if (found === undefined) return;
    await Promise.all([reloads.remove(name), watches.remove(name)]);
    const leftover = await found.service.dispose();
    if (leftover !== undefined) inTheWay.set(name, leftover);
    dependencies.remove(name);
    services.delete(name);
  };
  const bringAllDown = (names: readonly string[]) => downInOrder(names, services, bringDown);

  return {
    get: (name) => services.get(name),
    all: () => inOrderOf(current, [...services.values()]),
    async apply(plan, leftovers = []) {
      for (const leftover of leftovers) inTheWay.set(serviceOf(leftover), leftover);
      const changes = comparePlans(current, plan);
      const how = current === undefined ? () => 'with-the-daemon' as const : reloaded([...services.values()]);
      await bringAllDown(namesOf(changes, 'stop', 'restart'));
      const wanted = namesOf(changes, 'start', 'restart');
      for (const planned of startOrder(plan.services)) {
        const known = services.get(planned.name);
        if (wanted.includes(planned.name)) await bringUp(planned, plan, how(planned.name));
        else if (known !== undefined) {
          services.set(planned.name, supervise(planned, known.service, options.state, watches));
          dependencies.change(planned.name, planned.needs);
          await watches.change(planned, plan);
        }
      }
      options.state.keepOnly(plan.services.map((service) => service.name));
      current = plan;
      return changes;
    },
    async end() {
      ended = true;
      await bringAllDown([...services.keys()]);
    },
  };
}

function namesOf(changes: readonly PlanChange[], ...kinds: PlanChange['change'][]): string[] {
  return changes.filter(({ change }) => kinds.includes(change)).map(({ name }) => name);
}

/** Whoever needs a service, by its name. */
function dependentsOf(name: string, services: ReadonlyMap<string, Supervised>): readonly Runner[] {
  const all = [...services.values()].filter(({ planned }) =>
    planned.needs.some((need) => need.name === name),
  );
  return all.map(({ service }) => service);
}

function createService(
  spec: EmbeddedServiceSpec,
  saved: Saved | undefined,
  leftover: Leftover | undefined,
  dependencies: Dependencies,
  { clock, log, random, records, state, startLife }: SupervisionOptions,
): Runner {
  return createEmbeddedService(spec, {
    clock,
    log: log.child({ service: spec.name }),
    random,
    records,
    stateId: state.stateId,
    changed: dependencies.changed,
    persist: (name, persisted) => state.save(name, { ...persisted, boot: bootId() } satisfies Saved),
    ...(saved === undefined ? {} : { restored: saved }),
    ...(leftover === undefined ? {} : { leftover }),
    ...(startLife === undefined ? {} : { startLife }),
  });
}

/** A service that does not start with the daemon does not start with a reload either, unless it was running. */
type Start = 'with-the-daemon' | 'with-a-reload' | 'as-it-was';

/** How each service starts in a reload, by what it does now. */
function reloaded(services: readonly Supervised[]): (name: string) => Start {
  const active = services.filter(({ service }) => {
    const { state, wanted } = service.snapshot();
    return wanted && state !== 'stopped' && state !== 'done';
  });
  const names = active.map(({ planned }) => planned.name);
  return (name) => (names.includes(name) ? 'as-it-was' : 'with-a-reload');
}

function supervise(
  planned: PlannedService,
  service: Runner,
  state: StateStore,
  watches: ServiceWatches,
): Supervised {
  const boot = (): Boot => bootOf(planned, state);
  return { planned, service, boot, watches: () => watches.figures(planned.name) };
}

async function downInOrder(
  names: readonly string[],
  services: ReadonlyMap<string, Supervised>,
  bringDown: (name: string) => Promise<void>,
): Promise<void> {
  const found = names.flatMap((name) => services.get(name) ?? []);
  // What waits for its dependents to go must not come back meanwhile.
  for (const { service } of found) service.retire();
  await stopInOrder(
    found.map(({ planned }) => planned),
    bringDown,
  );
}

/** What no plan names any more comes last. */
function inOrderOf(plan: Plan | undefined, services: readonly Supervised[]): readonly Supervised[] {
  const places = new Map(plan?.services.map(({ name }, index) => [name, index]));
  const place = ({ planned: { name } }: Supervised): number => places.get(name) ?? places.size;
  return services.toSorted((a, b) => place(a) - place(b));
}

/** What is kept of a service, and the boot of the machine that it was kept in. */
type Saved = PersistedService & { readonly boot: string };

function loadSaved(state: StateStore, name: string): Saved | undefined {
  return state.load(name) as Saved | undefined;
}

/** Its second part: `STATE/SERVICE/LIFE`. */
function serviceOf({ life }: Leftover): string {
  return life.split('/')[1] ?? '';
}

/** The main processes of the last daemon's lives, as far as they were written down. */
export function recordedProcesses(state: StateStore): readonly RecordedProcess[] {
  return state.names().flatMap((name) => loadSaved(state, name)?.process ?? []);
}

/**
 * In whose name a service begins. A stop on purpose holds until a person starts it or the machine boots (promise 6), so
 * within one boot the daemon itself only starts what is still wanted. A person's reload counts like a person's start.
 */
function startedBy(saved: Saved | undefined, changed: boolean): 'person' | 'boot' | 'vahti' {
  if (saved === undefined || saved.boot !== bootId()) return 'boot';
  return changed && saved.wanted ? 'person' : 'vahti';
}

async function specOf(
  planned: PlannedService,
  plan: Plan,
  options: SupervisionOptions,
): Promise<EmbeddedServiceSpec> {
  const launch = await launchOf(planned, plan);
  const { clock, log, paths } = options;
  const { memory, ready, stopSignal } = planned;
  const user = launch.user === undefined ? {} : { user: launch.user };
  return {
    name: planned.name,
    argv: commandOf(planned, options),
    ...launch,
    stopMs: planned.stopMs,
    ...(stopSignal === undefined ? {} : { stopSignal }),
    ...(ready === undefined ? {} : { ready }),
    ...(memory === undefined ? {} : { memory }),
    ...(planned.tmp === undefined ? {} : { tmp: createPrivateTmp({ root: paths.tmp, ...user, clock, log }) }),
    restart: planned.restart,
    log: { ...planned.log, path: logFileOf(planned, plan.state) },
  };
}

/** Built-in kinds run as `vahti run NAME` on the plan that is in force, not on whatever the config file says by then. */
function commandOf(planned: PlannedService, options: SupervisionOptions): readonly string[] {
  if (planned.kind !== 'command')
    return [...smallProgram(options.program), 'run', planned.name, '--plan', options.paths.plan];
  const [command, ...rest] = planned.argv;
  return command === OWN_PROGRAM ? [...options.program, ...rest] : planned.argv;
}
