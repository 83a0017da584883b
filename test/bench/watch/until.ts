import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Waits for something to be there. Throws where it does not come in time. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false,
  limitMs = 60_000,
): Promise<T> {
  for (const end = performance.now() + limitMs; ; await sleep(POLL_MS)) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`);
  }
}
