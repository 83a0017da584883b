import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Ledger } from '../../pipeline/ledger/ledger.ts';
import type { RpcFailure } from '../../core/rpc-client.ts';
import { clientOf, type PipelineTarget } from './control.ts';
import type { LendingNews } from './lending.ts';
import { ownLedger, type PipelineTrouble } from './own-ledger.ts';

/** A ledger that is this process's for a while. */
export interface TakenLedger {
  readonly ledger: Ledger;
  release(): Promise<void>;
}

export interface TakeOptions {
  /** What this process is, for messages of others. */
  readonly what: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with what is waited for. */
  readonly waits: (what: string) => void;
}

/**
 * Takes the ledger of a pipeline: from nobody, or from its service, which begins nothing new, lets what runs come to its end, and
 * goes on by itself when this process releases it or dies.
 */
export async function takeLedger(
  target: PipelineTarget,
  options: TakeOptions,
): Promise<Result<TakenLedger, PipelineTrouble>> {
  const free = own(target, options, undefined);
  if (free.ok || free.error.kind !== 'locked') return free;
  const asked = new AbortController();
  const signal = AbortSignal.any([options.signal, asked.signal]);
  const stream = clientOf(target).stream('lend', { what: options.what }, { signal })[Symbol.asyncIterator]();
  for (;;) {
    const next = await stream.next();
    const news: Result<LendingNews, RpcFailure> | undefined = next.done === true ? undefined : next.value;
    if (news === undefined || !news.ok) {
      asked.abort();
      // Whoever has it answers nobody: another run, or a service that only begins or ends.
      if (news === undefined || news.error.kind === 'not-running') return free;
      return err({ kind: 'locked', message: `${free.error.message}; ${news.error.message}` });
    }
    if (news.value.state === 'lent') break;
    options.waits(`waits for what runs: ${news.value.running.join(', ')}`);
  }
  const taken = own(target, options, () => asked.abort());
  if (!taken.ok) asked.abort();
  return taken;
}

function own(
  target: PipelineTarget,
  { what, clock }: TakeOptions,
  giveBack: (() => void) | undefined,
): Result<TakenLedger, PipelineTrouble> {
  const taken = ownLedger(target, what, clock);
  if (!taken.ok) return taken;
  return ok({
    ledger: taken.value.ledger,
    async release() {
      await taken.value.release();
      giveBack?.();
    },
  });
}
