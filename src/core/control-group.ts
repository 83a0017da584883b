import * as fs from 'node:fs';
import * as path from 'node:path';
import { type ProcessIdentity, readStat } from './process-table.ts';

/** Where the hierarchy that systemd keeps its units in may be mounted: version 2 alone, both versions, version 1. */
const ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'] as const;
/** Units may make groups of their own in theirs, and those again. */
const DEEPEST = 16;

/**
 * The processes in a control group and in all below it, cgroups(7).
 * @param group from the root of the hierarchy, as systemd says it: `/system.slice/postgresql.service`.
 * @returns undefined where there is no such group.
 */
export function groupMembers(group: string): readonly ProcessIdentity[] | undefined {
  const folder = ROOTS.map((root) => path.join(root, group)).find((each) =>
    fs.existsSync(path.join(each, 'cgroup.procs')),
  );
  if (folder === undefined) return undefined;
  return pidsIn(folder, DEEPEST).flatMap((pid) => {
    const stat = readStat(pid);
    return stat === undefined ? [] : [{ pid, startTicks: stat.startTicks }];
  });
}

/** Where its memory is counted: version 2, version 1. */
const MEMORY = [
  ['/sys/fs/cgroup', 'memory.current'],
  ['/sys/fs/cgroup/memory', 'memory.usage_in_bytes'],
] as const;

/** Bytes of memory that the kernel counts for a control group: what a limit of it is about. Undefined where that cannot be seen. */
export function groupMemory(group: string): number | undefined {
  for (const [root, file] of MEMORY) {
    try {
      const bytes = Number(fs.readFileSync(path.join(root, group, file), 'utf8'));
      if (Number.isSafeInteger(bytes)) return bytes;
    } catch {
      // Not this version, or the group is gone by now.
    }
  }
  return undefined;
}

/** A group may be gone by now, or not be ours to read. */
function pidsIn(folder: string, depth: number): number[] {
  if (depth === 0) return [];
  try {
    const own = fs.readFileSync(path.join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    const below = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own.map(Number), ...below.flatMap(({ name }) => pidsIn(path.join(folder, name), depth - 1))];
  } catch {
    return [];
  }
}
