import type { Claim } from '../ledger/types.ts';
import type { RunningTask } from '../pipeline.ts';
import { pathOf } from '../steps/run-task.ts';
import { type Carried, carry, type Carrying } from './carry.ts';

/** The runs that go on now. */
export interface Runs {
  begin(claim: Claim, signal: AbortSignal): void;
  shown(): readonly RunningTask[];
  /** How many there are of a step. */
  of(step: string): number;
  readonly size: number;
  /** Since when there is none; undefined while there is one. Wall milliseconds. */
  idleSince(): number | undefined;
  /** What one of them could not do, since the disk fails: the runner has to end. */
  readonly failure: { readonly thrown: unknown } | undefined;
  /** Resolves when all of them have ended. */
  over(): Promise<void>;
}

export interface RunsOptions {
  readonly carrying: Carrying;
  /** A run has ended; undefined where another runner had its task. */
  readonly ended: (shown: RunningTask, carried: Carried | undefined) => Promise<void>;
  /** One of them has failed since the disk does: `failure` says what. */
  readonly failed: () => void;
  /** There is room again. */
  readonly wake: () => void;
}

export function createRuns({ carrying, ended, failed, wake }: RunsOptions): Runs {
  const { router, context } = carrying;
  const { clock } = context;
  const live = new Map<number, { readonly shown: RunningTask; readonly done: Promise<void> }>();
  let idleSince: number | undefined = clock.now();
  let failure: Runs['failure'];
  return {
    begin(claim, signal) {
      const { task } = claim;
      const step = router.step(task.step);
      if (step === undefined) throw new Error(`cannot run ${task.step}: it was claimed, and is not there`);
      const shown = show(claim, carrying);
      const done = carry(claim, step, carrying, signal)
        .then((carried) => ended(shown, carried))
        .catch((thrown: unknown) => {
          failure ??= { thrown };
          failed();
        })
        .finally(() => {
          live.delete(task.id);
          if (live.size === 0) idleSince = clock.now();
          wake();
        });
      live.set(task.id, { shown, done });
      idleSince = undefined;
    },
    shown: () => Array.from(live.values(), ({ shown }) => shown),
    of: (step) => [...live.values()].filter(({ shown }) => shown.step === step).length,
    get size() {
      return live.size;
    },
    idleSince: () => idleSince,
    get failure() {
      return failure;
    },
    async over() {
      await Promise.all(Array.from(live.values(), ({ done }) => done));
    },
  };
}

function show({ task, files }: Claim, { context }: Carrying): RunningTask {
  const [first] = files;
  return {
    task: task.id,
    step: task.step,
    key: task.key,
    attempt: task.attempt,
    started: context.clock.now(),
    inputs: files.length,
    first: first === undefined ? '' : pathOf(first, context),
  };
}
