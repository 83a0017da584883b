import type { Leftover, Runner } from '../core/runner.ts';
import { createEmbeddedService, type EmbeddedServiceSpec } from '../run/embedded/service.ts';
import { createDependencies, type Dependencies } from '../run/dependencies.ts';
import { startOrder, stopInOrder } from '../run/needs.ts';
import { type Boot, bootOf } from './boot.ts';
import { installedRunner } from './installed-units.ts';
import { createHoldingBack, type HeldSilence, type HoldingBack } from './holding-back.ts';
import { comparePlans, isMadeAnew, type Plan, type PlanChange, type PlannedService } from './plan.ts';
import { createReloads, type Reloads } from './reload-on.ts';
import { loadSaved, persistIn, type Saved, startedBy } from './saved-services.ts';
import { specOf } from './service-spec.ts';
import { createServiceWatches, type ServiceWatches, type WatchesFigures } from './service-watches.ts';
import type { SupervisionOptions } from './supervision-options.ts';
import { createFollowedUnits, type FollowedUnits } from './units.ts';

/** A service of the plan, with what runs it. */
export interface Supervised {
  readonly planned: PlannedService;
  readonly service: Runner;
  /** Whether it starts with the daemon. */
  readonly boot: () => Boot;
  readonly watches: () => WatchesFigures;
  /** What is held back of it now. */
  readonly silences: (now: number) => readonly HeldSilence[];
}

/** All services of a plan: brought up, compared with the next plan, and brought down, in the order of what they need. */
export interface Supervision {
  /** What keeps watches from acting, and people from being told. */
  readonly holding: HoldingBack;
  /** The units of systemd that are followed. */
  readonly units: FollowedUnits;
  get(name: string): Supervised | undefined;
  /** In the order of the plan. */
  all(): readonly Supervised[];
  /**
   * Goes over to a plan: what is gone is stopped, what is new or differs is started, the rest is left alone. One at a time.
   * @param leftovers what a dead daemon left behind and nobody could end: the services that it is of wait for its end.
   */
  apply(plan: Plan, leftovers?: readonly Leftover[]): Promise<readonly PlanChange[]>;
  /** Stops every process of its own, without anybody having asked for it: the next daemon starts them again. Nothing starts from then on. */
  end(): Promise<void>;
}

/** What keeps the services of a daemon. */
interface Parts {
  readonly options: SupervisionOptions;
  readonly services: Map<string, Supervised>;
  readonly dependencies: Dependencies;
  readonly reloads: Reloads;
  readonly units: FollowedUnits;
  readonly watches: ServiceWatches;
  readonly holding: HoldingBack;
  /** What earlier runners left behind, by the service that it is of. */
  readonly inTheWay: Map<string, Leftover>;
}

function createParts(options: SupervisionOptions): Parts {
  const services = new Map<string, Supervised>();
  const units = createFollowedUnits(options);
  const dependents = (name: string): readonly Runner[] => dependentsOf(name, services, holding);
  const watches = createServiceWatches({ ...options, units }, dependents, () => holding);
  const holding = createHoldingBack(options, (name) => {
    const service = services.get(name)?.service;
    return service && { snapshot: () => service.snapshot(), troubles: () => watches.troubles(name) };
  });
  const [dependencies, reloads] = [createDependencies(), createReloads(options)];
  return { options, services, dependencies, reloads, units, watches, holding, inTheWay: new Map() };
}

/** Takes a service in, and starts it where that is due. */
function takeIn(
  planned: PlannedService,
  plan: Plan,
  spec: EmbeddedServiceSpec,
  how: Start,
  parts: Parts,
): void {
  const { options, services, dependencies, reloads, units, watches, holding, inTheWay } = parts;
  const { name } = planned;
  const changed = (of: string): void => {
    dependencies.changed(of);
    watches.serviceChanged(of);
    holding.noticed(of);
  };
  const saved = loadSaved(options.state, name);
  const runnerDeps = { restored: saved, changed, persist: persistIn(options.state) };
  const service = isUnit(planned)
    ? units.service(planned, plan, runnerDeps)
    : options.systemd === true
      ? installedRunner(planned, plan, runnerDeps, units, options)
      : createService(spec, saved, inTheWay.get(name), changed, options);
  inTheWay.delete(name);
  const supervised = supervise(planned, service, parts);
  services.set(name, supervised);
  dependencies.add(service, planned.needs);
  reloads.add(planned, service, plan);
  watches.add({ planned, plan, service, launch: spec });
  // Units are systemd's to start.
  if (planned.kind !== 'unit' && (how === 'as-it-was' || supervised.boot().starts))
    service.start(startedBy(saved, how !== 'with-the-daemon'), { patient: true });
}

