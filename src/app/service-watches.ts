import * as v from 'valibot';
import { endTree, LIFE_VARIABLE, startProcess } from '../core/processes.ts';
import type { Runner, ServiceSnapshot } from '../core/runner.ts';
import { createSlots, type Slots } from '../watch/slots.ts';
import type { WatchContext, WatchKind } from '../watch/kind.ts';
import { WATCH_KINDS } from '../watch/kinds/registry.ts';
import type { Trouble } from '../watch/trouble.ts';
import type { WatchFigures } from '../watch/watch-figures.ts';
import type { WatchedService } from '../watch/watched-service.ts';
import { createWatching, type OpenWatch, type PersistedWatches, type Watching } from '../watch/watching.ts';
import { logFileOf } from './config/limits.ts';
import { readFigures } from './figures.ts';
import type { Launch } from './launch.ts';
import type { HoldingBack } from './holding-back.ts';
import { dataFolder } from './layout.ts';
import { readPipelineFigures } from './pipeline/service-api.ts';
import type { Plan, PlannedService, PlannedWatch } from './plan.ts';
import { serviceSocket } from './state.ts';
import type { SupervisionOptions } from './supervision-options.ts';

/** Commands of watches, and questions to systemd, that may run at the same time; all other looks are cheap. */
const MOST_COMMANDS = 8;
/** A command that runs for longer mostly waits for something: others do not wait for it. */
const COMMAND_HOLD_MS = 1000;
/** How long a command on a ladder may run. */
const RUN_MS = 60_000;

/** A service as it runs, and as its commands are started. */
export interface Watchable {
  readonly planned: PlannedService;
  readonly plan: Plan;
  readonly service: Runner;
  readonly launch: Launch;
}

/** The watches of all services. */
export interface ServiceWatches {
  add(watchable: Watchable): void;
  /** Goes over to what the plan says now; what did not change goes on as it is. */
  change(planned: PlannedService, plan: Plan): Promise<void>;
  remove(name: string): Promise<void>;
  /** None of a service that is not there. */
  figures(name: string): WatchesFigures;
  /** What the watches of a service say against it. */
  troubles(name: string): readonly Trouble[];
  /** Something about a service is different. */
  serviceChanged(name: string): void;
}

/** What the watches of a service see, and when they restarted it, as far as that counts: wall milliseconds. */
export interface WatchesFigures {
  readonly watches: readonly WatchFigures[];
  readonly restarts: readonly number[];
}

/** @param dependents the services that need one, by its name. */
export function createServiceWatches(
  options: SupervisionOptions,
  dependents: (name: string) => readonly Runner[],
  holding: () => HoldingBack,
): ServiceWatches {
  const open = new Map<string, { readonly watchable: Watchable; readonly watching: Watching }>();
  const slots = createSlots(MOST_COMMANDS, COMMAND_HOLD_MS, options.clock);

  const begin = (watchable: Watchable): void => {
    const { planned } = watchable;
    const { state, clock, log, random, records } = options;
    const watches = (planned.watch ?? []).map((watch) => openWatch(watch, watchable, slots, options));
    const watching = createWatching(watchedService(watchable, options, dependents), watches, {
      clock,
      log: log.child({ service: planned.name }),
      random,
      records,
      restored: state.loadWatches(planned.name) as PersistedWatches | undefined,
      persist: (kept) => state.saveWatches(planned.name, kept),
      ...(planned.watchLimits === undefined ? {} : { limits: planned.watchLimits }),
      holding: holding().of(planned.name),
      looked: () => holding().noticed(planned.name),
    });
    open.set(planned.name, { watchable, watching });
  };

  return {
    add: begin,
    async change(planned, plan) {
      const known = open.get(planned.name);
      if (known === undefined) return;
      const before = known.watchable;
      if (watchesText(before.planned) === watchesText(planned)) return;
      await known.watching.close();
      begin({ ...before, planned, plan });
    },
    async remove(name) {
      await open.get(name)?.watching.close();
      open.delete(name);
    },
    figures(name) {
      const watching = open.get(name)?.watching;
      return { watches: watching?.figures() ?? [], restarts: watching?.restarts() ?? [] };
    },
    troubles: (name) => open.get(name)?.watching.troubles() ?? [],
    serviceChanged: (name) => open.get(name)?.watching.serviceChanged(),
  };
}

function watchesText({ watch, watchLimits }: PlannedService): string {
  return JSON.stringify([watch, watchLimits]);
}

