import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ownLimits } from '../../core/exec-wrapper.ts';
import { readEnvFile } from '../launch.ts';
import type { Plan, PlannedService } from '../plan.ts';
import { statePaths } from '../state.ts';
import { type Lookup, type Notes, report } from './notes.ts';
import { BUILT_IN, type Config, type ServiceConfig } from './schema.ts';

type Limits = Pick<
  PlannedService,
  'envFile' | 'boot' | 'memory' | 'cpu' | 'openFiles' | 'tmp' | 'reloadOn' | 'stopSignal'
>;

/** The keys of limits-config.ts, as the plan has them: what is not written is left out. */
export function resolveLimits(notes: Notes, at: readonly string[], service: ServiceConfig): Limits {
  const { boot, memory, cpu, tmp } = service;
  const file = service['env-file'];
  const signal = service['stop-signal'];
  const files = service['open-files'];
  const globs = service['reload-on'];
  const envFile = file === undefined ? undefined : resolve(notes.folder, file);
  if (envFile !== undefined) checkEnvFile(notes, [...at, 'env-file'], envFile);
  return {
    ...(envFile === undefined ? {} : { envFile }),
    ...(boot === undefined ? {} : { boot }),
    ...(memory === undefined
      ? {}
      : {
          memory:
            memory.min === memory.max
              ? { hardBytes: memory.max }
              : { softBytes: memory.min, hardBytes: memory.max },
        }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(files === undefined ? {} : { openFiles: files }),
    ...(tmp === undefined ? {} : { tmp }),
    ...(globs === undefined ? {} : { reloadOn: globs }),
    ...(signal === undefined ? {} : { stopSignal: `SIG${signal}` as const }),
  };
}

export function resolveLog(
  notes: Notes,
  pick: Lookup,
  { log }: ServiceConfig,
  fallback: NonNullable<Config['defaults']>['log'],
): PlannedService['log'] {
  return {
    budgetBytes: pick(
      'log.budget',
      ['log', 'budget'],
      log?.budget,
      fallback?.budget,
      BUILT_IN.logBudgetBytes,
    ),
    mode: pick('log.mode', ['log', 'mode'], log?.mode, fallback?.mode, BUILT_IN.logMode),
    ...(log?.file === undefined ? {} : { file: resolve(notes.data, log.file) }),
  };
}

/** Where the captured output of a service goes. */
export function logFileOf(service: PlannedService, state: string): string {
  return service.log.file ?? join(statePaths(state).logs, `${service.name}.log`);
}

/** What the machine does not have, and what two services cannot share. */
export function checkLimits(notes: Notes, plan: Plan): void {
  const own = ownLimits();
  const root = notes.anyUser;
  for (const { name, cpu, openFiles } of plan.services) {
    const at = ['services', name];
    if (cpu !== undefined && cpu > own.processors.length) {
      const message = `cannot give ${name} ${cpu} processors: there are ${own.processors.length} here`;
      report(notes, 'error', [...at, 'cpu'], 'value', message);
    }
    if (openFiles !== undefined && openFiles > own.openFiles && !root) {
      const message = `cannot give ${name} ${openFiles} open files: only root can go above ${own.openFiles} here`;
      report(notes, 'error', [...at, 'open-files'], 'value', message);
    }
  }
  checkLogFiles(notes, plan);
}

/** Two writers on one file would rotate it under each other. */
function checkLogFiles(notes: Notes, plan: Plan): void {
  const owners = new Map<string, string>();
  const bases = new Map<string, string>();
  const named = plan.services.filter((service) => service.log.file !== undefined);
  for (const service of [...plan.services.filter((each) => !named.includes(each)), ...named]) {
    const file = logFileOf(service, plan.state);
    // Its rotated files and its reserve are its own, too.
    const base = file.replace(/\.(?:[1-9]\d{0,5}|reserve)$/, '');
    const owner = owners.get(file) ?? owners.get(base) ?? bases.get(file);
    if (owner !== undefined) {
      const message = `cannot write the log of ${service.name} to ${file}: that is the log of ${owner}`;
      report(notes, 'error', ['services', service.name, 'log', 'file'], 'value', message);
    }
    owners.set(file, service.name);
    bases.set(base, service.name);
  }
}

/** A file that is not there may come before it is needed; one that cannot be read as it is cannot. */
function checkEnvFile(notes: Notes, path: readonly string[], file: string): void {
  if (!existsSync(file)) {
    return report(
      notes,
      'warning',
      path,
      'value',
      `${file} is not there; the service can't start without it`,
    );
  }
  const read = readEnvFile(file);
  if (!read.ok) report(notes, 'error', path, 'value', read.error);
}
