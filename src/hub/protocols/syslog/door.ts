import { createServer, type AddressInfo, type Server } from 'node:net';
import { err, errorCode, ok, type Result } from '../../../core/result.ts';
import { acceptRecords } from '../../ingest/accept.ts';
import { openDatagrams } from './datagrams.ts';
import { serveStream } from './streams.ts';
import { recordOfFrame } from './to-records.ts';
import type { SyslogDoors, Taking } from './taking.ts';

/** Syslog's way in, by TCP and UDP on one port. There are no tokens in syslog: everything is stored under one agent. */
export interface SyslogOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Whose records those are. */
  readonly agent: string;
  /** The zone of times that name none; UTC by default. */
  readonly zone?: string;
}

export interface SyslogDoor {
  /** The port that was given. */
  readonly port: number;
  /** Takes nothing new; what came whole is stored. Can be called again. */
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 1000;

/** The error is a sentence: `cannot listen on 127.0.0.1:6514 for syslog: the address is in use`. */
export async function openSyslog(
  options: SyslogOptions,
  doors: SyslogDoors,
): Promise<Result<SyslogDoor, string>> {
  const { host } = options;
  const ending = new AbortController();
  const taking = createTaking(options, doors, ending.signal);
  const open = new Map<{ destroy(): void }, Promise<void>>();
  const server = createServer((socket) => {
    const served = serveStream(socket, taking).finally(() => open.delete(socket));
    open.set(socket, served);
  });
  server.maxConnections = MOST_CONNECTIONS;
  try {
    const port = await listen(server, host, options.port);
    const datagrams = await openDatagrams(host, port, taking);
    const close = async (): Promise<void> => {
      ending.abort();
      const ended = new Promise((resolve) => server.close(resolve));
      const served = [...open.values()];
      for (const socket of open.keys()) socket.destroy();
      await Promise.all([ended, datagrams.close(), ...served]);
    };
    let closed: Promise<void> | undefined;
    return ok({ port, close: () => (closed ??= close()) });
  } catch (error) {
    server.close();
    const code = errorCode(error) ?? '';
    return err(
      `cannot listen on ${host}:${options.port} for syslog: ${LISTEN_ERRORS[code] ?? (code || String(error))}`,
    );
  }
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EACCES: 'no right to do so (ports below 1024 are for root)',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of that name',
};

/** @throws what the system says */
async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  // Beyond this point it is trouble of one connection: too many open files.
  server.on('error', () => {});
  return (server.address() as AddressInfo).port;
}

function createTaking(
  { agent, zone = 'UTC' }: SyslogOptions,
  doors: SyslogDoors,
  signal: AbortSignal,
): Taking {
  return {
    doors,
    signal,
    read: (frame, from) => recordOfFrame(frame, from, { now: doors.clock.now(), zone }),
    async store(records, bytes) {
      if (records.length === 0) return;
      const incoming = { all: records, count: records.length, bytes };
      for (;;) {
        const accepted = await acceptRecords(doors, 'syslog', agent, incoming);
        if (accepted.kind === 'stored') return;
        if (accepted.kind === 'bad')
          return doors.log.error('cannot store what came by syslog', { why: accepted.message });
        if (await doors.clock.sleep(accepted.retryAfterMs, signal)) continue;
        return doors.counters.count('dropped', 'syslog', records.length);
      }
    },
  };
}
