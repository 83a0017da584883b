import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';

/** What the logs of runs may take; each has 1.1 MiB at most. */
const LOG_BUDGET = { bytes: 268_435_456, files: 50_000 } as const;

const EVERY_MS = 3_600_000;

/**
 * Removes the oldest logs of runs until the rest is within its budget, and those that are older than a moment; answers with how many.
 * @param before wall milliseconds.
 */
export async function trimLogs(
  folder: string,
  before: number,
  budget: { readonly bytes: number; readonly files: number } = LOG_BUDGET,
): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const logs: { readonly path: string; readonly size: number; readonly at: number }[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const seen = await stat(path).catch(() => undefined);
    if (seen?.isFile() === true) logs.push({ path, size: seen.size, at: seen.mtimeMs });
  }
  logs.sort((a, b) => b.at - a.at);
  let bytes = 0;
  let removed = 0;
  for (const [index, { path, size, at }] of logs.entries()) {
    bytes += size;
    if (bytes <= budget.bytes && index < budget.files && at >= before) continue;
    await unlink(path).catch(() => {});
    removed++;
  }
  return removed;
}

/** Keeps the logs of runs within their budget, and no longer than `keepMs`, until `drain`. */
export async function keepLogs(
  folder: string,
  keepMs: number,
  clock: Clock,
  drain: AbortSignal,
): Promise<void> {
  do await trimLogs(folder, clock.now() - keepMs);
  while (await clock.sleep(EVERY_MS, drain));
}
