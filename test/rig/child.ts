import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { onEnd, rigSockets, tempFolder } from './leaks.ts';
import { within } from './wait.ts';

/** A remote-controlled child: a real process, started by whatever is tested, that does what the test says. */

export type RigStream = 'stdout' | 'stderr';

export type RigCommand =
  | { readonly do: 'print'; readonly stream: RigStream; readonly base64: string }
  | { readonly do: 'flood'; readonly stream: RigStream; readonly bytes: number }
  | { readonly do: 'floodFor'; readonly stream: RigStream; readonly ms: number }
  | { readonly do: 'read'; readonly file: string }
  | { readonly do: 'exit'; readonly code: number }
  | { readonly do: 'signal'; readonly signal: NodeJS.Signals }
  | ({ readonly do: 'fork' } & Grandchild)
  | { readonly do: 'allocate'; readonly bytes: number }
  | { readonly do: 'ignoreTerm' | 'closePipes' | 'spin' | 'env' };

export interface Grandchild {
  /** It holds the child's stdout and stderr open. */
  readonly keepPipe?: boolean;
  /** It leaves session and group. */
  readonly setsid?: boolean;
  readonly ignoreTerm?: boolean;
  /** It loses its environment, and with it the life. */
  readonly clearEnv?: boolean;
}

export interface RigHello {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly cwd: string;
  /** Its VAHTI_LIFE and VAHTI_SERVICE. */
  readonly life: string;
  readonly service: string;
}

export interface RigChild extends RigHello {
  /** Prints as is: add the newline. */
  print(stream: RigStream, text: string | Buffer): Promise<void>;
  /** Prints so many bytes, in lines of 101; resolves when the reader has taken them (but for what the pipe holds). */
  flood(stream: RigStream, bytes: number): Promise<void>;
  /** Prints so long, as fast as the reader takes it; resolves with how many lines it was, of 101 bytes each. */
  floodFor(stream: RigStream, ms: number): Promise<number>;
  /** These do not wait for an answer, which may not come: see `gone`. */
  exit(code: number): void;
  signal(signal: NodeJS.Signals): void;
  ignoreTerm(): Promise<void>;
  /** Starts a `sleep`; resolves with its pid. */
  forkGrandchild(how: Grandchild): Promise<number>;
  /** Closes stdout and stderr. */
  closePipes(): Promise<void>;
  /** Reads a file, and is deaf meanwhile. */
  read(file: string): void;
  /** Keeps a core busy and deaf for ever. */
  spin(): void;
  allocate(bytes: number): Promise<void>;
  env(): Promise<Record<string, string>>;
  /** Resolves when the process is over. */
  readonly gone: Promise<void>;
}

export interface Rig {
  /** What to run. */
  readonly argv: readonly string[];
  /** Put it into the child's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The next child that comes up, in order. */
  nextChild(deadlineMs?: number): Promise<RigChild>;
}

const MAIN = path.join(import.meta.dirname, 'child-main.ts');

/** Listens for children until the end of the test, which ends them. */
export async function createRig(t: TestContext): Promise<Rig> {
  const socketPath = path.join(tempFolder(t), 'rig.sock');
  const arrived: RigChild[] = [];
  const waiting: ((child: RigChild) => void)[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    void serve(socket).then((child) => {
      const next = waiting.shift();
      if (next === undefined) arrived.push(child);
      else next(child);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  fs.chmodSync(socketPath, 0o777);
  rigSockets.add(socketPath);
  onEnd(t, async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    argv: [process.execPath, MAIN],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', RIG_SOCKET: socketPath },
    nextChild(deadlineMs = 10_000) {
      const child = arrived.shift();
      if (child !== undefined) return Promise.resolve(child);
      return within(new Promise<RigChild>((resolve) => waiting.push(resolve)), {
        deadlineMs,
        what: 'a child of the rig to come up',
      });
    },
  };
}

interface Answer {
  readonly hello?: RigHello;
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: string;
}

function serve(socket: net.Socket): Promise<RigChild> {
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  let lastId = 0;
  socket.on('error', () => {});
  void gone.then(() => {
    for (const { reject } of asked.values()) reject(new Error('the child of the rig is gone'));
  });
  const ask = (command: RigCommand): Promise<unknown> => {
    const id = ++lastId;
    const answer = Promise.withResolvers<unknown>();
    asked.set(id, answer);
    socket.write(`${JSON.stringify({ id, command })}\n`);
    return answer.promise;
  };
  const order = (command: RigCommand): void => void ask(command).catch(() => {});
  return new Promise((resolve) => {
    createInterface(socket).on('line', (line) => {
      const { hello, id, value, error } = JSON.parse(line) as Answer;
      if (hello !== undefined) resolve(control(hello, gone, ask, order));
      const answer = asked.get(id ?? 0);
      asked.delete(id ?? 0);
      if (error === undefined) answer?.resolve(value);
      else answer?.reject(new Error(error));
    });
  });
}

function control(
  hello: RigHello,
  gone: Promise<void>,
  ask: (command: RigCommand) => Promise<unknown>,
  order: (command: RigCommand) => void,
): RigChild {
  const done = async (command: RigCommand): Promise<void> => void (await ask(command));
  return {
    ...hello,
    gone,
    print: (stream, text) => done({ do: 'print', stream, base64: Buffer.from(text).toString('base64') }),
    flood: (stream, bytes) => done({ do: 'flood', stream, bytes }),
    floodFor: async (stream, ms) => (await ask({ do: 'floodFor', stream, ms })) as number,
    read: (file) => order({ do: 'read', file }),
    exit: (code) => order({ do: 'exit', code }),
    signal: (signal) => order({ do: 'signal', signal }),
    ignoreTerm: () => done({ do: 'ignoreTerm' }),
    forkGrandchild: async (how) => (await ask({ do: 'fork', ...how })) as number,
    closePipes: () => done({ do: 'closePipes' }),
    spin: () => order({ do: 'spin' }),
    allocate: (bytes) => done({ do: 'allocate', bytes }),
    env: async () => (await ask({ do: 'env' })) as Record<string, string>,
  };
}
