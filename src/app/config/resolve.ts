import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../../core/diagnostics.ts';
import { splitWords } from '../../core/words.ts';
import type { YamlSource } from '../../core/yaml-source.ts';
import { dataFolder, defaultState } from '../layout.ts';
import type { Origin, Plan, PlannedService } from '../plan.ts';
import { resolveBeats } from './beats.ts';
import { resolveForward } from './forward.ts';
import { resolveHub } from './hub.ts';
import { checkCommand, checkEnv, checkStreams, checkUsers } from './checks.ts';
import { checkLimits, resolveLimits, resolveLog } from './limits.ts';
import { checkNeeds, resolveNeeds } from './needs.ts';
import { type Lookup, type Notes, report } from './notes.ts';
import { createNotify } from './notify.ts';
import { resolvePipeline } from './pipeline.ts';
import { resolveReady } from './ready.ts';
import { createQuiet } from './quiet.ts';
import { checkUnitNames, resolveInstall } from './install.ts';
import { checkUnits, resolveUnit } from './units.ts';
import { resolveWatchLimits } from './watch-limits.ts';
import { resolveWatches } from './watches.ts';
import type { CollectConfig } from '../../collect/config.ts';
import type { RestartConfig } from '../../run/config.ts';
import { BUILT_IN, type Config, KINDS, SERVICE_NAME, type ServiceConfig } from './schema.ts';

