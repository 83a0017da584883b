import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Files } from '../core/files.ts';
import type { Log } from '../core/log.ts';
import { bootId } from '../core/processes.ts';
import type { Scope } from '../core/scope.ts';
import type { Carrying } from './engine/carry.ts';
import { goOn } from './again.ts';
import { createEngine } from './engine/engine.ts';
import { createPatience, patientLedger, unretried } from './engine/full-disk.ts';
import { keepLogs } from './engine/log-budget.ts';
import { createIntake } from './engine/intake.ts';
import { createMaturing } from './engine/maturing.ts';
import { keepForgetting } from './engine/keeping.ts';
import { createPeriodic } from './engine/periodic.ts';
import { recover } from './engine/recovery.ts';
import { createRouter, type Order } from './engine/routing.ts';
import { figuresOf } from './figures.ts';
import { createInbox } from './inbox/inbox.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Owner } from './ledger/types.ts';
import type { Pipeline } from './pipeline.ts';
import type { PipelinePlan } from './plan.ts';
import { createTools } from './steps/tools.ts';
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
  /** Default `depth`. The products are the same. */
  readonly order?: Order;
  /** How long runs may go on when the pipeline ends, milliseconds; by default they are ended at once. */
  readonly finishMs?: number;
  /** Called when what a killed runner left was taken up, before anything is begun; by default what a run set aside comes back. */
  readonly begin?: () => Promise<void>;
  /** No inbox is looked into. */
  readonly isClosed?: true;
  /** By which what a killed runner left is taken up, where that is another one than `plan`. */
  readonly recovers?: PipelinePlan;
}

/** Makes a pipeline of its parts. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { name, plan, folder, work, env, cwd, life, clock, log, finishMs = 0 } = options;
  const over = new AbortController();
  const patience = createPatience(clock, log, over.signal);
  const ledger = patientLedger(options.ledger, patience, clock);
  const router = createRouter(plan, options.order);
  const workers = createWorkers();
  const { inboxes: all, products } = plan;
  const tools = createTools(cwd, env, clock);
  const context = { inboxes: all, products, env, cwd, clock, workers, tools };
  const logs = join(folder, 'logs');
  const durable = { ...options, files: unretried(options.files) };
  const carrying: Carrying = { ...durable, ledger, router, context, logs, patience };
  const owner: Owner = { boot: bootId(), ...options.self, life };
  const periodic = createPeriodic(plan.steps, ledger, router, clock);
  const maturing = createMaturing(plan.steps, carrying, owner);
  const engine = createEngine({ plan, carrying, owner, periodic, maturing, finishMs, over });
  const intake = createIntake({ inboxes: all, ledger, router, clock, wake: engine.wake });
  const inboxes = (options.isClosed === true ? [] : all).map((inbox) =>
    createInbox({ plan: inbox, intake, env, cwd, life: `${life}/inbox-${inbox.name}` }),
  );
  // A run over old files does what it is asked for, and nothing else.
  const forgets = (drain: AbortSignal) => keepForgetting({ ...plan, ledger, clock, log }, drain);
  const keepers = options.isClosed === true ? [] : [forgets];
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
    async goOn(files) {
      const count = await goOn(ledger, plan, files, clock.now());
      engine.wake();
      return count;
    },
    async look() {
      for (const inbox of inboxes) await inbox.look();
    },
    settled: engine.settled,
    async run(scope: Scope) {
      for (const path of [work, logs, plan.products]) mkdirSync(path, { recursive: true });
      scope.drain.addEventListener('abort', () => over.abort(), { once: true });
      await recover(recovering(options, carrying), owner.boot);
      await (options.begin?.() ?? options.ledger.restore(clock.now()));
      await together(scope.drain, over, workers.close, [
        (drain) => engine.run({ ...scope, drain }),
        ...inboxes.map((inbox) => (drain: AbortSignal) => inbox.run({ ...scope, drain })),
        (drain) => keepLogs(logs, plan.keepMs, clock, drain),
        ...keepers,
      ]);
    },
  };
}

/** What a killed runner left goes on as that one would have gone on. */
function recovering({ recovers, ledger }: PipelineOptions, carrying: Carrying): Carrying {
  return recovers === undefined ? carrying : { ...carrying, ledger, router: createRouter(recovers) };
}

/**
 * Runs parts until `drain`. What one of them cannot do (a disk that fails) none can: all end, and the next runner goes on from the last
 * commit. `over` is aborted then.
 */
async function together(
  drain: AbortSignal,
  over: AbortController,
  close: () => Promise<void>,
  parts: readonly ((drain: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const either = AbortSignal.any([drain, over.signal]);
  const ended = await Promise.allSettled(parts.map((part) => part(either).finally(() => over.abort())));
  await close();
  const broken = ended.find((each) => each.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
}
