import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { trim } from '../../../wire/syslog/frames.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';
import type { Taking } from './taking.ts';
import { addressOf } from './streams.ts';

/** Nobody can be put off by UDP: so much waits while the store is busy, and what comes beyond that is lost, and counted. */
const MOST_WAITING = 10_000;
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** What the system keeps until we read; it may give less. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

/** Takes datagrams, a message each (RFC 5426). @throws what the system says where the address cannot be had */
export async function openDatagrams(
  host: string,
  port: number,
  taking: Taking,
): Promise<{ close(): Promise<void> }> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BYTES });
  let waiting: IncomingRecord[] = [];
  let bytes = 0;
  let storing: Promise<void> | undefined;
  const store = async (): Promise<void> => {
    while (waiting.length > 0) {
      const [records, size] = [waiting, bytes];
      waiting = [];
      bytes = 0;
      await taking.store(records, size);
    }
    storing = undefined;
  };
  socket.on('message', (datagram, { address }) => {
    if (waiting.length >= MOST_WAITING || bytes + datagram.length > MOST_WAITING_BYTES)
      return taking.doors.counters.count('dropped', 'syslog');
    const frame = trim(datagram);
    if (frame.length === 0) return;
    waiting.push(taking.read({ bytes: frame, lost: 0 }, addressOf(address)));
    bytes += datagram.length;
    storing ??= store();
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, resolve);
    });
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', (error) => taking.doors.log.error('trouble of syslog by UDP', { why: error.message }));
  return {
    async close() {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
      await storing;
    },
  };
}
