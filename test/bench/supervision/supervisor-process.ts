import { readdirSync, readFileSync } from 'node:fs';

/** What supervising costs, over all processes of a supervisor but the services themselves. */
export interface Footprint {
  readonly processes: number;
  /** Bytes. */
  readonly rss: number;
  /** Bytes, of smaps_rollup: shared pages by halves, thirds, … */
  readonly pss: number;
}

/** The supervisor's process and those below it, without the services and what is below them. */
export function supervisingPids(root: number, services: ReadonlySet<number>): readonly number[] {
  const children = childrenByParent();
  const found: number[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    if (services.has(pid)) continue;
    found.push(pid);
    waiting.push(...(children.get(pid) ?? []));
  }
  return found;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    const parent = Number(statWords(pid)[1]);
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [pid]);
    else known.push(pid);
  }
  return children;
}

/** The words of /proc/PID/stat from the state on; none where the process is gone. */
function statWords(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
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
