import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import {
  createFirehoseSimulator,
  type FirehoseSimulator,
  type FirehoseSimulatorOptions,
} from '../../src/simulate/firehose/server.ts';
import { decodeFrame } from '../../src/wire/atproto/frame.ts';
import type { Frame } from '../../src/wire/atproto/message.ts';
import { leakCheck, onEnd } from './leaks.ts';
import { until, within } from './wait.ts';

export const PATH = '/xrpc/com.atproto.sync.subscribeRepos';

interface Running {
  readonly simulator: FirehoseSimulator;
  readonly url: string;
  readonly drain: AbortController;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** Runs a simulator on a free port until the end of the test. */
export async function start(
  t: TestContext,
  options: Partial<FirehoseSimulatorOptions>,
  clock = systemClock,
): Promise<Running> {
  leakCheck(t);
  const simulator = createFirehoseSimulator({ host: '127.0.0.1', port: 0, ...options });
  const drain = new AbortController();
  const stop = new AbortController();
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const scope = { drain: drain.signal, stop: stop.signal, ready: resolve, clock, log: silentLog };
  const ended = simulator.run(scope);
  onEnd(t, async () => {
    stop.abort();
    await within(ended, { what: 'the simulator to end' });
  });
  await within(Promise.race([ready, ended]), { what: 'the simulator to listen' });
  return { simulator, url: `ws://${simulator.address()}${PATH}`, drain, stop, ended };
}

export interface Reader {
  readonly socket: WebSocket;
  readonly frames: Buffer[];
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Waits for so many frames. */
  take(count: number): Promise<Frame[]>;
}

/** A reader with a real socket, cut at the end of the test. */
export function connect(t: TestContext, url: string): Reader {
  const socket = new WebSocket(url);
  const frames: Buffer[] = [];
  socket.on('message', (data: Buffer) => frames.push(data));
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
  socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  socket.on('error', () => {});
  onEnd(t, async () => {
    socket.terminate();
    await closed;
  });
  const take = async (count: number): Promise<Frame[]> => {
    await until(() => frames.length >= count, { what: `${count} frames` });
    return frames.slice(0, count).map(decodeFrame);
  };
  return { socket, frames, closed, take };
}

export function opened({ socket }: Reader): Promise<unknown> {
  return within(once(socket, 'open'), { what: 'the connection' });
}

/** A frame's number, 0 where it has none. */
export function seqOf(frame: Uint8Array): number {
  const decoded = decodeFrame(frame);
  return 'seq' in decoded ? decoded.seq : 0;
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
