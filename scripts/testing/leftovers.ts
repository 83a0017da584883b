import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** A process's file in /proc; empty when the process has gone meanwhile, or belongs to somebody else. */
function readProc(pid: number, name: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** The processes, other than this one, whose environment carries `mark`. */
function findMarked(mark: string): Leftover[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && readProc(pid, 'environ').includes(mark))
    .map((pid) => ({ pid, command: readProc(pid, 'cmdline').replaceAll('\0', ' ').trim().slice(0, 120) }));
}

/**
 * Kills what a suite left behind, wherever it hides: groups and sessions of its own included.
 * @param graceMs how long a process that is just ending may take before it counts.
 */
export async function sweepLeftovers(mark: string, graceMs: number): Promise<readonly Leftover[]> {
  const deadline = performance.now() + graceMs;
  let found = findMarked(mark);
  while (found.length > 0 && performance.now() < deadline) {
    await sleep(50);
    found = findMarked(mark);
  }
  for (const { pid } of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  return found;
}
