import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { registerApi } from '../../src/hub/protocols/api/register.ts';
import {
  openWatchdogs,
  type WatchdogOptions,
  type Watchdogs,
} from '../../src/hub/protocols/watchdog/watchdogs.ts';
import { createSockets, type SocketOptions, type Sockets } from '../../src/hub/protocols/ws/sockets.ts';
import type { Doors } from '../../src/hub/server/doors.ts';
import type { Action } from '../../src/hub/server/session.ts';
import { startHub, type TestHub, type TestHubOptions } from './hub-server.ts';
import { onEnd, tempFolder } from './leaks.ts';
import { within } from './wait.ts';

/** A hub with its `/ws` and what it does for watchdogs. */
export interface WatchdogHub extends TestHub {
  readonly sockets: Sockets;
  readonly watchdogs: Watchdogs;
  /** A connection that is let in, by what its auth frame has beside the token. */
  join(token: unknown, more?: Record<string, unknown>): Promise<TestClient>;
  /** One that has said nothing yet. */
  open(): Promise<TestClient>;
}

export interface WatchdogHubOptions
  extends TestHubOptions,
    Pick<WatchdogOptions, 'oldTokens' | 'publicStatistics'> {
  readonly socketOptions?: SocketOptions;
  readonly actions?: (doors: Doors) => readonly Action[];
}

export async function startWatchdogHub(
  t: TestContext,
  options: WatchdogHubOptions = {},
): Promise<WatchdogHub> {
  const { oldTokens, publicStatistics, socketOptions, actions = () => [] } = options;
  const folder = options.folder ?? tempFolder(t);
  let made: { readonly watchdogs: Watchdogs; readonly sockets: Sockets } | undefined;
  const make = (doors: Doors): { readonly watchdogs: Watchdogs; readonly sockets: Sockets } => {
    if (made !== undefined) return made;
    const opened = openWatchdogs({
      doors,
      folder,
      ...(oldTokens === undefined ? {} : { oldTokens }),
      ...(publicStatistics === undefined ? {} : { publicStatistics }),
    });
    if (!opened.ok) throw new Error(opened.error);
    const watchdogs = opened.value;
    const all = [...watchdogs.actions, ...actions(doors)];
    made = {
      watchdogs,
      sockets: createSockets(doors, all, { ...watchdogs.socketOptions, ...socketOptions }),
    };
    return made;
  };
  const hub = await startHub(t, {
    ...options,
    folder,
    sockets: (doors) => make(doors).sockets,
    routes: [(app, doors) => registerApi(app, doors, make(doors).watchdogs), ...(options.routes ?? [])],
  });
  const { watchdogs, sockets } = make(hub.doors);
  let isClosed = false;
  const close = async (): Promise<void> => {
    await hub.close();
    if (!isClosed) watchdogs.close();
    isClosed = true;
  };
  onEnd(t, close);
  const open = async (): Promise<TestClient> => {
    const client = createClient(new WebSocket(hub.wsUrl));
    onEnd(t, () => client.ws.terminate());
    await within(once(client.ws, 'open'), { what: 'the connection to open' });
    return client;
  };
  const join = async (token: unknown, more: Record<string, unknown> = {}): Promise<TestClient> => {
    const client = await open();
    const reply = await client.ask({ action: 'auth', token, ...more });
    if (reply['success'] !== true) throw new Error(`not let in: ${JSON.stringify(reply)}`);
    return client;
  };
  return { ...hub, close, sockets, watchdogs, open, join };
}

type Frame = Record<string, unknown>;

/** What speaks to a hub, frame by frame. */
export interface TestClient {
  readonly ws: WebSocket;
  /** All frames that came, and are not taken yet. */
  readonly frames: Frame[];
  send(frame: unknown): void;
  /** The next frame. */
  next(): Promise<Frame>;
  /** Sends, and takes the next frame. */
  ask(frame: unknown): Promise<Frame>;
  batch(after: number, records: unknown): void;
  /** The code that it is closed with. */
  readonly closed: Promise<number>;
  close(): Promise<void>;
}

export function createClient(ws: WebSocket): TestClient {
  const frames: Frame[] = [];
  let waiting: (() => void)[] = [];
  ws.on('error', () => {});
  const closed = new Promise<number>((resolve) => ws.on('close', resolve));
  const ring = (): void => {
    const now = waiting;
    waiting = [];
    for (const resolve of now) resolve();
  };
  ws.on('message', (data: Buffer) => {
    frames.push(JSON.parse(data.toString('utf8')) as Frame);
    ring();
  });
  ws.on('close', ring);
  const next = async (): Promise<Frame> => {
    while (frames.length === 0) {
      if (ws.readyState === ws.CLOSED) throw new Error('the connection is closed');
      await within(new Promise<void>((resolve) => waiting.push(resolve)), { what: 'a frame' });
    }
    return frames.shift() as Frame;
  };
  const send = (frame: unknown): void =>
    ws.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  return {
    ws,
    frames,
    send,
    next,
    closed,
    ask(frame) {
      send(frame);
      return next();
    },
    batch: (after, records) => ws.send(batchFrame(after, records)),
    async close() {
      ws.close();
      await within(closed, { what: 'the connection to close' });
    },
  };
}

export function batchFrame(after: number, records: unknown): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64BE(BigInt(after));
  const body = Buffer.isBuffer(records) ? records : Buffer.from(JSON.stringify(records));
  return Buffer.concat([head, body]);
}
