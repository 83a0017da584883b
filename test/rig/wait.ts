import { setTimeout as sleep } from 'node:timers/promises';

export interface Wait {
  /** Real milliseconds; default 10 s. */
  readonly deadlineMs?: number;
  /** What is waited for, for the message: `the child to exit`. */
  readonly what: string;
}

/**
 * Waits until `check` gives something else than undefined, null or false, and returns that. What `check` throws at the
 * deadline becomes the cause. Polls in real time: for what happens outside of this process.
 */
export async function until<T>(
  check: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  { deadlineMs = 10_000, what }: Wait,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (let pollMs = 1; ; pollMs = Math.min(pollMs * 2, 20)) {
    let cause: unknown;
    try {
      const value = await check();
      if (value !== undefined && value !== null && value !== false) return value;
    } catch (thrown) {
      cause = thrown;
    }
    if (performance.now() >= end) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`, { cause });
    await sleep(pollMs);
  }
}

/** The promise's value, or a clear failure at the deadline. */
export async function within<T>(promise: Promise<T>, { deadlineMs = 10_000, what }: Wait): Promise<T> {
  const patience = new AbortController();
  const late = sleep(deadlineMs, undefined, { signal: patience.signal }).then(
    () => Promise.reject(new Error(`waited ${deadlineMs} ms in vain for ${what}`)),
    () => undefined as never,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    patience.abort();
  }
}
