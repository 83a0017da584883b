import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import {
  createJetstreamV2Simulator,
  type JetstreamV2Simulator,
  type JetstreamV2SimulatorOptions,
} from '../../src/simulate/jetstream-v2/server.ts';
import { leakCheck, onEnd } from './leaks.ts';
import { within } from './wait.ts';

export type { JetstreamV2Fault } from '../../src/simulate/jetstream-v2/faults.ts';

export interface RunningJetstreamV2 {
  readonly simulator: JetstreamV2Simulator;
  readonly url: string;
  /** Ends it before the test does. */
  end(): Promise<void>;
}

/** Runs a simulator on a free port until the end of the test, without a rate unless it is given. */
export async function startJetstreamV2(
  t: TestContext,
  options: Partial<JetstreamV2SimulatorOptions> = {},
  clock: Clock = systemClock,
): Promise<RunningJetstreamV2> {
  leakCheck(t);
  const simulator = createJetstreamV2Simulator({ host: '127.0.0.1', port: 0, rate: 0, ...options });
  const stop = new AbortController();
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const scope = { drain: stop.signal, stop: stop.signal, ready: resolve, clock, log: silentLog };
  const ended = simulator.run(scope);
  const end = async (): Promise<void> => {
    stop.abort();
    await within(ended, { what: 'the simulator to end' });
  };
  onEnd(t, end);
  await within(Promise.race([ready, ended]), { what: 'the simulator to listen' });
  const url = `ws://${simulator.address()}/xrpc/network.bsky.jetstream.subscribeEvents`;
  return { simulator, url, end };
}