/** A plan, where each of its values comes from, and everything that is wrong or odd. */
export interface Resolved {
  readonly plan: Plan;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Turns a valid config into a plan: every default filled in, every path absolute.
 * @param source what was written, mistakes of form included, which `config` has no longer.
 * @param anyUser see Notes.
 */
export async function resolveConfig(
  config: Config,
  source: Pick<YamlSource, 'locate' | 'value'>,
  file: string,
  anyUser = false,
): Promise<Resolved> {
  const folder = dirname(resolve(file));
  const data = dataFolder(file);
  const notes: Notes = { source, file, folder, data, anyUser, origins: new Map(), diagnostics: [] };
  const pick: PickOwn = (path, written, at, builtIn) =>
    choose(notes, path, [[written, 'config', at]], builtIn);
  const zone = pick('zone', config.zone, ['zone'], BUILT_IN.zone);
  const quiet = createQuiet(notes, config, zone);
  const beats = resolveBeats(notes, config.beats);
  const notify = createNotify(notes, config);
  const plan: Plan = {
    v: 1,
    file: resolve(file),
    state: resolve(folder, pick('state', config.state, ['state'], defaultState(file))),
    keep: resolveKeep(pick, config.hub?.keep),
    ...quiet.ofAll,
    ...notify.ofAll,
    ...(config.zone === undefined ? {} : { zone }),
    ...(beats === undefined ? {} : { beats }),
    services: Object.entries(config.services ?? {}).map(([name, service]) => ({
      ...resolveService(notes, config, name, service),
      ...quiet.of(name, service.quiet),
      ...notify.of(name, service),
    })),
  };
  const jobs = await jobsOf(notes, config, zone, plan);
  const { shipping, service } = resolveHub(notes, config, plan);
  const forward = resolveForward(notes, config);
  const whole = {
    ...plan,
    ...jobs,
    ...(shipping === undefined ? {} : { shipping }),
    ...(forward === undefined ? {} : { forward }),
    ...(service === undefined ? {} : { services: [service, ...plan.services] }),
  };
  checkFolders(notes, whole);
  checkNeeds(notes, whole);
  checkLimits(notes, whole);
  await checkStreams(notes, whole.services);
  await checkUsers(notes, whole.services);
  checkUnitNames(notes, whole, Object.keys(config.jobs ?? {}));
  await checkUnits(notes, whole);
  return { plan: whole, origins: notes.origins, diagnostics: notes.diagnostics };
}

type PickOwn = <T>(path: string, written: T | undefined, at: readonly string[], builtIn: T) => T;

/** How long records of this machine are kept here. */
function resolveKeep(pick: PickOwn, keep: NonNullable<Config['hub']>['keep']): Plan['keep'] {
  const at = (key: string): readonly string[] => ['hub', 'keep', key];
  return {
    logsMs: pick('keep.logs', keep?.logs, at('logs'), BUILT_IN.keepLogsMs),
    historyMs: pick('keep.history', keep?.history, at('history'), BUILT_IN.keepHistoryMs),
    bytes: pick('keep.size', keep?.size, at('size'), BUILT_IN.keepBytes),
    looksMs: pick('keep.looks', keep?.looks, at('looks'), BUILT_IN.keepLooksMs),
    looksBytes: pick('keep.looks-size', keep?.['looks-size'], at('looks-size'), BUILT_IN.keepLooksBytes),
  };
}

/** What knows jobs and their verbs is loaded where there is one. */
async function jobsOf(
  notes: Notes,
  config: Config,
  zone: string,
  { services }: Plan,
): Promise<Pick<Plan, 'jobs'>> {
  if (config.jobs === undefined) return {};
  const { resolveJobs } = await import('./jobs.ts');
  return { jobs: await resolveJobs(notes, config, zone, services) };
}

/** Whether something stands at a path, right or wrong. */
function isWritten(value: unknown, path: readonly string[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
  return isWritten((value as Record<string, unknown>)[key], rest);
}

type Choice<T> = readonly [value: T | undefined, from: 'config' | 'defaults', at: readonly string[]];

/** The first value that is written, and a note of where it stands. */
function choose<T>(notes: Notes, path: string, choices: readonly Choice<T>[], builtIn: T): T {
  for (const [value, from, at] of choices) {
    if (value === undefined) continue;
    const { line, file } = notes.source.locate(at, 'value');
    notes.origins.set(path, { from, line, ...(file === undefined ? {} : { file }) });
    return value;
  }
  notes.origins.set(path, { from: 'built-in' });
  return builtIn;
}

function resolveService(notes: Notes, config: Config, name: string, service: ServiceConfig): PlannedService {
  const at = ['services', name];
  checkIdentity(notes, at, name);
  const pick: Lookup = (key, keys, written, fallback, builtIn) =>
    choose(
      notes,
      `services.${name}.${key}`,
      [
        [written, 'config', [...at, ...keys]],
        [fallback, 'defaults', ['defaults', ...keys]],
      ],
      builtIn,
    );
  const { collect, pipeline, user, stop } = service;
  const { defaults } = config;
  const ready = resolveReady(notes, name, service.ready, collect !== undefined || pipeline !== undefined);
  const kind = kindAt(notes, at);
  const unit = resolveUnit(notes, name, service);
  const zone = config.zone ?? BUILT_IN.zone;
  const watch = resolveWatches(notes, name, service.watch, kind, zone);
  return {
    name,
    kind,
    argv: resolveCommand(notes, at, service),
    cwd: resolve(notes.data, pick('cwd', ['cwd'], service.cwd, undefined, '.')),
    env: resolveEnv(notes, at, service),
    ...(user === undefined ? {} : { user }),
    ...resolveLimits(notes, at, service),
    ...resolveInstall(notes, at, service),
    needs: resolveNeeds(notes, name, service.needs),
    ...(service.locks === undefined ? {} : { locks: service.locks }),
    ...(ready === undefined ? {} : { ready }),
    stopMs: pick('stop', ['stop'], stop, defaults?.stop, BUILT_IN.stopMs),
    restart: resolveRestart(pick, service, defaults?.restart ?? {}),
    log: resolveLog(notes, pick, service, defaults?.log),
    ...(collect === undefined ? {} : { collect: resolveCollect(notes, at, collect) }),
    ...(pipeline === undefined ? {} : { pipeline: resolvePipeline(notes, at, pipeline, service.cwd, zone) }),
    ...(unit === undefined ? {} : { unit }),
    ...(watch.length === 0 ? {} : { watch, watchLimits: resolveWatchLimits(pick, service, defaults) }),
  };
}

/** What a service is, also where what is written of it has mistakes. */
function kindAt(notes: Notes, at: readonly string[]): PlannedService['kind'] {
  const isA = (key: string): boolean => isWritten(notes.source.value, [...at, key]);
  if (isA('collect')) return 'collect';
  if (isA('pipeline')) return 'pipeline';
  return isA('unit') ? 'unit' : 'command';
}

function checkIdentity(notes: Notes, at: readonly string[], name: string): void {
  if (!SERVICE_NAME.test(name)) {
    const form = 'use small letters, digits, dots, dashes and underscores, up to 63';
    report(notes, 'error', at, 'key', `cannot name a service "${name}": ${form}`);
  }
  const kinds = KINDS.filter((kind) => isWritten(notes.source.value, [...at, kind]));
  if (kinds.length === 1) return;
  const found = kinds.length === 0 ? 'it has none of them' : `it has ${kinds.join(' and ')}`;
  report(
    notes,
    'error',
    at,
    'key',
    `cannot tell what "${name}" is: write exactly one of ${KINDS.join(', ')}; ${found}`,
  );
}

function resolveRestart(
  pick: Lookup,
  { restart = {}, collect, pipeline }: ServiceConfig,
  fallback: RestartConfig,
) {
  const builtIn = { min: BUILT_IN.backoffMinMs, max: BUILT_IN.backoffMaxMs };
  const backoff = pick('backoff', ['restart', 'backoff'], restart.backoff, fallback.backoff, builtIn);
  const codes = 'no-restart-on';
  return {
    fast: pick('fast', ['restart', 'fast'], restart.fast, fallback.fast, BUILT_IN.fast),
    backoffMinMs: backoff.min,
    backoffMaxMs: backoff.max,
    slowMs: pick('slow', ['restart', 'slow'], restart.slow, fallback.slow, BUILT_IN.slowMs),
    noRestartOn: pick(
      codes,
      ['restart', codes],
      restart[codes],
      fallback[codes],
      collect === undefined && pipeline === undefined ? [] : [...BUILT_IN.collectNoRestartOn],
    ),
  };
}

/** The keys of `collect:` that name a file, relative to the config. */
const COLLECT_FILES = ['dictionary', 'creds', 'ca', 'cert', 'key'] as const;

function resolveCollect(notes: Notes, at: readonly string[], collect: CollectConfig): CollectConfig {
  const path = [...at, 'collect', 'from'];
  const files = Object.fromEntries(
    COLLECT_FILES.flatMap((name) => {
      const file = collect[name];
      return file === undefined ? [] : [[name, resolve(notes.folder, file)]];
    }),
  );
  const password = collect.password?.replace(
    /^file:(.+)$/,
    (_, file: string) => `file:${resolve(notes.folder, file)}`,
  );
  const secret = password === undefined ? {} : { password };
  const resolved = { ...collect, ...files, ...secret, into: resolve(notes.data, collect.into) };
  if (typeof collect.from !== 'string' || !URL.canParse(collect.from)) return resolved;
  const url = new URL(collect.from);
  if (url.searchParams.has('cursor')) {
    url.searchParams.delete('cursor');
    const why = 'where to go on is in the checkpoint, where to begin is `cursor:`';
    report(notes, 'warning', path, 'value', `cursor= in the address is dropped: ${why}`);
  }
  return { ...resolved, from: url.href };
}

function resolveCommand(notes: Notes, at: readonly string[], service: ServiceConfig): readonly string[] {
  if (service.run === undefined) return [];
  const path = [...at, 'run'];
  let argv: readonly string[] = [];
  if (typeof service.run === 'string') {
    const words = splitWords(service.run);
    if (words.ok) argv = words.value;
    else report(notes, 'error', path, 'value', words.error);
  } else {
    argv = service.run;
  }
  checkCommand(notes, path, argv, service.cwd);
  return argv;
}

function resolveEnv(notes: Notes, at: readonly string[], service: ServiceConfig): Record<string, string> {
  const env = Object.fromEntries(
    Object.entries(service.env ?? {}).map(([key, value]) => [key, String(value)]),
  );
  checkEnv(notes, [...at, 'env'], env);
  return env;
}

/** Two collectors on one folder would be two writers of one checkpoint. */
function checkFolders(notes: Notes, plan: Plan): void {
  const owners = new Map<string, string>();
  for (const service of plan.services) {
    if (service.cwd !== notes.data && !existsSync(service.cwd)) {
      report(
        notes,
        'error',
        ['services', service.name, 'cwd'],
        'value',
        `cannot run ${service.name} in ${service.cwd}: no such folder`,
      );
    }
    if (service.collect === undefined) continue;
    const owner = owners.get(service.collect.into);
    if (owner !== undefined) {
      const message = `cannot collect into ${service.collect.into} twice: ${owner} does so already`;
      report(notes, 'error', ['services', service.name, 'collect', 'into'], 'value', message);
    }
    owners.set(service.collect.into, service.name);
  }
}
