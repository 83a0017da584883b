import { backoffDelay } from '../../core/backoff.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSink } from '../../core/source.ts';
import { HEALTHY_MS, type Interruptions, trackInterruptions } from './interruptions.ts';

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** Each delay is up to this share shorter or longer, so that many collectors do not come back at once. */
const JITTER = 0.5;

/** One connection, from its beginning to its end. Resolves with the reason why it ended. */
export type Connect = (interruptions: Interruptions) => Promise<string>;

/** Connects for ever, to a stream without replay, with back-off and jitter, until drain; declares what is missed in between. */
export async function reconnecting(
  scope: Scope,
  sink: StreamSink,
  random: () => number,
  connect: Connect,
): Promise<void> {
  const { clock, drain } = scope;
  const interruptions = trackInterruptions(clock, sink);
  try {
    for (let attempt = 0; !drain.aborted; attempt++) {
      const began = clock.monotonic();
      const reason = await connect(interruptions);
      if (drain.aborted) return;
      interruptions.disconnected(reason);
      // After a good connection the wait is short again.
      if (clock.monotonic() - began >= HEALTHY_MS) attempt = 0;
      const retryMs = backoffDelay({
        minMs: RETRY_MIN_MS,
        maxMs: RETRY_MAX_MS,
        attempt,
        random,
        jitter: JITTER,
      });
      sink.take({ kind: 'disconnected', reason, retryMs });
      await clock.sleep(retryMs, drain);
    }
  } finally {
    interruptions.end();
  }
}
