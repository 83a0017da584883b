import { connect } from 'node:net';
import { err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSink, StreamSource } from '../../core/source.ts';
import type { Interruptions } from './interruptions.ts';
import { readLines } from './line-inflow.ts';
import type { LineOptions } from './line-reader.ts';
import { reconnecting } from './reconnecting.ts';

const CONNECT_MS = 15_000;
/** After so long without a byte the kernel asks the other side whether it is there: a dead one ends the connection. */
const KEEPALIVE_MS = 30_000;

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

export interface TcpLinesOptions extends LineOptions, TcpAddress {
  /** Sent as soon as the connection is open, as it is. */
  readonly hello?: string | undefined;
}

/** Reads `tcp://HOST:PORT`; an IPv6 address stands in brackets. The error is a whole sentence. */
export function parseTcpAddress(text: string): Result<TcpAddress, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const port = Number(url?.port);
  const plain = url !== undefined && /^tcp:\/\/[^/?#@]+\/?$/i.test(url.href);
  if (!plain || url.hostname === '' || !(port > 0))
    return err(`cannot collect from ${text}: write tcp://HOST:PORT`);
  return ok({ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port });
}

/**
 * Newline-separated lines from a TCP server, received for ever: reconnects with back-off and jitter, pauses the socket while
 * the sink is full. No replay: what is sent while we are not connected is declared as a gap.
 */
export function createTcpLinesSource(options: TcpLinesOptions): StreamSource {
  return {
    numbers: 'dense',
    run: (scope, sink) =>
      reconnecting(scope, sink, options.random, (interruptions) =>
        receive(options, scope, sink, interruptions),
      ),
  };
}

async function receive(
  options: TcpLinesOptions,
  scope: Scope,
  sink: StreamSink,
  interruptions: Interruptions,
): Promise<string> {
  const { host, port, hello } = options;
  const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS });
  let reason: string | undefined;
  const end = (why: string): void => {
    reason ??= why;
    socket.destroy();
  };
  const leave = (): void => end('the collector ends');
  scope.drain.addEventListener('abort', leave, { once: true });
  const patience = scope.clock.timer(CONNECT_MS, () =>
    end(`cannot connect to ${host}:${port} within ${CONNECT_MS / 1000} s`),
  );
  socket.on('error', (error) => {
    reason ??= error.message === '' ? `cannot connect to ${host}:${port}` : error.message;
  });
  try {
    return await new Promise<string>((resolve, reject) => {
      const over = (): void => resolve(reason ?? 'the server closed the connection');
      let connected = false;
      socket.once('connect', () => {
        connected = true;
        patience.cancel();
        sink.take({ kind: 'connected', cursor: undefined });
        interruptions.connected();
        if (hello !== undefined) socket.write(hello);
        readLines(socket, { options, scope, sink, interruptions, silent: end }).then(over, reject);
      });
      socket.once('close', () => {
        // Otherwise it is over when its last line is handed over.
        if (!connected) over();
      });
    });
  } finally {
    patience.cancel();
    scope.drain.removeEventListener('abort', leave);
  }
}
