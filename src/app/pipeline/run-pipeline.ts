import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { disk } from '../../core/files.ts';
import { lockFolder } from '../../core/folder-lock.ts';
import { LIFE_VARIABLE } from '../../core/processes.ts';
import { resolveReference } from '../../core/references.ts';
import { readStat } from '../../core/process-table.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import { createPipeline } from '../../pipeline/create.ts';
import { openLedger } from '../../pipeline/ledger/sqlite.ts';
import type { PipelinePlan, StepPlan } from '../../pipeline/plan.ts';
import type { BuiltinTrouble } from '../builtin.ts';
import type { PlannedService } from '../plan.ts';
import { serviceSocket, type StatePaths } from '../state.ts';
import { pipelineFolder } from './folder.ts';
import { servePipeline } from './service-api.ts';

/** A service that is a pipeline. */
export type PipelineService = PlannedService & { readonly pipeline: PipelinePlan };

/**
 * Runs a pipeline in this process until `drain`: locks its folder, so that there is never a second runner, and serves its figures on
 * its socket. Rejects where the disk fails; the process has to end then.
 */
export async function runPipeline(
  service: PipelineService,
  configFile: string,
  paths: StatePaths,
  scope: Scope,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Result<void, BuiltinTrouble>> {
  const { name, cwd } = service;
  const resolved = withEnvironments(service.pipeline, dirname(configFile), environment);
  if (!resolved.ok) return err({ kind: 'failed', message: resolved.error });
  const plan = resolved.value;
  const folder = pipelineFolder(paths, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const locked = lockFolder(folder, { what: `pipeline ${name}`, clock: scope.clock });
  if (!locked.ok)
    return err({ kind: locked.error.kind === 'held' ? 'locked' : 'failed', message: locked.error.message });
  const opened = openLedger(folder, name);
  if (!opened.ok) {
    locked.value.release();
    return err({ kind: 'failed', message: opened.error.message });
  }
  const ledger = opened.value;
  try {
    const pipeline = createPipeline({
      name,
      plan,
      ledger,
      folder,
      work: workFolder(folder, plan.products, name),
      env: ofSteps(environment),
      cwd,
      life: environment[LIFE_VARIABLE] ?? `pipeline/${name}/${randomBytes(8).toString('hex')}`,
      self: { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0 },
      files: disk,
      clock: scope.clock,
      log: scope.log,
    });
    const socket = serviceSocket(paths, name);
    mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
    const served = await servePipeline(socket, pipeline, scope.log);
    // Without its socket it still works: files come before figures.
    if (!served.ok) scope.log.error('cannot show figures', { reason: served.error.message });
    // status endpoint
    try {
      await pipeline.run(scope);
    } finally {
      if (served.ok) await served.value.close();
    }
    return ok(undefined);
  } finally {
    await ledger.close();
    locked.value.release();
  }
}

/**
 * Where runs have their private folders: in the pipeline's own, or, where products are on another filesystem, in a hidden one beside
 * them, so that a product is renamed to its place and never copied.
 */
function workFolder(folder: string, products: string, name: string): string {
  mkdirSync(products, { recursive: true });
  const isNear = statSync(folder).dev === statSync(products).dev;
  return isNear ? join(folder, 'work') : join(products, `.vahti-${name}`);
}

/** Secrets of steps are looked up once, as those of a service. */
function withEnvironments(
  plan: PipelinePlan,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Result<PipelinePlan, string> {
  const steps: StepPlan[] = [];
  for (const step of plan.steps) {
    const env: Record<string, string> = {};
    for (const [name, written] of Object.entries(step.env)) {
      const found = resolveReference(written, folder, environment);
      if (!found.ok) return err(`cannot run the step ${step.name}: cannot set ${name}: ${found.error}`);
      env[name] = found.value;
    }
    steps.push({ ...step, env });
  }
  return ok({ ...plan, steps });
}

/** What is for this process alone stays here. */
function ofSteps(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const own = /^(?:VAHTI_LIFE.*|VAHTI_SERVICE|NOTIFY_SOCKET|WATCHDOG_PID|WATCHDOG_USEC|LISTEN_.*)$/;
  return Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) =>
      value === undefined || own.test(key) ? [] : [[key, value]],
    ),
  );
}
