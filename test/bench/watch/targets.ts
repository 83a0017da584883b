import { execFileSync } from 'node:child_process';
import { constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, Socket, type Server } from 'node:net';
import { join } from 'node:path';
import { openFullPort } from './full-port.ts';
import type { Check } from './checks.ts';

/** What is looked at: servers of this process, and a script. They tell when a look arrived. */
export interface Targets {
  readonly httpPort: number;
  /** The port of a tcp check. */
  portOf(check: Check): number;
  argvOf(check: Check): readonly string[];
  /** The looks at each check so far, monotonic ms. A port that hangs is looked at unseen. */
  readonly looks: ReadonlyMap<string, readonly number[]>;
  /** From now on a target is wrong: status 500, a closed port, exit code 1; or never answers. */
  fail(check: Check, how: 'wrong' | 'hangs'): void;
  close(): Promise<void>;
}

/** `$1` is the check's name: it tells of its start, and does what the folder says. */
const SCRIPT = `cd "$(dirname "$0")"
echo "$1" > looks
[ -e "$1.hangs" ] && exec sleep 1000000
[ ! -e "$1.wrong" ]
`;

export async function openTargets(checks: readonly Check[], folder: string): Promise<Targets> {
  mkdirSync(folder, { recursive: true });
  const looks = new Map<string, number[]>(checks.map(({ name }) => [name, []]));
  const seen = (name: string): void => void looks.get(name)?.push(performance.now());
  const wrong = new Map<string, 'wrong' | 'hangs'>();
  for (const { name, hangs } of checks) if (hangs) wrong.set(name, 'hangs');
  const http = createHttpServer({ keepAlive: false }, (request, response) => {
    const name = request.url?.slice(1) ?? '';
    seen(name);
    if (wrong.get(name) === 'hangs') return;
    response.statusCode = wrong.has(name) ? 500 : 200;
    response.end('well\n');
  });
  const httpPort = await listen(http);
  const full = await openFullPort();
  const ports = await openPorts(checks, seen);
  const commands = openCommands(checks, folder, seen);
  return {
    httpPort,
    portOf: ({ name }) => (wrong.get(name) === 'hangs' ? full.port : (ports.get(name)?.port ?? 0)),
    argvOf: ({ name }) => ['/bin/sh', commands.script, name],
    looks,
    fail({ name, sort }, how) {
      wrong.set(name, how);
      if (sort === 'tcp') ports.get(name)?.server.close();
      if (sort === 'command') writeFileSync(join(folder, `${name}.${how}`), '');
    },
    async close() {
      http.closeAllConnections();
      http.close();
      for (const { server } of ports.values()) server.close();
      commands.close();
      await full.close();
    },
  };
}

interface Port {
  readonly server: Server;
  readonly port: number;
}

/** A port for each tcp check that answers: by it a look is known. */
async function openPorts(checks: readonly Check[], seen: (name: string) => void): Promise<Map<string, Port>> {
  const ports = new Map<string, Port>();
  for (const { name, sort, hangs } of checks) {
    if (sort !== 'tcp' || hangs) continue;
    const server = createServer((socket) => {
      seen(name);
      socket.on('error', () => {});
      socket.end();
    });
    ports.set(name, { server, port: await listen(server) });
  }
  return ports;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The script, and the pipe into which it writes who was started. */
function openCommands(
  checks: readonly Check[],
  folder: string,
  seen: (name: string) => void,
): { readonly script: string; close(): void } {
  const [script, pipe] = [join(folder, 'check.sh'), join(folder, 'looks')];
  writeFileSync(script, SCRIPT);
  execFileSync('mkfifo', [pipe]);
  for (const { name, sort, hangs } of checks)
    if (sort === 'command' && hangs) writeFileSync(join(folder, `${name}.hangs`), '');
  // For writing too: else it would end with the first writer.
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const reader = new Socket({ fd, readable: true, writable: false });
  let rest = '';
  reader.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const name of lines) seen(name);
  });
  return { script, close: () => void reader.destroy() };
}
