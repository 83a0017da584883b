import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../../core/diagnostics.ts';
import { splitWords } from '../../core/words.ts';
import type { YamlSource } from '../../core/yaml-source.ts';
import type { Origin, Plan, PlannedService } from '../plan.ts';
import { checkCommand, checkEnv, checkUsers } from './checks.ts';
import { type Notes, report } from './notes.ts';
import { BUILT_IN, type Config, SERVICE_NAME, type ServiceConfig } from './schema.ts';

/** A plan, where each of its values comes from, and everything that is wrong or odd. */
export interface Resolved {
  readonly plan: Plan;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Turns a valid config into a plan: every default filled in, every path absolute.
 * @param source what was written, mistakes of form included, which `config` has no longer.
 */
export async function resolveConfig(
  config: Config,
  source: Pick<YamlSource, 'locate' | 'value'>,
  file: string,
): Promise<Resolved> {
  const folder = dirname(resolve(file));
  const notes: Notes = { source, file, folder, origins: new Map(), diagnostics: [] };
  const keep = config.hub?.keep;
  const pick = <T>(path: string, written: T | undefined, at: readonly string[], builtIn: T): T =>
    choose(notes, path, [[written, 'config', at]], builtIn);
  const plan: Plan = {
    v: 1,
    file: resolve(file),
    state: resolve(folder, pick('state', config.state, ['state'], BUILT_IN.state)),
    keep: {
      logsMs: pick('keep.logs', keep?.logs, ['hub', 'keep', 'logs'], BUILT_IN.keepLogsMs),
      historyMs: pick('keep.history', keep?.history, ['hub', 'keep', 'history'], BUILT_IN.keepHistoryMs),
      bytes: pick('keep.size', keep?.size, ['hub', 'keep', 'size'], BUILT_IN.keepBytes),
    },
    services: Object.entries(config.services ?? {}).map(([name, service]) =>
      resolveService(notes, config, name, service),
    ),
  };
  checkFolders(notes, plan);
  await checkUsers(notes, plan.services);
  return { plan, origins: notes.origins, diagnostics: notes.diagnostics };
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
    notes.origins.set(path, { from, line: notes.source.locate(at, 'value').line });
    return value;
  }
  notes.origins.set(path, { from: 'built-in' });
  return builtIn;
}

function resolveService(notes: Notes, config: Config, name: string, service: ServiceConfig): PlannedService {
  const at = ['services', name];
  if (!SERVICE_NAME.test(name)) {
    const form = 'use small letters, digits, dots and dashes, up to 63';
    report(notes, 'error', at, 'key', `cannot name a service "${name}": ${form}`);
  }
  const kinds = (['run', 'collect'] as const).filter((kind) => isWritten(notes.source.value, [...at, kind]));
  if (kinds.length !== 1) {
    const found = kinds.length === 0 ? 'it has none of them' : `it has ${kinds.join(' and ')}`;
    report(
      notes,
      'error',
      at,
      'key',
      `cannot tell what "${name}" is: write exactly one of run, collect; ${found}`,
    );
  }
  const own = <T>(
    key: string,
    written: T | undefined,
    fallback: T | undefined,
    keys: readonly string[],
    builtIn: T,
  ): T =>
    choose(
      notes,
      `services.${name}.${key}`,
      [
        [written, 'config', [...at, ...keys]],
        [fallback, 'defaults', ['defaults', ...keys]],
      ],
      builtIn,
    );
  const restart = { ...service.restart };
  const fallback = { ...config.defaults?.restart };
  const backoff = own('backoff', restart.backoff, fallback.backoff, ['restart', 'backoff'], {
    min: BUILT_IN.backoffMinMs,
    max: BUILT_IN.backoffMaxMs,
  });
  const codes = service.collect === undefined ? [] : [2];
  return {
    name,
    kind: service.collect === undefined ? 'command' : 'collect',
    argv: resolveCommand(notes, at, service),
    cwd: resolve(notes.folder, own('cwd', service.cwd, undefined, ['cwd'], '.')),
    env: resolveEnv(notes, at, service),
    ...(service.user === undefined ? {} : { user: service.user }),
    stopMs: own('stop', service.stop, config.defaults?.stop, ['stop'], BUILT_IN.stopMs),
    restart: {
      fast: own('fast', restart.fast, fallback.fast, ['restart', 'fast'], BUILT_IN.fast),
      backoffMinMs: backoff.min,
      backoffMaxMs: backoff.max,
      slowMs: own('slow', restart.slow, fallback.slow, ['restart', 'slow'], BUILT_IN.slowMs),
      noRestartOn: own(
        'no-restart-on',
        restart['no-restart-on'],
        fallback['no-restart-on'],
        ['restart', 'no-restart-on'],
        codes,
      ),
    },
    log: {
      budgetBytes: own(
        'log.budget',
        service.log?.budget,
        config.defaults?.log?.budget,
        ['log', 'budget'],
        BUILT_IN.logBudgetBytes,
      ),
    },
    ...(service.collect === undefined ? {} : { collect: resolveCollect(notes, at, service.collect) }),
  };
}

function resolveCollect(notes: Notes, at: readonly string[], collect: NonNullable<ServiceConfig['collect']>) {
  const url = new URL(collect.from);
  if (url.searchParams.has('cursor')) {
    url.searchParams.delete('cursor');
    const why = 'where to go on is in the checkpoint, where to begin is `cursor:`';
    report(
      notes,
      'warning',
      [...at, 'collect', 'from'],
      'value',
      `cursor= in the address is dropped: ${why}`,
    );
  }
  return { ...collect, from: url.href, into: resolve(notes.folder, collect.into) };
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
    if (!existsSync(service.cwd)) {
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
