import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Clock } from '../../core/clock.ts';

/** For how long what /proc said is still believed, milliseconds: a look goes through every open file of the machine. */
const BELIEVED_MS = 1_000;

/** O_WRONLY | O_RDWR, of what fdinfo prints in octal (proc(5)). */
const WRITING = 0o3;

/** Which files below a folder are open for writing in some process, as far as /proc lets us see: of other users only root may. */
export interface Writers {
  /** @param path absolute. */
  has(path: string): boolean;
}

export function createWriters(root: string, clock: Pick<Clock, 'monotonic'>): Writers {
  let seen: ReadonlySet<string> | undefined;
  let at = 0;
  return {
    has(path) {
      if (seen === undefined || clock.monotonic() - at > BELIEVED_MS) {
        seen = openForWriting(`${root}/`);
        at = clock.monotonic();
      }
      return seen.has(path);
    },
  };
}

/** In one go: the thousands of small calls cost ten times as much when each is waited for. */
function openForWriting(prefix: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const pid of orElse([], () => readdirSync('/proc'))) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of orElse([], () => readdirSync(`/proc/${pid}/fd`))) {
      const path = orElse('', () => readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (!path.startsWith(prefix)) continue;
      const info = orElse('', () => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'));
      const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
      if ((flags & WRITING) !== 0) found.add(path);
    }
  }
  return found;
}

/** What is not ours to read, or is over, has nothing. */
function orElse<T>(nothing: T, read: () => T): T {
  try {
    return read();
  } catch {
    return nothing;
  }
}
