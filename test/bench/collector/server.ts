import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { prepareStream } from './prepared-stream.ts';

/**
 * The server of one trial: a process of its own, which sends prepared messages to the one reader that comes, as fast as
 * it takes them. Over its IPC channel it says `listening` and `connected`, and sends when it is told `go`.
 */
export type ServerWord =
  | { readonly said: 'listening'; readonly port: number }
  | { readonly said: 'connected' }
  | { readonly said: 'sent' };

/** Blocks that the socket may hold: far fewer than the pool has, so that none is written over before it is sent. */
const IN_FLIGHT = 4;

export async function serve(frames: number, startTime: number, file: string | undefined): Promise<void> {
  const stream = await prepareStream(file, frames, startTime);
  const server = createServer();
  const upgrader = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  let served = false;
  server.on('upgrade', (request, socket, rest) => {
    // A reader that comes again (some reconnect) gets nothing: the numbers would show it as doubled.
    if (served) {
      socket.destroy();
      return;
    }
    served = true;
    // Kept by its socket: it answers pings, and its pongs fall between the blocks.
    upgrader.handleUpgrade(request, socket, rest, (client) => {
      client.on('error', () => {});
      tell({ said: 'connected' });
      process.once('message', () => void sendAll(socket, stream).then(() => tell({ said: 'sent' })));
    });
  });
  process.on('disconnect', () => process.exit(0));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  tell({ said: 'listening', port: (server.address() as AddressInfo).port });
}

async function sendAll(
  socket: Duplex,
  stream: { readonly blocks: number; block(index: number): Buffer },
): Promise<void> {
  const flying: Promise<unknown>[] = [];
  for (let index = 0; index < stream.blocks; index++) {
    if (flying.length === IN_FLIGHT) await flying.shift();
    flying.push(
      new Promise((resolve) => {
        socket.write(stream.block(index), resolve);
      }),
    );
  }
  await Promise.all(flying);
}

function tell(word: ServerWord): void {
  process.send?.(word);
}