function openWatch(
  watch: PlannedWatch,
  { planned, plan, launch, service }: Watchable,
  slots: Slots,
  options: SupervisionOptions,
): OpenWatch {
  const kind = WATCH_KINDS.find((each) => each.kind === watch.kind);
  if (kind === undefined) throw new Error(`cannot find the kind of watch "${watch.kind}"`);
  const { clock, paths } = options;
  const context: WatchContext = {
    service: planned.name,
    clock,
    folder: dataFolder(plan.file),
    // Looked up anew for each look, as for each life: a file may have changed.
    get env() {
      return environment(planned.name, watch.name, launch, options);
    },
    capturedLog: logFileOf(planned, plan.state),
    figures: async () => {
      const read = planned.kind === 'pipeline' ? readPipelineFigures : readFigures;
      const asks = planned.kind === 'collect' || planned.kind === 'pipeline';
      const figures = asks ? await read(serviceSocket(paths, planned.name)) : null;
      return figures === null ? undefined : { ...figures };
    },
    ...(planned.kind === 'unit' || options.systemd === true ? { controlGroup: () => groupOf(service) } : {}),
    ...(options.units === undefined ? {} : { units: options.units }),
    graceMs: watch.gate.graceMs,
    beats: options.beats?.inbox(planned.name, watch.name),
  };
  const parsed = v.parse(kind.options, watch.options);
  return {
    settings: kind.ownGrace === true ? { ...watch, gate: { ...watch.gate, graceMs: 0 } } : watch,
    watcher: kind.open(parsed, context),
    fingerprint: JSON.stringify(watch),
    ...historyOf(kind, parsed, watch, context, options),
    ...(watch.kind === 'command' || watch.kind === 'unit' ? { slots } : {}),
  };
}

/** Where it is kept what a watch sees; nowhere for kinds that cannot be replayed. */
function historyOf(
  { kind, replay }: WatchKind,
  parsed: unknown,
  { name }: PlannedWatch,
  about: WatchContext,
  { looks }: SupervisionOptions,
): Pick<OpenWatch, 'history'> {
  if (replay === undefined || looks === undefined) return {};
  const { service } = about;
  return { history: looks.open({ service, watch: name, kind }, replay.source(parsed, about)) };
}

/** What a watch's own commands find in their environment: the service's, and a life by which the next daemon ends what this one leaves. */
function environment(
  name: string,
  watch: string,
  launch: Launch,
  { state }: SupervisionOptions,
): Readonly<Record<string, string>> {
  const env = launch.env();
  const own = { VAHTI_SERVICE: name, VAHTI_WATCH: watch, [LIFE_VARIABLE]: `${state.stateId}/${name}` };
  return { ...(env.ok ? env.value : {}), ...own };
}

function watchedService(
  { planned: { name, cwd }, service, launch }: Watchable,
  options: SupervisionOptions,
  dependents: (name: string) => readonly Runner[],
): WatchedService {
  return {
    name,
    snapshot: () => asWatched(service.snapshot()),
    restart(reason, who, fields, refused) {
      service.restart('vahti', reason, who, fields);
      void service.settled?.().then((refusal) => {
        if (refusal !== undefined) refused();
      });
    },
    stop: () => service.stop('vahti'),
    restartDependents(reason) {
      for (const dependent of dependents(name)) dependent.renew(`${name} is needed: ${reason}`);
    },
    async run(argv, variables, signal) {
      const env = launch.env();
      if (!env.ok) return env.error;
      const life = `${options.state.stateId}/${name}/action`;
      const { user } = launch;
      const own = { ...variables, VAHTI_SERVICE: name, [LIFE_VARIABLE]: life };
      const spec = { argv, cwd, env: { ...env.value, ...own } };
      return runBounded(user === undefined ? spec : { ...spec, user }, life, signal, options);
    },
    tail: (life) => options.tail?.(name, life) ?? [],
  };
}

/** A unit can run without a main process, and be looked at all the same. */
function asWatched(seen: ServiceSnapshot): ServiceSnapshot {
  return seen.unit !== undefined && seen.state === 'running' ? { ...seen, pid: seen.pid ?? 0 } : seen;
}

function groupOf(service: Runner): string | undefined {
  const { unit, runBy } = service.snapshot();
  return unit?.facts?.group ?? runBy?.group ?? undefined;
}

async function runBounded(
  spec: Parameters<typeof startProcess>[0],
  life: string,
  signal: AbortSignal,
  { clock }: SupervisionOptions,
): Promise<string> {
  const { pid, startTicks, exited } = startProcess(spec);
  const patience = new AbortController();
  const exit = await Promise.race([
    exited,
    clock.sleep(RUN_MS, AbortSignal.any([signal, patience.signal])).then(() => undefined),
  ]);
  patience.abort();
  if (exit === undefined && pid !== undefined) {
    const ticks = startTicks === undefined ? {} : { startTicks };
    await endTree({ pgid: pid, ...ticks, life, deadlineMs: 0, clock });
    return signal.aborted ? 'ended, since its watch ends' : `killed after ${RUN_MS / 1000} s`;
  }
  if (exit?.kind === 'exited') return `exited with code ${exit.code}`;
  return exit?.kind === 'signalled' ? `ended by ${exit.signal}` : (exit?.error ?? 'it did not start');
}
