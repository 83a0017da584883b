import type { Scope } from '../../core/scope.ts';
import type { Owner } from '../ledger/types.ts';
import type { PipelinePlan } from '../plan.ts';
import type { RunningTask } from '../pipeline.ts';
import type { Carrying } from './carry.ts';
import { createHold, type Hold } from './hold.ts';
import type { Maturing } from './maturing.ts';
import type { Periodic } from './periodic.ts';
import { stepHash } from './routing.ts';
import { createTurns } from './turns.ts';
import { createRuns, type Runs, type RunsOptions } from './runs.ts';

/** Begins what can run, as long as there is room, and sees it to its end. */
export interface Engine {
  run(scope: Scope): Promise<void>;
  /** Something can run that could not before. */
  wake(): void;
  running(): readonly RunningTask[];
  /** Since when nothing runs; undefined while something does. Wall milliseconds. */
  idleSince(): number | undefined;
  held(): string | undefined;
  hold(why: string): Promise<void>;
  resume(): Promise<void>;
  /** Resolves when nothing runs and nothing could run now. Rejects where `signal` aborts first. */
  settled(signal: AbortSignal): Promise<void>;
}

export interface EngineOptions {
  readonly plan: Pick<PipelinePlan, 'steps' | 'parallel' | 'onError'>;
  readonly carrying: Carrying;
  readonly owner: Owner;
  readonly periodic: Periodic;
  readonly maturing: Maturing;
  /** How long runs may go on when the pipeline ends, milliseconds; then they are ended. */
  readonly finishMs: number;
  /** Aborted when it ends: nobody waits for room any more. */
  readonly over: AbortController;
}

export function createEngine(options: EngineOptions): Engine {
  const { plan, carrying, owner, periodic, maturing, finishMs, over } = options;
  const { ledger, context, log } = carrying;
  const { clock } = context;
  const hold = createHold(ledger, log);
  const turns = createTurns(clock);
  const failed = (): void => over.abort();
  const runs = createRuns({ carrying, wake: turns.wake, ended: endedFor(plan, hold, carrying), failed });

  /** Claims what there is room for; answers with when to look again at the latest. */
  const pass = async (signal: AbortSignal): Promise<number | undefined> => {
    const now = clock.now();
    const timed = await periodic.begin(now);
    const grown = hold.why() === undefined ? await maturing.begin(now) : undefined;
    const { next } = await ledger.promote(now);
    const room = plan.parallel - runs.size;
    if (hold.why() === undefined && room > 0)
      for (const claim of await ledger.claim(owner, freeOf(plan, runs), room, now)) runs.begin(claim, signal);
    const due = [timed.next, grown, next].filter((at) => at !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  };

  return {
    wake: turns.wake,
    settled: turns.settled,
    hold: hold.set,
    running: runs.shown,
    idleSince: runs.idleSince,
    held: hold.why,
    async resume() {
      await hold.clear();
      turns.wake();
    },
    async run({ drain, ready }) {
      await hold.load();
      await ledger.adopt(plan.steps.map((step) => ({ ...step, hash: stepHash(step) })));
      const stop = new AbortController();
      drain.addEventListener('abort', turns.wake, { once: true });
      ready();
      try {
        while (!drain.aborted && runs.failure === undefined)
          await turns.turn(
            () => pass(stop.signal),
            () => runs.size === 0,
          );
        // What is about to end by itself need not be done again.
        const late = clock.timer(finishMs, () => stop.abort());
        if (runs.failure === undefined) await runs.over();
        late.cancel();
      } finally {
        over.abort();
        stop.abort();
        await runs.over();
      }
      if (runs.failure !== undefined) throw runs.failure.thrown;
    },
  };
}

/** Says what has failed, and holds the pipeline where its config wants that. */
function endedFor(
  { onError }: Pick<PipelinePlan, 'onError'>,
  hold: Hold,
  { log }: Pick<Carrying, 'log'>,
): RunsOptions['ended'] {
  return async ({ task, step, key }, carried) => {
    if (carried === undefined) return log.warn('another runner has a task', { task, step });
    const { state, error } = carried;
    if (state === 'failed' || state === 'parked') {
      log.error(`${step} has failed`, { task, key, reason: error });
      if (onError === 'stop' && hold.why() === undefined) await hold.set(`${step} has failed: ${error}`);
    } else if (error !== null && state !== 'ready')
      log.info(`${step}: ${state}`, { task, key, reason: error });
  };
}

/** How many more runs each step may have. */
function freeOf({ steps }: Pick<PipelinePlan, 'steps'>, runs: Runs): ReadonlyMap<string, number> {
  const free = new Map<string, number>();
  for (const { name, enabled, concurrency } of steps) {
    const left = enabled ? concurrency - runs.of(name) : 0;
    if (left > 0) free.set(name, left);
  }
  return free;
}
