import { readdirSync, readFileSync } from 'node:fs';

/** What some processes cost together. */
export interface Footprint {
  readonly processes: number;
  /** Bytes. */
  readonly rss: number;
  /** Bytes, of smaps_rollup: shared pages by halves, thirds, … */
  readonly pss: number;
}

export function footprintOf(pids: readonly number[]): Footprint {
  const rollups = pids.map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
  const sum = (name: string): number =>
    rollups.reduce(
      (total, text) => total + Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]),
      0,
    );
  return { processes: pids.length, rss: sum('Rss') * 1024, pss: sum('Pss') * 1024 };
}

/** Time on a CPU of all threads, ms (schedstat counts nanoseconds, where `stat` counts hundredths of a second). */
export function cpuMs(pids: readonly number[]): number {
  let total = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      try {
        total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
      } catch {
        // A thread that ended in between.
      }
    }
  }
  return total;
}

/** How long the main thread of a process has waited for a core while it could have gone on, ms. */
export function waitedMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
}
