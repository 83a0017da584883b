import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Files } from '../core/files.ts';
import type { Log } from '../core/log.ts';
import { bootId } from '../core/processes.ts';
import type { Scope } from '../core/scope.ts';
import type { Carrying } from './engine/carry.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { createIntake } from './engine/intake.ts';
import { createPeriodic } from './engine/periodic.ts';
import { recover } from './engine/recovery.ts';
import { createRouter } from './engine/routing.ts';
import { createInbox } from './inbox/inbox.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Owner } from './ledger/types.ts';
import type { Pipeline, PipelineFigures, StepFigures } from './pipeline.ts';
import type { PipelinePlan } from './plan.ts';
import { createWorkers } from './steps/workers.ts';

export interface PipelineOptions {
  readonly name: string;
  readonly plan: PipelinePlan;
  /** Its ledger, which nobody else writes; it is not closed here. */
  readonly ledger: Ledger;
  /** Its own folder: what its runs print goes to `logs` in it. */
  readonly folder: string;
  /** Private folders of runs; on the filesystem of the products, so that they can be renamed there. */
  readonly work: string;
  /** What every step finds in its environment, complete. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What every step carries as VAHTI_LIFE, before the number of its task. */
  readonly life: string;
  /** Who this process is, for the next one. */
  readonly self: { readonly pid: number; readonly startTicks: number };
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes a pipeline of its parts. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { name, plan, ledger, folder, work, env, cwd, life, clock, log } = options;
  const router = createRouter(plan);
  const workers = createWorkers();
  const context = { inboxes: plan.inboxes, products: plan.products, env, cwd, clock, workers };
  const logs = join(folder, 'logs');
  const carrying: Carrying = { ledger, router, context, files: options.files, work, logs, life, log };
  const owner: Owner = { boot: bootId(), ...options.self, life };
  const periodic = createPeriodic(plan.steps, ledger, router, clock);
  const engine = createEngine({ plan, carrying, owner, periodic });
  const intake = createIntake({ inboxes: plan.inboxes, ledger, router, clock, wake: engine.wake });
  const inboxes = plan.inboxes.map((inbox) =>
    createInbox({ plan: inbox, intake, env, cwd, life: `${life}/inbox-${inbox.name}` }),
  );
  return {
    name,
    plan,
    ledger,
    logs,
    running: engine.running,
    figures: () => figuresOf(plan, ledger, engine),
    hold: engine.hold,
    resume: engine.resume,
    async retry(filter) {
      const count = await ledger.retry(filter, clock.now());
      engine.wake();
      return count;
    },
    async look() {
      for (const inbox of inboxes) await inbox.look();
    },
    settled: engine.settled,
    async run(scope: Scope) {
      for (const path of [work, logs, plan.products]) mkdirSync(path, { recursive: true });
      await recover(carrying, owner.boot);
      const failed = new AbortController();
      const drain = AbortSignal.any([scope.drain, failed.signal]);
      // What one of them cannot do (a disk that fails) none can: all end, and the next runner goes on from the last commit.
      const together = [
        engine.run({ ...scope, drain }),
        ...inboxes.map((inbox) => inbox.run({ ...scope, drain })),
      ];
      const ended = await Promise.allSettled(together.map((each) => each.finally(() => failed.abort())));
      await workers.close();
      const broken = ended.find((each) => each.status === 'rejected');
      if (broken !== undefined) throw broken.reason;
    },
  };
}

async function figuresOf(plan: PipelinePlan, ledger: Ledger, engine: Engine): Promise<PipelineFigures> {
  const [tally, backlog, files, progressed] = await Promise.all([
    ledger.tally(),
    ledger.backlog(),
    ledger.inboxTally(),
    ledger.lastSuccess(),
  ]);
  const steps = plan.steps.map(({ name, level, enabled }): StepFigures => {
    const own = tally.filter(({ step }) => step === name);
    return {
      step: name,
      level,
      enabled,
      tasks: Object.fromEntries(own.map(({ state, count }) => [state, count])),
    };
  });
  const byState: Record<string, number> = {};
  for (const { state, count } of files) byState[state] = (byState[state] ?? 0) + count;
  return {
    kind: 'pipeline',
    backlog: backlog.count,
    oldest: backlog.oldest ?? null,
    progressed: progressed ?? null,
    running: engine.running(),
    idleSince: engine.idleSince() ?? null,
    held: engine.held() ?? null,
    files: byState,
    steps,
  };
}
