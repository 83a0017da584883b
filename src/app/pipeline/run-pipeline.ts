import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { disk } from '../../core/files.ts';
import { LIFE_VARIABLE } from '../../core/processes.ts';
import { resolveReference } from '../../core/references.ts';
import { readStat } from '../../core/process-table.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import { createPipeline } from '../../pipeline/create.ts';
import type { Ledger } from '../../pipeline/ledger/ledger.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { PipelinePlan, StepPlan } from '../../pipeline/plan.ts';
import type { BuiltinTrouble } from '../builtin.ts';
import type { PlannedService } from '../plan.ts';
import { serviceSocket, type StatePaths } from '../state.ts';
import { pipelineFolder } from './folder.ts';
import { createLending } from './lending.ts';
import { ownLedger } from './own-ledger.ts';
import { runInTurns } from './turns.ts';
import { createStage } from './stage.ts';
import { showService } from './views.ts';

/** A service that is a pipeline. */
export type PipelineService = PlannedService & { readonly pipeline: PipelinePlan };

/**
 * Runs a pipeline in this process until `drain`: locks its folder, so that there is never a second runner, and serves its figures on
 * its socket. Whoever asks for the ledger there has it for a while, with nobody running. Rejects where the disk fails; the process
 * has to end then.
 */
export async function runPipeline(
  service: PipelineService,
  configFile: string,
  paths: StatePaths,
  scope: Scope,
  environment: Readonly<Record<string, string | undefined>>,
  program: string,
): Promise<Result<void, BuiltinTrouble>> {
  const { name } = service;
  const resolved = withEnvironments(service.pipeline, dirname(configFile), environment);
  if (!resolved.ok) return err({ kind: 'failed', message: resolved.error });
  const plan = resolved.value;
  const folder = pipelineFolder(paths, name);
  const what = `pipeline ${name}`;
  const own = ownLedger({ name, folder }, what, scope.clock);
  if (!own.ok)
    return err({ kind: own.error.kind === 'locked' ? 'locked' : 'failed', message: own.error.message });
  const reader = readLedger(folder, name);
  if (!reader.ok) {
    await own.value.release();
    return err({ kind: 'failed', message: reader.error.message });
  }
  const lending = createLending(scope.clock);
  const stage = createStage({ name, plan, folder, reader: reader.value, borrower: lending.wanted });
  const over = new AbortController();
  const shown = showService(
    { stage, lending, socket: serviceSocket(paths, name), scope, program },
    over.signal,
  );
  try {
    const make = (ledger: Ledger): Pipeline =>
      createPipeline({
        name,
        plan,
        ledger,
        folder,
        work: workFolder(folder, plan.products, name),
        env: ofSteps(environment),
        cwd: service.cwd,
        life: environment[LIFE_VARIABLE] ?? `pipeline/${name}/${randomBytes(8).toString('hex')}`,
        self: { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0 },
        files: disk,
        clock: scope.clock,
        log: scope.log,
        finishMs: finishTime(service),
      });
    await runInTurns({ own: own.value, take: () => ownLedger({ name, folder }, what, scope.clock) }, make, {
      stage,
      lending,
      scope,
    });
    return ok(undefined);
  } finally {
    over.abort();
    await shown;
    reader.value.close();
  }
}

/**
 * Where runs have their private folders: in the pipeline's own, or, where products are on another filesystem, in a hidden one beside
 * them, so that a product is renamed to its place and never copied.
 */
export function workFolder(folder: string, products: string, name: string): string {
  mkdirSync(products, { recursive: true });
  const isNear = statSync(folder).dev === statSync(products).dev;
  return isNear ? join(folder, 'work') : join(products, `.vahti-${name}`);
}

/** Secrets of steps are looked up once, as those of a service. */
export function withEnvironments(
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

/** What is left of the time for a stop when every run may need its own to end. Milliseconds. */
function finishTime({ stopMs, pipeline }: PipelineService): number {
  return Math.max(0, stopMs - RESERVE_MS - Math.max(0, ...pipeline.steps.map((step) => step.stopMs)));
}

/** For the end of a run to be written down, and the process to end. */
const RESERVE_MS = 2000;

/** What is for this process alone stays here. */
export function ofSteps(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const own = /^(?:VAHTI_LIFE.*|VAHTI_SERVICE|NOTIFY_SOCKET|WATCHDOG_PID|WATCHDOG_USEC|LISTEN_.*)$/;
  return Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) =>
      value === undefined || own.test(key) ? [] : [[key, value]],
    ),
  );
}
