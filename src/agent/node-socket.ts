import { readFile } from 'node:fs/promises';
import type { ClientOptions, WebSocket } from 'ws';
import type { Clock } from '../core/clock.ts';
import { networkTrouble } from '../core/network-error.ts';
import { asError } from '../core/result.ts';
import { retryAfter } from '../core/retry-after.ts';
import type { HubSocket, SocketEvents } from '../wire/hub/link.ts';
import type { Loss } from '../wire/hub/link-state.ts';

/** Longer frames of a hub end the connection. */
const MOST_BYTES = 4 * 1024 * 1024;
/** How long a closing handshake may take before the socket is cut, milliseconds. */
const CLOSE_MS = 1_000;
const DENIED = 4401;

export interface NodeSocketOptions {
  readonly url: URL;
  /** A file of certificates that vouch for the hub, instead of the system's. Read at each connection. */
  readonly ca?: string | undefined;
  /** A file of the hub's very certificate, whatever name it is for. Read at each connection. */
  readonly pinned?: string | undefined;
  readonly clock: Clock;
}

/** Connects to a hub over `ws`, which is loaded here: a daemon without a hub needs none of it. */
export function dialNode(options: NodeSocketOptions, events: SocketEvents): HubSocket {
  let socket: WebSocket | undefined;
  let isOver = false;
  const lost = (loss: Loss): void => {
    if (isOver) return;
    isOver = true;
    events.lost(loss);
  };
  connect(options).then(
    (made) => {
      socket = made;
      if (isOver) return hangUp(made, options.clock);
      listen(made, { ...events, lost }, options.clock);
    },
    (error: unknown) => lost({ why: asError(error).message }),
  );
  return {
    send: (data) => socket?.send(data, () => {}),
    close() {
      isOver = true;
      if (socket !== undefined) hangUp(socket, options.clock);
    },
  };
}

async function connect({ url, ca, pinned }: NodeSocketOptions): Promise<WebSocket> {
  const library = await import('ws');
  const trusted = ca === undefined ? {} : { ca: await readFile(ca) };
  // Without its name, its chain still has to lead to this very certificate, or to one in its file. Node wants undefined (tls.connect).
  const anyName = (() => undefined) as unknown as () => boolean;
  const known: ClientOptions =
    pinned === undefined ? {} : { ca: await readFile(pinned), checkServerIdentity: anyName };
  return new library.WebSocket(url, {
    ...trusted,
    ...known,
    perMessageDeflate: false,
    maxPayload: MOST_BYTES,
    followRedirects: false,
  });
}

function listen(socket: WebSocket, events: SocketEvents, clock: Clock): void {
  let why: string | undefined;
  let retryMs: number | undefined;
  socket.on('open', () => events.opened());
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) events.text(data.toString('utf8'));
  });
  socket.on('unexpected-response', (_request, response) => {
    why = `it answered ${response.statusCode} ${response.statusMessage ?? ''}`.trimEnd();
    retryMs = retryAfter(response.headers['retry-after'], clock.now());
    response.destroy();
    socket.terminate();
  });
  socket.on('error', (error) => {
    why ??= networkTrouble(error)?.why ?? error.message;
  });
  socket.on('close', (code, reason) => {
    const text = reason.toString('utf8').slice(0, 200);
    const isDenied = code === DENIED;
    const said = isDenied && text !== '' ? text : `it closed (${code}${text === '' ? '' : ` ${text}`})`;
    why ??= code === 1006 ? 'the connection broke' : said;
    events.lost({ why, retryMs, ...(isDenied ? { isDenied } : {}) });
  });
}

/** Says goodbye, and cuts it where that takes too long. */
function hangUp(socket: WebSocket, clock: Clock): void {
  socket.removeAllListeners();
  socket.on('error', () => {});
  if (socket.readyState === socket.CONNECTING) return socket.terminate();
  const cut = clock.timer(CLOSE_MS, () => socket.terminate());
  socket.on('close', () => cut.cancel());
  socket.close(1000);
}
