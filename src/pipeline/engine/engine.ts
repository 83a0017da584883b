import type { Scope } from '../../core/scope.ts';
import type { Owner } from '../ledger/types.ts';
import type { PipelinePlan } from '../plan.ts';
import type { RunningTask } from '../pipeline.ts';
import { pathOf } from '../steps/run-task.ts';
import { type Carried, carry, type Carrying } from './carry.ts';
import type { Periodic } from './periodic.ts';
import type { Claim } from '../ledger/types.ts';

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
}

/** A mark in the ledger: why nothing is begun. */
const HELD = 'held';
/** Longer than this it never sleeps, whatever is due: clocks step. */
const LONGEST_SLEEP_MS = 60_000;

interface Live {
  readonly shown: RunningTask;
  readonly done: Promise<void>;
}

export function createEngine({ plan, carrying, owner, periodic }: EngineOptions): Engine {
  const { ledger, router, context, log } = carrying;
  const { clock } = context;
  const live = new Map<number, Live>();
  const waiting = new Set<() => void>();
  let wakeUp = Promise.withResolvers<void>();
  let held: string | undefined;
  let idleSince: number | undefined;
  let failure: { readonly thrown: unknown } | undefined;

  const wake = (): void => wakeUp.resolve();
  const hold = async (why: string): Promise<void> => {
    held = why;
    await ledger.setMark(HELD, why);
    log.warn('begins nothing new', { reason: why });
  };

  const begin = (claim: Claim, signal: AbortSignal): void => {
    const { task, files } = claim;
    const step = router.step(task.step);
    if (step === undefined) throw new Error(`cannot run ${task.step}: it was claimed, and is not there`);
    const [first] = files;
    const shown = {
      task: task.id,
      step: task.step,
      key: task.key,
      attempt: task.attempt,
      started: clock.now(),
      inputs: files.length,
      first: first === undefined ? '' : pathOf(first, context),
    };
    const done = carry(claim, step, carrying, signal)
      .then((carried) => ended(shown, carried))
      .catch((thrown: unknown) => {
        failure ??= { thrown };
      })
      .finally(() => {
        live.delete(task.id);
        if (live.size === 0) idleSince = clock.now();
        wake();
      });
    live.set(task.id, { shown, done });
    idleSince = undefined;
  };

  const ended = async ({ task, step, key }: RunningTask, carried: Carried | undefined): Promise<void> => {
    if (carried === undefined) return log.warn('another runner has a task', { task, step });
    const { state, error } = carried;
    if (state === 'failed' || state === 'parked') {
      log.error(`${step} has failed`, { task, key, reason: error });
      if (plan.onError === 'stop' && held === undefined) await hold(`${step} has failed: ${error}`);
    } else if (error !== null && state !== 'ready')
      log.info(`${step}: ${state}`, { task, key, reason: error });
  };

  /** Claims what there is room for; answers with when to look again at the latest. */
  const pass = async (signal: AbortSignal): Promise<number | undefined> => {
    const now = clock.now();
    const timed = await periodic.begin(now);
    const { next } = await ledger.promote(now);
    const room = plan.parallel - live.size;
    if (held === undefined && room > 0) {
      const claims = await ledger.claim(owner, freeOf(plan, live), room, now);
      for (const claim of claims) begin(claim, signal);
    }
    const due = [timed.next, next].filter((at) => at !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  };

  return {
    wake,
    hold,
    running: () => [...live.values()].map(({ shown }) => shown),
    idleSince: () => idleSince,
    held: () => held,
    async resume() {
      held = undefined;
      await ledger.setMark(HELD, undefined);
      wake();
    },
    settled(signal) {
      wake();
      return new Promise((resolve, reject) => {
        waiting.add(resolve);
        signal.addEventListener('abort', () => reject(new Error('it did not settle in time')), {
          once: true,
        });
      });
    },
    async run({ drain, ready }) {
      held = await ledger.mark(HELD);
      await ledger.adopt(plan.steps);
      idleSince = clock.now();
      const over = new AbortController();
      drain.addEventListener('abort', wake, { once: true });
      ready();
      try {
        while (!drain.aborted && failure === undefined) {
          wakeUp = Promise.withResolvers<void>();
          // Only who asked before this pass knows by it that nothing could run.
          const asked = [...waiting];
          const due = await pass(over.signal);
          for (const resolve of live.size === 0 ? asked : []) {
            waiting.delete(resolve);
            resolve();
          }
          const sleep = Math.min(
            LONGEST_SLEEP_MS,
            due === undefined ? Infinity : Math.max(1, due - clock.now()),
          );
          const timer = clock.timer(sleep, wake);
          await wakeUp.promise;
          timer.cancel();
        }
      } finally {
        over.abort();
        await Promise.all([...live.values()].map(({ done }) => done));
      }
      if (failure !== undefined) throw failure.thrown;
    },
  };
}

/** How many more runs each step may have. */
function freeOf(
  { steps }: Pick<PipelinePlan, 'steps'>,
  live: ReadonlyMap<number, Live>,
): ReadonlyMap<string, number> {
  const free = new Map<string, number>();
  for (const { name, enabled, concurrency } of steps) {
    if (!enabled) continue;
    const busy = [...live.values()].filter(({ shown }) => shown.step === name).length;
    if (concurrency > busy) free.set(name, concurrency - busy);
  }
  return free;
}
