import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { type Access, createAccess } from '../../src/hub/access/access.ts';
import { registerAccess } from '../../src/hub/access/routes.ts';
import type { Session as BrowserSession } from '../../src/hub/access/sessions.ts';
import { openAccessStore } from '../../src/hub/access/store.ts';
import { createSockets, type SocketOptions } from '../../src/hub/protocols/ws/sockets.ts';
import type { Doors } from '../../src/hub/server/doors.ts';
import type { Role } from '../../src/hub/server/principal.ts';
import type { Action } from '../../src/hub/server/session.ts';
import { BY, must } from './hub-access.ts';
import { startHub, type TestHub } from './hub-server.ts';
import { onEnd, tempFolder } from './leaks.ts';
import { createClient, type TestClient } from './watchdog-hub.ts';
import { within } from './wait.ts';

/** A hub in this process with the real store of who may come in, its real server, and what a test adds. */
export interface BrowsedHub extends TestHub {
  readonly access: Access;
  /** A user who is let in with a browser. */
  browser(name: string, role: Role, agents?: readonly string[]): BrowserSession;
  /** The token of an agent. */
  agent(name: string): string;
  /** A connection that has said nothing yet. */
  open(headers?: Readonly<Record<string, string>>): Promise<TestClient>;
  post(path: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<PostAnswer>;
}

export interface PostAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** The message of an error. */
  readonly why: string;
}

export interface BrowsedHubOptions {
  readonly actions?: (doors: Doors, access: Access) => readonly Action[];
  readonly routes?: (app: FastifyInstance, doors: Doors, access: Access) => void;
  readonly socketOptions?: SocketOptions;
  /** Of the hub; who may come in is timed by the machine's. */
  readonly clock?: Clock;
}

export async function startBrowsedHub(t: TestContext, options: BrowsedHubOptions = {}): Promise<BrowsedHub> {
  const { actions = () => [], routes = () => {}, socketOptions } = options;
  const access = createAccess({
    store: must(openAccessStore(tempFolder(t), { clock: systemClock })),
    clock: systemClock,
    log: silentLog,
    cost: { N: 1024, r: 8, p: 1 },
  });
  const hub = await startHub(t, {
    access,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    sockets: (doors) => createSockets(doors, actions(doors, access), socketOptions),
    routes: [(app, doors) => registerAccess(app, doors, access), (app, doors) => routes(app, doors, access)],
  });
  let isClosed = false;
  const close = async (): Promise<void> => {
    await hub.close();
    if (!isClosed) access.close();
    isClosed = true;
  };
  onEnd(t, close);
  return {
    ...hub,
    close,
    access,
    browser(name, role, agents) {
      const rights = role === 'admin' ? { role } : { role, agents: agents ?? null };
      if (access.store.users.get(name) === undefined) must(access.store.users.create(name, rights, BY));
      return must(access.login.byLink(must(access.store.codes.createLink(name, BY)).code, '127.0.0.1'));
    },
    agent: (name) => must(access.store.tokens.create({ kind: 'agent', whose: name, label: '' }, BY)).token,
    async open(headers = {}) {
      const client = createClient(new WebSocket(hub.wsUrl, { headers }));
      onEnd(t, () => client.ws.terminate());
      await within(once(client.ws, 'open'), { what: 'the connection to open' });
      return client;
    },
    async post(path, body, headers) {
      const answer = await fetch(`${hub.url}${path}`, {
        method: 'POST',
        headers: { connection: 'close', ...headers },
        body: JSON.stringify(body),
      });
      const json = (await answer.json()) as PostAnswer['body'];
      const { error } = json as { readonly error?: { readonly message: string } };
      return { status: answer.status, body: json, why: error?.message ?? '' };
    },
  };
}

/** What a browser sends of its session, and what a page of the hub adds. */
export function cookieOf({ token, csrf }: BrowserSession): {
  readonly cookie: string;
  readonly 'x-vahti-csrf': string;
} {
  return { cookie: `vahti_session=${token}`, 'x-vahti-csrf': csrf };
}
