import { basename } from 'node:path';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readStat, type ProcessIdentity } from '../../core/process-table.ts';
import type { FileLook, Identity } from './identity.ts';

/** A process that has a file open for writing. */
export interface Holder extends ProcessIdentity {
  readonly name: string;
  /** Each of its writes goes to the end (O_APPEND). */
  readonly appends: boolean;
  /** Where its next write goes otherwise, bytes. */
  readonly position: number;
}

/** O_WRONLY | O_RDWR and O_APPEND, of what fdinfo prints in octal (proc(5)). */
const WRITING = 0o3;
const APPEND = 0o2000;

/** Who has each of these files open for writing, by `fileKey`; found by the file itself, whatever its name is by now. */
export type Holders = (files: readonly Identity[]) => ReadonlyMap<string, readonly Holder[]>;

export function fileKey({ dev, ino }: Pick<Identity, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}

/** Looks at every open file of the machine, as far as /proc lets us see. In one go: see writers.ts. */
export const findHolders: Holders = (files) => {
  const found = new Map<string, Holder[]>(files.map((file) => [fileKey(file), []]));
  for (const entry of orElse([], () => readdirSync('/proc'))) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    for (const fd of orElse([], () => readdirSync(`/proc/${pid}/fd`))) {
      const path = `/proc/${pid}/fd/${fd}`;
      // Sockets, pipes and what the kernel makes up have no path.
      if (!orElse('', () => readlinkSync(path)).startsWith('/')) continue;
      const stat = orElse(undefined, () => statSync(path, { bigint: true }));
      const holders = stat === undefined ? undefined : found.get(fileKey(stat));
      const holder = holders === undefined ? undefined : holderOf(pid, fd);
      if (holder !== undefined) holders?.push(holder);
    }
  }
  return found;
};

function holderOf(pid: number, fd: string): Holder | undefined {
  const info = orElse('', () => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'));
  const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
  const stat = readStat(pid);
  if ((flags & WRITING) === 0 || stat === undefined) return undefined;
  const position = Number(/^pos:\s*(\d+)/m.exec(info)?.[1] ?? 0);
  return {
    pid,
    startTicks: stat.startTicks,
    name: processName(pid),
    appends: (flags & APPEND) !== 0,
    position,
  };
}

/** What people know a process by: its program, or what it calls itself (`nginx: master process …`). */
export function processName(pid: number): string {
  const [first = ''] = orElse('', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const [word = ''] = basename(first.split(' ')[0] ?? '').split(':');
  return word === '' ? orElse('', () => readFileSync(`/proc/${pid}/comm`, 'utf8')).trim() : word;
}

/**
 * Why others than those that are seen may have a file open for writing; undefined where all are seen. Root sees all; anybody else their
 * own processes, which is enough where nobody else may write to the file.
 */
export function hiddenWriters(
  { uid, mode }: Pick<FileLook, 'uid' | 'mode'>,
  self = process.geteuid?.() ?? 0,
): string | undefined {
  if (self === 0) return undefined;
  const isPrivate = uid === self && (mode & 0o022) === 0;
  return isPrivate
    ? undefined
    : 'other users may write to it, whose open files only root can see: run this as root';
}

/** What is not ours to read, or is over, has nothing. */
function orElse<T>(nothing: T, read: () => T): T {
  try {
    return read();
  } catch {
    return nothing;
  }
}
