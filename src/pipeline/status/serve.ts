import { createServer, type Server, type Socket } from 'node:net';
import { type Address, addressText } from '../../core/address.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import type { PipelineView } from '../pipeline.ts';
import { answerStatus } from './commands.ts';

export interface StatusServer {
  readonly port: number;
  /** All connections are closed when it resolves. */
  close(): Promise<void>;
}

export interface StatusOptions {
  /** Of Vahti, for `config`. */
  readonly program: string;
  readonly clock?: Clock;
}

/** A connection that has said nothing for so long is closed; so is one that does not take its answer. */
const SILENT_MS = 10_000;
/** Of a ledger that does not answer. */
const ANSWER_MS = 10_000;
/** With one more, the one that has been there for the longest is closed. */
const MOST_CONNECTIONS = 200;
const LONGEST_LINE = 1024;
/** How long until an address that cannot be had is tried again. */
const AGAIN_MS = 5_000;

/**
 * Answers the status protocol at a TCP address: one line is a command, its answer ends with the connection. Each connection stands
 * alone: whoever says nothing holds up nobody. The error is a whole sentence.
 */
export async function serveStatus(
  address: Address,
  view: PipelineView,
  log: Log,
  { program, clock = systemClock }: StatusOptions,
): Promise<Result<StatusServer, string>> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const [oldest] = open.size >= MOST_CONNECTIONS ? open : [];
    oldest?.destroy();
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    converse(socket, clock, async (line) => {
      try {
        return await answerStatus(line, { view, now: clock.now(), program });
      } catch (thrown) {
        log.error('cannot answer for the status', { reason: asError(thrown).message });
        return `cannot answer: ${asError(thrown).message}`;
      }
    });
  });
  const failure = await listen(server, address);
  if (failure !== undefined)
    return err(`cannot show the status at ${addressText(address)}: ${reasonOf(failure)}`);
  server.on('error', (error) => log.error('cannot take a connection', { reason: error.message }));
  const bound = server.address();
  return ok({
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  });
}

/** Binds; resolves with the error where it cannot. */
function listen(server: Server, { host, port }: Address): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port }, () => {
      server.off('error', resolve);
      resolve(undefined);
    });
  });
}

function reasonOf(failure: NodeJS.ErrnoException): string {
  if (failure.code === 'EADDRINUSE') return 'another process listens there';
  if (failure.code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  if (failure.code === 'EACCES') return 'permission denied';
  return asError(failure).message;
}

/** Reads one line, answers it, and hangs up. */
function converse(socket: Socket, clock: Clock, answer: (line: string) => Promise<string>): void {
  let text = '';
  let isAsked = false;
  let timer = clock.timer(SILENT_MS, () => socket.destroy());
  const ask = (line: string): void => {
    isAsked = true;
    timer.cancel();
    timer = clock.timer(ANSWER_MS, () => socket.destroy());
    void answer(line).then((said) => {
      if (!socket.destroyed) socket.end(`${said}\n`);
    });
  };
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('close', () => timer.cancel());
  socket.on('data', (chunk: string) => {
    if (isAsked) return;
    text += chunk;
    const end = text.indexOf('\n');
    if (end !== -1) ask(text.slice(0, end));
    else if (text.length > LONGEST_LINE) ask(text.slice(0, LONGEST_LINE));
  });
  // Who closes its side without a newline has said all that it will.
  socket.on('end', () => {
    if (!isAsked) ask(text);
  });
}

/** As `serveStatus`, until `drain`: an address that cannot be had is tried for again and again, and said once. */
export async function keepStatusServed(
  address: Address,
  view: PipelineView,
  log: Log,
  options: StatusOptions,
  drain: AbortSignal,
): Promise<void> {
  const { clock = systemClock } = options;
  let isSaid = false;
  while (!drain.aborted) {
    const served = await serveStatus(address, view, log, options);
    if (served.ok) {
      if (isSaid) log.info('shows the status', { address: addressText(address) });
      await aborted(drain);
      return served.value.close();
    }
    if (!isSaid) log.error(served.error);
    isSaid = true;
    await clock.sleep(AGAIN_MS, drain);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
