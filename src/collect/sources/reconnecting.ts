import type { Scope } from '../../core/scope.ts';
import type { StreamSink } from '../../core/source.ts';
import { type Interruptions, trackInterruptions } from './interruptions.ts';
import { retrying } from './retrying.ts';

/** One connection, from its beginning to its end. Resolves with the reason why it ended. */
export type Connect = (interruptions: Interruptions) => Promise<string>;

/** Connects for ever, to a stream without replay, with back-off and jitter, until drain; declares what is missed in between. */
export async function reconnecting(
  scope: Scope,
  sink: StreamSink,
  random: () => number,
  connect: Connect,
): Promise<void> {
  const interruptions = trackInterruptions(scope.clock, sink);
  try {
    await retrying(scope, sink, random, async () => {
      const reason = await connect(interruptions);
      if (!scope.drain.aborted) interruptions.disconnected(reason);
      return reason;
    });
  } finally {
    interruptions.end();
  }
}
