import { type FSWatcher, mkdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

/** The folder into which every service writes its pid at its start: how the bench sees starts, without asking a supervisor. */
export interface PidFiles {
  readonly folder: string;
  pidOf(name: string): number | undefined;
  all(): ReadonlySet<number>;
  /** Resolves with the monotonic time, ms, at which a service's file was first seen with another pid than this one. */
  successor(name: string, of: number | undefined, deadlineMs: number): Promise<number>;
  close(): void;
}

interface Seen {
  readonly pid: number;
  readonly at: number;
}

export function watchPidFiles(folder: string): PidFiles {
  mkdirSync(folder, { recursive: true });
  const seen = new Map<string, Seen>();
  const waiting = new Set<() => void>();
  const look = (name: string): void => {
    const pid = readPid(join(folder, name));
    if (pid === undefined || seen.get(name)?.pid === pid) return;
    seen.set(name, { pid, at: performance.now() });
    for (const wake of waiting) wake();
  };
  // Through inotify: polling would take a core away from who is measured.
  const watcher: FSWatcher = watch(folder, (_event, name) => {
    if (name !== null) look(name);
  });
  return {
    folder,
    pidOf: (name) => seen.get(name)?.pid,
    all: () => new Set([...seen.values()].map(({ pid }) => pid)),
    successor: (name, of, deadlineMs) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = seen.get(name);
          if (found === undefined || found.pid === of) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(found.at);
        };
        const timer = setTimeout(() => {
          waiting.delete(check);
          reject(new Error(`${name} did not start within ${deadlineMs} ms`));
        }, deadlineMs);
        waiting.add(check);
        check();
      }),
    close: () => watcher.close(),
  };
}

/** Undefined while the file is not there, or not whole. */
function readPid(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'latin1');
    return text.endsWith('\n') ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
