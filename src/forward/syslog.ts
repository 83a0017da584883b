import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { networkTrouble } from '../core/network-error.ts';
import type { StoredRecord } from '../core/record.ts';
import { asError } from '../core/result.ts';
import { formatSyslog } from '../wire/syslog/encode.ts';
import { countedFrame } from '../wire/syslog/frames.ts';
import { severityOfLevel } from '../wire/syslog/levels.ts';
import { parseSyslogAddress, type SyslogAddress } from './config.ts';
import { type ForwardTarget, SEND_MS, type TargetOptions } from './target.ts';

/** `daemon`. */
const FACILITY = 3;
/** RFC 5424 wants a number of an enterprise behind the @; this one is for whoever has none (RFC 5612). */
const DATA_ID = 'vahti@32473';
const KEEP_ALIVE_MS = 60_000;

/** Syslog by TCP answers nothing: a batch counts as taken when the system has taken its bytes, on a connection that was open then. */
export function openSyslogTarget(options: TargetOptions): ForwardTarget {
  const address = parseSyslogAddress(options.url);
  if (address === undefined) throw new Error(`cannot happen: ${options.url} was checked`);
  let open: Socket | undefined;
  return {
    async send(records, signal) {
      const patience = new AbortController();
      const timer = options.clock.timer(SEND_MS, () => patience.abort());
      const both = AbortSignal.any([signal, patience.signal]);
      try {
        if (open === undefined || !open.writable) open = await dial(address, options.ca, both);
        await write(open, Buffer.concat(records.map((record) => frameOf(record, options.labels))), both);
        return { kind: 'taken' };
      } catch (thrown) {
        open?.destroy();
        open = undefined;
        const why = patience.signal.aborted
          ? `it took nothing for ${SEND_MS / 1000} s`
          : (networkTrouble(thrown)?.why ?? asError(thrown).message);
        return { kind: 'later', why, retryAfterMs: 0 };
      } finally {
        timer.cancel();
      }
    },
    close() {
      open?.end();
      open?.destroySoon();
    },
  };
}

function dial(
  { tls, host, port }: SyslogAddress,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({
          host,
          port,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(ca === undefined ? {} : { ca }),
        })
      : connectTcp({ host, port });
    const stop = (): void => void socket.destroy(new Error('the connection was given up'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it closed the connection')));
    // It has nothing to say; but only who reads notices that it hangs up.
    socket.on('end', () => socket.destroy());
    socket.resume();
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', stop);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      resolve(socket);
    });
  });
}

function write(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('the connection was given up'));
    const closed = (): void => reject(new Error('it closed the connection'));
    const settle = (): void => {
      signal.removeEventListener('abort', stop);
      socket.removeListener('close', closed);
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', closed);
    if (signal.aborted) stop();
    socket.write(bytes, (error) => {
      settle();
      if (error == null) resolve();
      else reject(error);
    });
  });
}

export function frameOf(record: StoredRecord, labels: Readonly<Record<string, string>>): Buffer {
  const { agent, seq, time, host, service, life, kind, level, sender, message, fields = {} } = record;
  const pairs = Object.entries({ ...fields, ...labels }).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
  ]);
  const data = { id: `${agent}/${seq}`, sender, ...(Object.fromEntries(pairs) as Record<string, string>) };
  return countedFrame(
    formatSyslog({
      facility: FACILITY,
      severity: severityOfLevel(level),
      time,
      host,
      app: service === '' ? 'vahti' : service,
      process: life,
      id: kind,
      data: { [DATA_ID]: data },
      text: message,
    }),
  );
}
