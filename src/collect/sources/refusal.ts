import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../core/clock.ts';

/** How much of an answer is read, and for how long. */
const MOST_BYTES = 4_096;
const READ_MS = 5_000;

/** Reads the beginning of an answer that is not what was asked for, and hangs up. Calls `over` once, at once where nothing is wanted. */
export function readRefusal(
  response: IncomingMessage,
  clock: Clock,
  wanted: boolean,
  over: (text: string) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let told = false;
  const end = (): void => {
    if (told) return;
    told = true;
    patience?.cancel();
    over(Buffer.concat(chunks).toString('utf8', 0, MOST_BYTES));
    response.destroy();
  };
  const patience = wanted ? clock.timer(READ_MS, end) : undefined;
  if (!wanted) return end();
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MOST_BYTES) end();
  });
  response.on('error', end).on('close', end).on('end', end);
}
