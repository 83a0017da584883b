import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import type { Layout } from './layout.ts';

/** The longest that a reader is blind where the kernel does not tell of changes (a network file system). */
const POLL_MS = 1_000;

/** Wakes a reader when something may have been committed. Watching is a hint, looking again after POLL_MS is the truth. */
export interface Changes {
  /** Resolves true when it is worth looking again, false when the signal has aborted. */
  next(): Promise<boolean>;
  close(): void;
}

export function watchChanges(layout: Layout, clock: Clock, signal: AbortSignal): Changes {
  let changed = false;
  let wake = new AbortController();
  let watcher: FSWatcher | undefined;
  const hint = (): void => {
    changed = true;
    wake.abort();
  };
  const attach = (): void => {
    try {
      watcher ??= watch(layout.own, { persistent: false }, hint).on('error', () => {
        watcher?.close();
        watcher = undefined;
      });
    } catch {
      // The folder is not there yet, or the system has no watch left: the clock alone will do.
    }
  };
  attach();
  return {
    async next() {
      if (!changed) {
        wake = new AbortController();
        await clock.sleep(POLL_MS, AbortSignal.any([signal, wake.signal]));
      }
      changed = false;
      attach();
      return !signal.aborted;
    },
    close: () => watcher?.close(),
  };
}
