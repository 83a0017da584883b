import { backoffDelay } from '../../core/backoff.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSink } from '../../core/source.ts';
import { HEALTHY_MS } from './interruptions.ts';

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** Each delay is up to this share shorter or longer, so that many collectors do not come back at once. */
const JITTER = 0.5;

/**
 * Connects for ever, with back-off and jitter, until drain, to a stream that can be asked for what we have not had: an
 * interruption of its own loses nothing.
 * @param connect one connection, from its beginning to its end; resolves with the reason why it ended.
 */
export async function retrying(
  { clock, drain }: Scope,
  sink: StreamSink,
  random: () => number,
  connect: () => Promise<string>,
): Promise<void> {
  for (let attempt = 0; !drain.aborted; attempt++) {
    const began = clock.monotonic();
    const reason = await connect();
    if (drain.aborted) return;
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
}
