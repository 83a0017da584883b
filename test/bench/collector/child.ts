import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that is tied to one core, with what it used so far. */
export interface PinnedChild {
  readonly child: ChildProcess;
  /** CPU time of all its threads, in user and kernel mode, ms (the kernel counts it in hundredths of a second). */
  cpuMs(): number;
  /** The most memory it ever had, bytes. */
  peakRss(): number;
  /** What it said on stderr and stdout. */
  output(): string;
  /** Ends it: TERM, then KILL after a while. */
  end(): Promise<void>;
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

const TICK_MS = 10;
const PATIENCE_MS = 20_000;

/** Starts a program on one core. Its output goes to `log`, a file. `ipc`: with a channel for messages. */
export function startPinned(core: number, argv: readonly string[], log: string, ipc = false): PinnedChild {
  const fd = openSync(log, 'w');
  const child = spawn('taskset', ['-c', String(core), ...argv], {
    stdio: ['ignore', fd, fd, ...(ipc ? (['ipc'] as const) : [])],
  });
  closeSync(fd);
  children.add(child);
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  void gone.then(() => children.delete(child));
  const read = (name: string): string => readFileSync(`/proc/${child.pid ?? 0}/${name}`, 'utf8');
  return {
    child,
    cpuMs() {
      const fields = read('stat')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    peakRss: () => Number(/VmHWM:\s+(\d+)/.exec(read('status'))?.[1] ?? Number.NaN) * 1024,
    output: () => readFileSync(log, 'utf8'),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const patience = new AbortController();
      const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(
        () => child.kill('SIGKILL'),
        () => {},
      );
      await gone;
      patience.abort();
      await late;
    },
  };
}
