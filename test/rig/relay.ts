import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Runnable } from '../../src/core/scope.ts';
import { onEnd } from './leaks.ts';
import { within } from './wait.ts';

/** Runs a simulated server in this process until the end of the test: it outlives every kill. Resolves once it listens. */
export async function startRelay(t: TestContext, relay: Runnable, clock: Clock = systemClock): Promise<void> {
  const drain = new AbortController();
  const listening = Promise.withResolvers<void>();
  const ready = (): void => listening.resolve();
  const running = relay.run({
    clock,
    log: silentLog,
    drain: drain.signal,
    stop: drain.signal,
    ready,
  });
  onEnd(t, async () => {
    drain.abort();
    await within(running, { what: 'the relay to end' });
  });
  await within(Promise.race([listening.promise, running]), { what: 'the relay to listen' });
}