/** Ends a service and everything about it. @param whose `daemon`: what units of systemd's run goes on. */
async function letGo(
  name: string,
  whose: 'daemon' | undefined,
  { services, dependencies, reloads, watches, inTheWay }: Parts,
): Promise<void> {
  const found = services.get(name);
  if (found === undefined) return;
  await Promise.all([reloads.remove(name), watches.remove(name)]);
  const leftover = await found.service.dispose(whose);
  if (leftover !== undefined) inTheWay.set(name, leftover);
  dependencies.remove(name);
  services.delete(name);
}

export function createSupervision(options: SupervisionOptions): Supervision {
  const parts = createParts(options);
  const { services, dependencies, units, watches, holding, inTheWay } = parts;
  let current: Plan | undefined;
  let ended = false;

  const bringUp = async (planned: PlannedService, plan: Plan, how: Start): Promise<void> => {
    const spec = await specOf(planned, plan, options);
    // The end may have come meanwhile, and nobody would ever stop this one.
    if (!ended) takeIn(planned, plan, spec, how, parts);
  };
  const bringAllDown = (names: readonly string[], whose?: 'daemon') =>
    downInOrder(names, services, (name) => letGo(name, whose, parts));

  return {
    holding,
    units,
    get: (name) => services.get(name),
    all: () => inOrderOf(current, [...services.values()]),
    async apply(plan, leftovers = []) {
      for (const leftover of leftovers) inTheWay.set(serviceOf(leftover), leftover);
      const changes = comparePlans(current, plan);
      holding.use(plan);
      const how = current === undefined ? () => 'with-the-daemon' as const : reloaded([...services.values()]);
      const anew = changes.filter(isMadeAnew).map(({ name }) => name);
      await bringAllDown([...namesOf(changes, 'stop', 'unfollow'), ...anew]);
      const wanted = [...namesOf(changes, 'start', 'follow'), ...anew];
      for (const planned of startOrder(plan.services)) {
        const known = services.get(planned.name);
        if (wanted.includes(planned.name)) await bringUp(planned, plan, how(planned.name));
        else if (known !== undefined) {
          services.set(planned.name, supervise(planned, known.service, parts));
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
      await bringAllDown([...services.keys()], 'daemon');
      holding.close();
      await units.close();
    },
  };
}

function namesOf(changes: readonly PlanChange[], ...kinds: PlanChange['change'][]): string[] {
  return changes.filter(({ change }) => kinds.includes(change)).map(({ name }) => name);
}

/** Whoever needs a service, by its name, and is not to be left alone now. */
function dependentsOf(
  name: string,
  services: ReadonlyMap<string, Supervised>,
  holding: HoldingBack,
): readonly Runner[] {
  const isMeant = ({ planned }: Supervised): boolean =>
    planned.needs.some((need) => need.name === name) && !holding.keeps(planned.name);
  return [...services.values()].filter(isMeant).map(({ service }) => service);
}

function isUnit(planned: PlannedService): planned is PlannedService & { readonly unit: string } {
  return planned.unit !== undefined;
}

function createService(
  spec: EmbeddedServiceSpec,
  saved: Saved | undefined,
  leftover: Leftover | undefined,
  changed: (name: string) => void,
  { clock, log, random, records, state, startLife }: SupervisionOptions,
): Runner {
  return createEmbeddedService(spec, {
    clock,
    log: log.child({ service: spec.name }),
    random,
    records,
    stateId: state.stateId,
    changed,
    persist: persistIn(state),
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
  { options, watches, holding }: Parts,
): Supervised {
  const { state } = options;
  return {
    planned,
    service,
    boot: () => bootOf(planned, state),
    watches: () => watches.figures(planned.name),
    silences: (now) => holding.silencesOf(planned, now),
  };
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

/** Its second part: `STATE/SERVICE/LIFE`. */
function serviceOf({ life }: Leftover): string {
  return life.split('/')[1] ?? '';
}
