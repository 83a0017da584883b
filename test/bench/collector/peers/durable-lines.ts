import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { disk } from '../../../../src/core/files.ts';

/** A commit happens at the first of these, and a peer is asked to pause above the last: as our own collector does. */
const COMMIT_LINES = 1_000;
const COMMIT_AFTER_MS = 200;
const FULL_LINES = 4_000;

/** The files of a peer: its lines, and the number up to which they are durable. */
export const LINES_FILE = 'lines.ndjson';
export const CURSOR_FILE = 'cursor';

/** What a peer writes its lines to. */
export interface DurableLines {
  /** Takes what one frame made; answers false where the writer is full. */
  take(seq: number, lines: readonly string[]): boolean;
  /** Resolves when there is room. */
  drained(): Promise<void>;
  /** Writes what is left. */
  end(): Promise<void>;
}

/**
 * Lines appended in batches: write, fdatasync, then the cursor, fdatasync. What a careful user of a client library would
 * write, with our own policy and our own file operations, so that the peers differ from us in nothing else.
 */
export async function createDurableLines(into: string): Promise<DurableLines> {
  mkdirSync(into, { recursive: true });
  const lines = await disk.open(join(into, LINES_FILE), 'create');
  const cursor = await disk.open(join(into, CURSOR_FILE), 'create');
  let length = 0;
  let batch: string[] = [];
  let last = 0;
  let durable = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let waiting: (() => void)[] = [];

  const isBehind = (): boolean => last > durable;

  const flush = async (): Promise<void> => {
    const data = Buffer.from(batch.join(''));
    const seq = last;
    batch = [];
    for (const go of waiting) go();
    waiting = [];
    await disk.write(lines, data, length);
    await disk.datasync(lines);
    length += data.length;
    await disk.write(cursor, Buffer.from(`${seq}\n`), 0);
    await disk.datasync(cursor);
    durable = seq;
  };

  /** Flushes until nothing is due. What comes while it syncs waits for the next batch. */
  const start = (): void => {
    clearTimeout(timer);
    timer = undefined;
    flushing ??= flush().then(() => {
      flushing = undefined;
      if (batch.length >= COMMIT_LINES) start();
      else if (isBehind()) timer ??= setTimeout(start, COMMIT_AFTER_MS);
    });
  };

  return {
    take(seq, made) {
      last = seq;
      for (const line of made) batch.push(line);
      if (batch.length >= COMMIT_LINES) start();
      else timer ??= setTimeout(start, COMMIT_AFTER_MS);
      return batch.length < FULL_LINES;
    },
    drained: () =>
      batch.length < FULL_LINES ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    async end() {
      while (isBehind()) {
        start();
        await flushing;
      }
    },
  };
}
