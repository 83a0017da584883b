import type { Channel, Notice } from '../core/channel.ts';
import type { Clock } from '../core/clock.ts';
import { approximateDuration } from '../core/durations.ts';
import type { Log } from '../core/log.ts';
import { asError } from '../core/result.ts';
import type { TryOutcome } from './retry.ts';

/** What does not answer so long after its signal aborted is left behind. */
const PATIENCE_MS = 5_000;

export interface AttemptOptions {
  readonly timeoutMs: number;
  /** Who has it from earlier tries. */
  readonly taken: readonly string[];
  /** Aborts when nobody waits for the outcome any more. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
}

/** One try, over in time whatever the channel does. */
export async function attempt(
  channel: Channel,
  notice: Notice,
  { timeoutMs, taken, signal, clock, log }: AttemptOptions,
): Promise<TryOutcome> {
  const answered = new AbortController();
  const deadline = new AbortController();
  const both = AbortSignal.any([deadline.signal, signal]);
  const reason = `cannot deliver: no answer within ${approximateDuration(timeoutMs)}`;
  const late = async (): Promise<TryOutcome> => {
    const ended = AbortSignal.any([answered.signal, signal]);
    if (await clock.sleep(timeoutMs, ended)) deadline.abort();
    if (!answered.signal.aborted) await clock.sleep(PATIENCE_MS, answered.signal);
    return { kind: 'timeout', reason };
  };
  const send = async (): Promise<TryOutcome> => {
    try {
      const outcome = await channel.send(notice, both, taken);
      if (outcome.kind !== 'failed' || outcome.unsent === true) return outcome;
      // What failed because its time was over may have got there all the same.
      return both.aborted ? { ...outcome, reason, retry: true, unsure: true } : outcome;
    } catch (thrown) {
      // A bug in one channel must not end all others.
      const { message, stack } = asError(thrown);
      log.error('cannot deliver: a bug in a channel', { reason: message, stack });
      return { kind: 'failed', reason: `cannot deliver: ${message}`, retry: true };
    } finally {
      answered.abort();
    }
  };
  return Promise.race([send(), late()]);
}
