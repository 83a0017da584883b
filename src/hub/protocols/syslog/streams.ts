import type { Socket } from 'node:net';
import { createFrameSplitter, type SyslogFrame } from '../../../wire/syslog/frames.ts';
import type { Taking } from './taking.ts';

/** A message of the longest text that is stored, whatever its characters, and what stands before it. */
const MOST_FRAME = 256 * 1024;
/** A peer that is gone without a word is found out after some minutes. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Takes what comes by a connection until it ends. Nothing is read while what was read before is not stored, so whoever sends too
 * much waits. Never rejects.
 */
export async function serveStream(socket: Socket, taking: Taking): Promise<void> {
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const from = addressOf(socket.remoteAddress);
  const splitter = createFrameSplitter(MOST_FRAME);
  const store = (frames: readonly SyslogFrame[], bytes: number): Promise<void> =>
    taking.store(
      frames.map((frame) => taking.read(frame, from)),
      bytes,
    );
  try {
    for await (const piece of socket as AsyncIterable<Buffer>)
      await store(splitter.push(piece), piece.length);
  } catch {
    // A connection that breaks has ended, too.
  }
  socket.destroy();
  await store(splitter.end(), 0);
}

/** An address of IPv4 that came to a socket of IPv6 is shown as what it is. */
export function addressOf(remote: string | undefined): string {
  return (remote ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
