import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openHub } from '../../src/app/hub/open-hub.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import type { Role } from '../../src/hub/server/principal.ts';
import type { StatusPagePlan } from '../../src/hub/status-page/config.ts';
import { HUB_KEEP } from './hub-threads.ts';
import { onEnd, tempFolder } from './leaks.ts';
import { builtPage } from './built-page.ts';

/** A whole hub in this process, as the daemon runs it, that serves the built page. */
export interface PageHub {
  readonly url: string;
  /** Of its admin, for programs. */
  readonly token: string;
  /** Lines of its log. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

export interface PageHubOptions {
  /** That of an earlier one. */
  readonly folder?: string;
  readonly port?: number;
  readonly statusPage?: StatusPagePlan;
}

export async function startPageHub(t: TestContext, options: PageHubOptions = {}): Promise<PageHub> {
  await builtPage();
  const folder = options.folder ?? tempFolder(t);
  const lines: string[] = [];
  const log = createLog('info', (line) => lines.push(line));
  const opened = await openHub(
    {
      host: '127.0.0.1',
      port: options.port ?? 0,
      folder,
      agent: 'own',
      origins: [],
      proxies: [],
      keep: HUB_KEEP,
      cleanUpMs: 60_000,
      limits: { recordsPerSecond: 1e9, bytesPerSecond: 1e12 },
      publicStatistics: false,
      ...(options.statusPage === undefined ? {} : { statusPage: options.statusPage }),
    },
    { clock: systemClock, log, died: (error) => lines.push(`died: ${error.message}`) },
  );
  if (!opened.ok) throw new Error(opened.error);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= opened.value.close());
  onEnd(t, close);
  return { url: opened.value.url, token: adminToken(folder), lines, close };
}

/** @param folder of a hub, `.vahti/hub` of its daemon's. */
export function adminToken(folder: string): string {
  return readFileSync(join(folder, 'admin-token'), 'utf8').trim();
}

/** Where and as whom something is asked. */
export interface Asking {
  readonly url: string;
  readonly token: string;
}

/** Asks a hub by HTTP. Rejects where it answers with anything but 2xx. */
export async function askHub<T>(
  { url, token }: Asking,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered by ${response.status}: ${text}`);
  return JSON.parse(text) as T;
}

/** The token of a new agent. */
export async function makeAgent(hub: Asking, name: string): Promise<string> {
  return (await askHub<{ token: string }>(hub, 'POST', '/api/tokens', { kind: 'agent', name })).token;
}

/** Makes a user who may see these agents. @returns a token of theirs. */
export async function makeUser(
  hub: Asking,
  name: string,
  {
    role,
    agents = null,
    password,
  }: { readonly role: Role; readonly agents?: readonly string[] | null; readonly password?: string },
): Promise<string> {
  await askHub(hub, 'POST', '/api/users', {
    name,
    role,
    agents,
    ...(password === undefined ? {} : { password }),
  });
  return (await askHub<{ token: string }>(hub, 'POST', '/api/tokens', { kind: 'user', name })).token;
}
