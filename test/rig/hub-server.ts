import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import { err, ok } from '../../src/core/result.ts';
import { createIntake } from '../../src/hub/ingest/intake.ts';
import type { Doors } from '../../src/hub/server/doors.ts';
import { registerHealth } from '../../src/hub/server/health.ts';
import { createAgentLimits, createCounters, type LimitOptions } from '../../src/hub/server/limits.ts';
import type { Principal, Role } from '../../src/hub/server/principal.ts';
import { type Sockets, startHubServer } from '../../src/hub/server/server.ts';
import { type HubStore, openHubStore } from '../../src/hub/threads/hub-store.ts';
import type { Keep } from '../../src/hub/blocks/groups.ts';
import { HUB_KEEP } from './hub-threads.ts';
import { onEnd, tempFolder } from './leaks.ts';

/** A hub's server in this process: the real store and the real HTTP and WebSocket server on a free port, tokens that are made up. */
export interface TestHub {
  readonly url: string;
  /** `ws://127.0.0.1:PORT/ws` */
  readonly wsUrl: string;
  readonly folder: string;
  readonly doors: Doors;
  readonly store: HubStore;
  /** Lines of its log. */
  readonly lines: readonly string[];
  agentToken(name: string): string;
  userToken(name: string, role: Role, agents?: readonly string[]): string;
  revoke(token: string): void;
  /** Also done at the end of the test. */
  close(): Promise<void>;
}

export interface TestHubOptions {
  /** That of an earlier one. */
  readonly folder?: string;
  readonly port?: number;
  readonly keep?: Keep;
  readonly clock?: Clock;
  readonly limits?: LimitOptions;
  readonly origins?: readonly string[];
  readonly routes?: readonly ((app: FastifyInstance, doors: Doors) => void)[];
  readonly sockets?: (doors: Doors) => Sockets;
  /** Those of a real store of who may come in, in the place of tokens that are made up. */
  readonly access?: Pick<Doors, 'tokens' | 'sessions'>;
  /** In the place of the store, around it. */
  readonly wrap?: (store: HubStore) => HubStore;
}

/** What fits every test that is not about limits. */
const WIDE: LimitOptions = { recordsPerSecond: 1e9, bytesPerSecond: 1e12 };

export async function startHub(t: TestContext, options: TestHubOptions = {}): Promise<TestHub> {
  const folder = options.folder ?? tempFolder(t);
  const clock = options.clock ?? systemClock;
  const lines: string[] = [];
  const log = createLog('debug', (line) => lines.push(line));
  const opened = await openHubStore({
    folder: `${folder}/store`,
    keep: options.keep ?? HUB_KEEP,
    clock: systemClock,
    note: (note) => log.warn(note),
    died: (error) => log.error('the store died', { error: error.message }),
  });
  const store = options.wrap?.(opened) ?? opened;
  const tokens = createTestTokens();
  const doors: Doors = {
    store,
    intake: createIntake(store),
    tokens: options.access?.tokens ?? tokens,
    sessions: options.access?.sessions ?? { check: () => err(undefined) },
    limits: createAgentLimits(options.limits ?? WIDE, clock),
    counters: createCounters(),
    clock,
    log,
  };
  const figures = () => ({ connections: 0, rss: process.memoryUsage.rss(), storeBytes: 0, diskFree: 0 });
  const started = await startHubServer({
    host: '127.0.0.1',
    port: options.port ?? 0,
    origins: options.origins ?? [],
    doors,
    routes: [...(options.routes ?? []), registerHealth(figures)],
    sockets: options.sockets?.(doors) ?? { handle: (socket) => socket.terminate(), close: async () => {} },
  });
  if (!started.ok) throw new Error(started.error);
  const { url } = started.value;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= started.value.close().then(() => store.close()));
  onEnd(t, close);
  return {
    url,
    wsUrl: `${url.replace(/^http/, 'ws')}/ws`,
    folder,
    doors,
    store,
    lines,
    agentToken: (name) => tokens.make({ kind: 'agent', name }),
    userToken: (name, role, agents) => tokens.make({ kind: 'user', name, role, agents }),
    revoke: tokens.revoke,
    close,
  };
}

function createTestTokens() {
  const known = new Map<string, Principal>();
  const revoked = new Set<string>();
  const check: Doors['tokens']['check'] = (token) => {
    const principal = known.get(token);
    if (principal === undefined) return err('the token is not known');
    return revoked.has(token) ? err('the token was revoked') : ok(principal);
  };
  return {
    check,
    holds: (token: string) => check(token).ok,
    make(principal: Principal): string {
      const token = `vahti_test_${known.size}_${principal.name}`;
      known.set(token, principal);
      return token;
    },
    revoke: (token: string) => void revoked.add(token),
  };
}
