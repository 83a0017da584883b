import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { onEnd } from './leaks.ts';

interface Front {
  /** The port of the server behind it. */
  behind: number;
  readonly port: number;
}

const fronts = new WeakMap<TestContext, Promise<Front>>();

/**
 * One address for all servers of a test, one after the other, as a server has it that was restarted: who connects is given to the
 * one that came last. Resolves with the port.
 */
export async function frontFor(t: TestContext, behind: number): Promise<number> {
  const opened = fronts.get(t) ?? openFront(t);
  fronts.set(t, opened);
  const front = await opened;
  front.behind = behind;
  return front.port;
}

async function openFront(t: TestContext): Promise<Front> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    const inner = connect(front.behind, '127.0.0.1');
    for (const each of [socket, inner]) keep(each);
    socket.on('close', () => inner.destroy());
    inner.on('close', () => socket.destroy());
    socket.pipe(inner).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front: Front = { behind: 0, port: (server.address() as AddressInfo).port };
  onEnd(t, async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return front;
}
