import type { Readable } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { createLineSplitter } from '../../core/lines.ts';
import type { Log } from '../../core/log.ts';

/** A longer line is cut into pieces of this, bytes. */
const MOST_BYTES = 2_048;
/** So many lines are logged of each stretch of so many milliseconds; the rest is only counted. */
const MOST_LINES = 50;
const STRETCH_MS = 10_000;

/** Logs what a command says on its standard error, so much at most. Resolves when the pipe is closed. */
export function logStderr(stderr: Readable, log: Log, clock: Clock): Promise<void> {
  let since = clock.monotonic();
  let logged = 0;
  let left = 0;
  const tell = (): void => {
    if (left > 0) log.warn('the command said more than is logged', { lines: left });
    logged = 0;
    left = 0;
  };
  const splitter = createLineSplitter({
    maxBytes: MOST_BYTES,
    onLine(line) {
      const now = clock.monotonic();
      if (now - since >= STRETCH_MS) {
        since = now;
        tell();
      }
      if (logged < MOST_LINES) log.warn('the command says', { text: line.toString('utf8') });
      else left += 1;
      logged += 1;
    },
  });
  return new Promise((resolve) => {
    stderr.on('data', (chunk: Buffer) => splitter.push(chunk));
    stderr.on('error', () => {});
    stderr.on('close', () => {
      splitter.flush();
      tell();
      resolve();
    });
  });
}
