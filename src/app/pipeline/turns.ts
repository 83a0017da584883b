import type { Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { Ledger } from '../../pipeline/ledger/ledger.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Lending } from './lending.ts';
import type { OwnLedger, PipelineTrouble } from './own-ledger.ts';
import type { Stage } from './stage.ts';
import { keepLogFiles } from './views.ts';

export interface Turns {
  readonly stage: Stage;
  readonly lending: Lending;
  readonly scope: Scope;
}

/** A borrower that died may still hold its lock for a moment; another command may have it for longer. */
const AGAIN_MS = 200;
const LOOK_MS = 50;

/** Runs a pipeline until `drain`, but for the times at which its ledger is lent. Rejects where the disk fails. */
export async function runInTurns(
  { own, take }: { readonly own: OwnLedger; readonly take: () => Result<OwnLedger, PipelineTrouble> },
  make: (ledger: Ledger) => Pipeline,
  turns: Turns,
): Promise<void> {
  const { lending, scope } = turns;
  let isReady = false;
  const ready = (): void => {
    if (!isReady) scope.ready();
    isReady = true;
  };
  for (let mine: OwnLedger | undefined = own; mine !== undefined; mine = await again(take, scope)) {
    try {
      await oneTurn(mine.ledger, make, { ...turns, scope: { ...scope, ready } });
    } finally {
      await mine.release();
    }
    if (scope.drain.aborted) return;
    scope.log.info('lends its ledger', { to: lending.wanted() });
    await Promise.race([lending.give(), aborted(scope.drain)]);
    scope.log.info('goes on with its ledger');
  }
}

async function again(
  take: () => Result<OwnLedger, PipelineTrouble>,
  { clock, drain, log }: Scope,
): Promise<OwnLedger | undefined> {
  for (let isSaid = false; !drain.aborted; ) {
    const taken = take();
    if (taken.ok) return taken.value;
    if (taken.error.kind !== 'locked') throw new Error(taken.error.message);
    if (!isSaid) log.warn('waits for its ledger', { reason: taken.error.message });
    isSaid = true;
    await clock.sleep(AGAIN_MS, drain);
  }
  return undefined;
}

/** Runs until `drain`, or until somebody wants the ledger and nothing runs any more. */
async function oneTurn(
  ledger: Ledger,
  make: (ledger: Ledger) => Pipeline,
  { stage, lending, scope }: Turns,
): Promise<void> {
  // Begins nothing while somebody wants the ledger; unlike a hold, nothing of it is left when this process dies.
  const pausing: Ledger = {
    ...ledger,
    claim: async (...asked) => (lending.wanted() === undefined ? ledger.claim(...asked) : []),
  };
  const pipeline = make(pausing);
  const over = new AbortController();
  const drain = AbortSignal.any([scope.drain, over.signal]);
  stage.set({ pipeline, ledger });
  const ended = new AbortController();
  const logs = keepLogFiles({ pipeline, ledger, scope, over: ended.signal });
  try {
    // What one of them cannot do (a disk that fails) ends both: the next process goes on.
    const parts = [endWhenWanted(pipeline, lending, scope, over), pipeline.run({ ...scope, drain })];
    const ends = await Promise.allSettled(parts.map((part) => part.finally(() => over.abort())));
    const broken = ends.find((each) => each.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
  } finally {
    over.abort();
    ended.abort();
    await logs;
    stage.set(undefined);
  }
}

/** Ends a runner when somebody wants its ledger, and what runs has come to its end. */
async function endWhenWanted(
  pipeline: Pipeline,
  lending: Lending,
  { clock, drain }: Scope,
  over: AbortController,
): Promise<void> {
  const either = AbortSignal.any([drain, over.signal]);
  const stopped = aborted(either);
  while (!either.aborted) {
    await Promise.race([lending.asked(), stopped]);
    while (lending.wanted() !== undefined && pipeline.running().length > 0)
      if (!(await clock.sleep(LOOK_MS, either))) return;
    if (lending.wanted() !== undefined) return over.abort();
    // Whoever wanted it has gone: this does nothing but wake it.
    if (!either.aborted) await pipeline.retry({ tasks: [] });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
