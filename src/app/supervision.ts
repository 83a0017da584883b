import { dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { bootId, lookupUser, userEnvironment } from '../core/processes.ts';
import type { RecordDraft } from '../core/record.ts';
import { err, ok, type Result } from '../core/result.ts';
import {
  createEmbeddedService,
  type EmbeddedService,
  type EmbeddedServiceSpec,
  type PersistedService,
} from '../run/embedded/service.ts';
import type { RecordedProcess } from '../run/embedded/survivors.ts';
import { OWN_PROGRAM } from './config/checks.ts';
import { resolveEnvironment } from './environment.ts';
import { smallEnvironment, smallProgram } from './small-memory.ts';
import { comparePlans, type Plan, type PlanChange, type PlannedService } from './plan.ts';
import type { StatePaths, StateStore } from './state.ts';

export interface SupervisionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly paths: StatePaths;
  readonly state: StateStore;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** How this very program is started: `[node, bin/vahti.js]`. */
  readonly program: readonly string[];
}

/** A service of the plan, with what runs it. */
export interface Supervised {
  readonly planned: PlannedService;
  readonly service: EmbeddedService;
}

/** All services of a plan: brought up, compared with the next plan, and brought down, each independent of the others. */
export interface Supervision {
  get(name: string): Supervised | undefined;
  all(): readonly Supervised[];
  /** Goes over to a plan: what is gone is stopped, what is new or differs is started, the rest is left alone. One at a time. */
  apply(plan: Plan): Promise<readonly PlanChange[]>;
  /** Stops every process, without anybody having asked for it: the next daemon starts them again. Nothing starts from then on. */
  end(): Promise<void>;
}

export function createSupervision(options: SupervisionOptions): Supervision {
  const services = new Map<string, Supervised>();
  let current: Plan | undefined;
  let ended = false;

  const bringUp = async (planned: PlannedService, plan: Plan, changed: boolean): Promise<void> => {
    const spec = await specOf(planned, plan, options);
    // The end may have come meanwhile, and nobody would ever stop this one.
    if (ended) return;
    const saved = loadSaved(options.state, planned.name);
    const service = createEmbeddedService(spec, {
      clock: options.clock,
      log: options.log.child({ service: planned.name }),
      random: options.random,
      records: options.records,
      stateId: options.state.stateId,
      persist: (name, state) => options.state.save(name, { ...state, boot: bootId() } satisfies Saved),
      ...(saved === undefined ? {} : { restored: saved }),
    });
    services.set(planned.name, { planned, service });
    service.start(startedBy(saved, changed));
  };

  const bringDown = async (name: string): Promise<void> => {
    const found = services.get(name);
    if (found === undefined) return;
    await found.service.dispose();
    services.delete(name);
  };

  return {
    get: (name) => services.get(name),
    all: () => [...services.values()],
    async apply(plan) {
      const changes = comparePlans(current, plan);
      const touched = changes.filter((change) => change.change !== 'leave');
      await Promise.all(
        touched.filter((change) => change.change !== 'start').map((change) => bringDown(change.name)),
      );
      const wanted = new Set(
        touched.filter((change) => change.change !== 'stop').map((change) => change.name),
      );
      for (const planned of plan.services) {
        if (wanted.has(planned.name)) await bringUp(planned, plan, current !== undefined);
      }
      options.state.keepOnly(plan.services.map((service) => service.name));
      current = plan;
      return changes;
    },
    async end() {
      ended = true;
      await Promise.all([...services.keys()].map(bringDown));
    },
  };
}

/** What is kept of a service, and the boot of the machine that it was kept in. */
type Saved = PersistedService & { readonly boot: string };

function loadSaved(state: StateStore, name: string): Saved | undefined {
  return state.load(name) as Saved | undefined;
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
  const user = planned.user === undefined ? undefined : await lookupUser(planned.user);
  const environment = (): Result<Record<string, string>, string> => {
    const resolved = resolveEnvironment(planned.env, dirname(plan.file), process.env);
    if (!resolved.ok) return err(resolved.error);
    const env = planned.kind === 'command' ? resolved.value : smallEnvironment(resolved.value);
    return ok(user === undefined ? env : { ...env, ...userEnvironment(user) });
  };
  return {
    name: planned.name,
    argv: commandOf(planned, options),
    env: environment,
    cwd: planned.cwd,
    ...(user === undefined ? {} : { user }),
    stopMs: planned.stopMs,
    restart: planned.restart,
    log: { path: join(options.paths.logs, `${planned.name}.log`), budgetBytes: planned.log.budgetBytes },
  };
}

/** Built-in kinds run as `vahti run NAME` on the plan that is in force, not on whatever the config file says by then. */
function commandOf(planned: PlannedService, options: SupervisionOptions): readonly string[] {
  if (planned.kind !== 'command')
    return [...smallProgram(options.program), 'run', planned.name, '--plan', options.paths.plan];
  const [command, ...rest] = planned.argv;
  return command === OWN_PROGRAM ? [...options.program, ...rest] : planned.argv;
}
