import { setImmediate as turn } from 'node:timers/promises';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { type ClientOptions, WebSocket } from 'ws';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type {
  SourceMessage,
  StreamEvent,
  StreamPosition,
  StreamSink,
  StreamSource,
} from '../../src/core/source.ts';
import {
  createJetstreamSimulator,
  type JetstreamSimulator,
  type JetstreamSimulatorOptions,
} from '../../src/simulate/jetstream/server.ts';
import { parseDictionary, type ZstdDictionary } from '../../src/wire/jetstream/dictionary.ts';
import type { Draft } from '../../src/wire/jetstream/encode.ts';
import { leakCheck, onEnd } from './leaks.ts';
import { until, within } from './wait.ts';

export type { JetstreamFault } from '../../src/simulate/jetstream/faults.ts';

/** Dictionary 77001, of 512 bytes: trained with `zstd --train` on made-up events. */
const DICTIONARY =
  'N6Qw7MksAQApEMgK0g7//3/57u5uD4aIiBTJciWTFEl2s0HaHdD/n+6m5P+ITT3vBQJDAwAQDIfJqVcnAAAE4ISEg0cDhIHBxEhIgcNDR2NEgGlIBhYFAB7g' +
  'IoAwgIw8AAAAAAAUy6DhRAdnYxgkHoNRAIAxDIZrDIIHAAAAAQAAAAQAAAAIAAAAIjoiY3JlYXRlIiwiOiJuMjJ4YjNrYi5leGFtcGxlLm9yZyJ9fQp7InNl' +
  'cSI6NTg2NiwidGltZSI6IjIwMjZ5LmZlZWQucmVwb3N0Iiwic3ViamVjdCI6eyJjaWQiOiJiYWZ5cmVpYmtld2dqdXV0NXZiNWZtcmt0NW0zZzdjbnBkN3p2' +
  'Njc0IiwidXJpIjoiYXQ6Ly9kaWQ6cGxjOjMydmt0dDRtL2FwcC5ic2t5LmZlZWQucG9zdC8zbjJ0b2FuM2N3NTZ2In0sImNyZWF0ZWRBdCIiLCJyZWNvcmQi' +
  'OnsiJHR5cGUiOiJhcHAuYnNreS5ncmFwaC5mb2xsb3ciLCJzdWJqZTAyOjQ2OjA1LjI2N1oiLCJyZWNlaXZlZCI6IiIsImRpZCI6ImRpZDpwbGM6Yno3ZnU0' +
  'MjIiLCJzaW5jZSI6IjNuMnVseGNlNDY1MjIiLCJvcGVyYXRpb24iOiJjcmVhdGUiLCJ6dnBkbiIsImtpbmQ=';

/** A small dictionary; with another `id` it is another one. */
export function testDictionary(id = 77_001): ZstdDictionary {
  const bytes = Buffer.from(DICTIONARY, 'base64');
  bytes.writeUInt32LE(id, 4);
  const dictionary = parseDictionary(bytes);
  if (!dictionary.ok) throw new Error(dictionary.error);
  return dictionary.value;
}

/** A commit that creates record `n`. */
export function testDraft(n: number, collection = 'com.example.test', did = 'did:plc:test'): Draft {
  const place = { rev: `rev${n}`, operation: 'create', collection, rkey: String(n) };
  const detail = JSON.stringify({ ...place, record: { $type: collection, n }, cid: `bafy${n}` });
  return { did, kind: 'commit', collection, detail };
}

export interface RunningJetstream {
  readonly simulator: JetstreamSimulator;
  readonly url: string;
  readonly drain: AbortController;
  readonly ended: Promise<void>;
}

/** Runs a simulator on a free port until the end of the test, without a rate unless it is given. */
export async function startJetstream(
  t: TestContext,
  options: Partial<JetstreamSimulatorOptions>,
  clock: Clock = systemClock,
): Promise<RunningJetstream> {
  leakCheck(t);
  const simulator = createJetstreamSimulator({ host: '127.0.0.1', port: 0, rate: 0, ...options });
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
  return { simulator, url: `ws://${simulator.address()}/subscribe`, drain, ended };
}

/** A clock whose sleeps (the back-off of a source) are a thousand times shorter. */
const hurriedClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 1000, signal),
};

/** Takes what is above its position, as the collector does; is full after every `fullAfter` events until the loop has turned. */
export interface TestSink extends StreamSink {
  readonly events: StreamEvent[];
  /** Everything else that was said, and `repeated` events counted. */
  readonly said: Exclude<SourceMessage, { kind: 'event' }>[];
  readonly counts: { repeated: number };
}

export function createTestSink(
  start: StreamPosition,
  fullAfter = Number.POSITIVE_INFINITY,
  committed: Readonly<Record<string, string>> = {},
): TestSink {
  let position = start;
  const marks: Record<string, string> = { ...committed };
  const events: StreamEvent[] = [];
  const said: Exclude<SourceMessage, { kind: 'event' }>[] = [];
  const counts = { repeated: 0 };
  return {
    events,
    said,
    counts,
    take(message) {
      if (message.kind !== 'event') {
        said.push(message);
        if (message.kind === 'reset') position = 'live';
        return true;
      }
      if (typeof position === 'number' && message.event.seq <= position) {
        counts.repeated++;
        return true;
      }
      position = message.event.seq;
      if (message.event.mark !== undefined) marks[message.event.mark[0]] = message.event.mark[1];
      events.push(message.event);
      return events.length % fullAfter !== 0;
    },
    drained: async () => {
      await turn();
      await turn();
    },
    position: () => position,
    marks: () => marks,
  };
}

export interface RunningSource {
  /** Ends it, and waits until it has ended. */
  end(): Promise<void>;
}

/** Runs a source until the end of the test. */
export function runSource(
  t: TestContext,
  source: StreamSource,
  sink: StreamSink,
  clock: Clock = hurriedClock,
): RunningSource {
  const drain = new AbortController();
  const stop = new AbortController();
  const scope = { drain: drain.signal, stop: stop.signal, ready: () => {}, clock, log: silentLog };
  const ended = source.run(scope, sink);
  const end = async (): Promise<void> => {
    drain.abort();
    await within(ended, { what: 'the source to end' });
  };
  onEnd(t, async () => {
    stop.abort();
    await end();
  });
  return { end };
}

/** The record numbers of `testDraft`s, in the order of their lines. */
export function numbersOf(events: readonly StreamEvent[]): number[] {
  return events.flatMap(({ lines }) =>
    lines.map(
      ({ head, tail }) => (JSON.parse(head + tail) as { commit: { record: { n: number } } }).commit.record.n,
    ),
  );
}

export interface JetstreamReader {
  readonly socket: WebSocket;
  readonly messages: Buffer[];
  readonly closed: Promise<{ code: number; reason: string }>;
  opened(): Promise<unknown>;
  take(count: number): Promise<Buffer[]>;
}

/** A plain reader with a real socket, cut at the end of the test. */
export function readJetstream(t: TestContext, url: string, options: ClientOptions = {}): JetstreamReader {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
  const messages: Buffer[] = [];
  socket.on('message', (data: Buffer) => messages.push(data));
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
  socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  socket.on('error', () => {});
  onEnd(t, async () => {
    socket.terminate();
    await closed;
  });
  return {
    socket,
    messages,
    closed,
    opened: () => within(once(socket, 'open'), { what: 'the connection' }),
    async take(count) {
      await until(() => messages.length >= count, { what: `${count} messages` });
      return messages.slice(0, count);
    },
  };
}
