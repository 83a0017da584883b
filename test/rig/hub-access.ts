import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { createLog, silentLog } from '../../src/core/log.ts';
import type { Result } from '../../src/core/result.ts';
import { type Access, createAccess } from '../../src/hub/access/access.ts';
import type { By } from '../../src/hub/access/audit-log.ts';
import { hashNewPassword } from '../../src/hub/access/passwords.ts';
import { registerAccess } from '../../src/hub/access/routes.ts';
import { openAccessStore } from '../../src/hub/access/store.ts';
import { createIntake } from '../../src/hub/ingest/intake.ts';
import type { Doors } from '../../src/hub/server/doors.ts';
import { createCounters } from '../../src/hub/server/limits.ts';
import { type HubServerOptions, startHubServer } from '../../src/hub/server/server.ts';
import type { HubStore } from '../../src/hub/threads/hub-store.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { startHub } from './hub-server.ts';
import { leakCheck, onEnd, tempFolder } from './leaks.ts';

/** The value of what has to have worked. */
export function must<T, E>(result: Result<T, E>): T {
  if (result.ok) return result.value;
  throw new Error(`it did not work: ${JSON.stringify(result.error)}`);
}

/** The files of a folder that have one of the secrets in them, whole or without its beginning. */
export function filesWith(folder: string, secrets: readonly string[]): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => {
    const bytes = readFileSync(join(folder, name));
    return secrets.some(
      (secret) => bytes.includes(secret) || bytes.includes(secret.replace(/^vahti_[a-z]_/, '')),
    );
  });
}

export const BY: By = { who: 'the test', address: '' };
const CHEAP = { N: 1024, r: 8, p: 1 };
export const PASSWORD = 'correct horse battery';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly headers: Headers;
  /** What a browser would send from now on. */
  readonly cookie: string;
}

/** A hub with the real routes and the real store of who may come in. */
export interface AccessHub {
  readonly clock: FakeClock;
  readonly access: Access;
  readonly doors: Doors;
  readonly folder: string;
  /** The token of an admin. */
  readonly admin: string;
  readonly lines: readonly string[];
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
}

/** @param store whether a request is about records: their store has three threads, which take a while to begin. */
export async function startAccess(t: TestContext, { store = false } = {}): Promise<AccessHub> {
  leakCheck(t);
  const [folder, clock] = [tempFolder(t), createFakeClock()];
  const access = createAccess({
    store: must(openAccessStore(folder, { clock })),
    clock,
    log: silentLog,
    cost: CHEAP,
  });
  onEnd(t, () => access.close());
  must(access.store.users.create('root', { role: 'admin' }, BY));
  const admin = must(access.store.tokens.create({ kind: 'user', whose: 'root', label: '' }, BY)).token;
  const { tokens, sessions } = access;
  const routes = [
    (app: FastifyInstance, doors: Doors) => registerAccess(app, { ...doors, tokens, sessions }, access),
  ];
  const hub = store
    ? await startHub(t, { clock, routes })
    : await startServer(t, { clock, routes, tokens, sessions });
  return {
    clock,
    access,
    doors: hub.doors,
    folder,
    admin,
    lines: hub.lines,
    async ask(method, path, body, headers = {}) {
      const answer = await fetch(`${hub.url}${path}`, {
        method,
        headers: { connection: 'close', ...headers },
        redirect: 'manual',
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      const json = text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {};
      const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
      return { status: answer.status, body: json, text, headers: answer.headers, cookie };
    },
  };
}

async function startServer(
  t: TestContext,
  given: Pick<Doors, 'clock' | 'tokens' | 'sessions'> & Pick<HubServerOptions, 'routes'>,
): Promise<{ readonly url: string; readonly doors: Doors; readonly lines: readonly string[] }> {
  const lines: string[] = [];
  const untouched = new Proxy({} as HubStore, {
    get: () => {
      throw new Error('this test has no store of records');
    },
  });
  const { routes, ...own } = given;
  const doors: Doors = {
    ...own,
    store: untouched,
    intake: createIntake(untouched),
    limits: { take: () => undefined },
    counters: createCounters(),
    log: createLog('debug', (line) => lines.push(line)),
  };
  const sockets = { handle: (socket: { terminate(): void }) => socket.terminate(), close: async () => {} };
  const server = must(
    await startHubServer({ host: '127.0.0.1', port: 0, origins: [], doors, routes, sockets }),
  );
  onEnd(t, () => server.close());
  return { url: server.url, doors, lines };
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** `401 denied: cannot …`, checked for its form. */
export function errorOf({ status, body }: Answer): string {
  const { code, message, ...rest } = body['error'] as { readonly code: string; readonly message: string };
  assert.deepEqual(rest, {});
  assert.deepEqual(Object.keys(body), ['error']);
  assert.match(message, /(^|: )cannot /);
  return `${status} ${code}: ${message}`;
}

export async function addUser({ access }: AccessHub, name: string, password = PASSWORD): Promise<void> {
  must(access.store.users.create(name, { role: 'view', agents: ['alpha'] }, BY));
  must(access.store.users.setPassword(name, must(await hashNewPassword(password, CHEAP)), BY));
}
