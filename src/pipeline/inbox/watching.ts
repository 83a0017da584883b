import type { FSWatcher } from 'node:fs';
import { basename, join } from 'node:path';
import { errorCode } from '../../core/result.ts';
import type { Folders } from './folders.ts';
import { isUnfinished } from './names.ts';

/** What was told of a path, relative to the root; the empty one is the root itself. */
export interface Hint {
  readonly path: string;
  /** `name`: it was made, moved or removed. `content`: something else of it changed. */
  readonly kind: 'name' | 'content';
}

/** One watch for each folder: they only say where to look, and how a file came. What they miss is found by the next scan. */
export interface Watching {
  /** Sees to it that a folder is watched that has this inode. To be called before its names are read. */
  follow(folder: string, ino: string): void;
  isFollowed(folder: string): boolean;
  /** How often anything was told. */
  readonly told: number;
  /** A scan begins: folders that are not followed until its end are not watched any more. */
  begin(): void;
  end(): void;
  /**
   * How a file came to its name, as far as was told. `renamed`: by a rename, or a link, and nothing was done to it since; `moved`: from
   * another name here, under which it was written, too.
   */
  arrival(path: string): 'renamed' | 'moved' | undefined;
  close(): void;
}

export interface WatchingOptions {
  readonly root: string;
  readonly folders: Pick<Folders, 'watch'>;
  readonly tell: (hint: Hint) => void;
  /** Why a folder cannot be watched: a whole sentence. */
  readonly trouble: (message: string) => void;
}

interface Watched {
  readonly ino: string;
  readonly watcher: Pick<FSWatcher, 'close' | 'on'>;
}

export function createWatching({ root, folders, tell, trouble }: WatchingOptions): Watching {
  const watches = new Map<string, Watched>();
  const arrivals = createArrivals();
  let followed: Set<string> | undefined;
  /** The kernel has no more watches: until the next scan it is not asked for one in vain. */
  let isFull = false;

  const drop = (folder: string): void => {
    watches.get(folder)?.watcher.close();
    watches.delete(folder);
  };
  let told = 0;
  const heard = (folder: string, kind: string, name: string | null): void => {
    told++;
    if (name === null) return tell({ path: folder, kind: 'name' });
    const path = folder === '' ? name : `${folder}/${name}`;
    // So the kernel tells of the folder itself: it was moved or removed, and another one may be in its place.
    if (kind === 'rename' && name === basename(join(root, folder))) {
      drop(folder);
      tell({ path: folder, kind: 'name' });
    }
    arrivals.heard(path, kind);
    if (!isUnfinished(name)) tell({ path, kind: kind === 'rename' ? 'name' : 'content' });
  };
  const add = (folder: string, ino: string): void => {
    if (isFull) return;
    try {
      const watcher = folders.watch(join(root, folder), (kind, name) => heard(folder, kind, name));
      watcher.on('error', () => drop(folder));
      watches.set(folder, { ino, watcher });
    } catch (thrown) {
      const code = errorCode(thrown);
      if (code === undefined) throw thrown;
      if (code === 'ENOENT' || code === 'ENOTDIR') return;
      isFull = code === 'ENOSPC' || code === 'EMFILE';
      trouble(`cannot watch ${join(root, folder)}: ${whyNot(code)}`);
    }
  };

  return {
    follow(folder, ino) {
      followed?.add(folder);
      if (watches.get(folder)?.ino === ino) return;
      drop(folder);
      add(folder, ino);
    },
    isFollowed: (folder) => watches.has(folder),
    begin() {
      followed = new Set();
      isFull = false;
    },
    end() {
      for (const folder of watches.keys()) if (followed?.has(folder) === false) drop(folder);
      followed = undefined;
    },
    get told() {
      return told;
    },
    arrival: arrivals.of,
    close() {
      for (const folder of watches.keys()) drop(folder);
    },
  };
}

function whyNot(code: string): string {
  if (code === 'ENOSPC') return 'all watches that fs.inotify.max_user_watches allows are in use';
  if (code === 'EMFILE') return 'fs.inotify.max_user_instances, or the limit of open files, is reached';
  return code;
}

/** Names of which is remembered what was told. */
const MOST_NAMES = 20_000;

interface Told {
  /** Something was done to it since it got its name. */
  isChanged: boolean;
  readonly isMoved: boolean;
}

/**
 * Tells a rename from a file that is written in place. Node says `rename` for both, and `change` for whatever is done to a file later:
 * so a file with nothing but a `rename` either came whole, or was made and has not been written to. Its times tell which (see
 * `cameWhole`), or that a name under which something was written went directly before: the two halves of one rename.
 */
function createArrivals() {
  const told = new Map<string, Told>();
  /** The last thing that was told, where it was a name that may have gone: which, and whether it had been written to. */
  let last: { readonly path: string; readonly wasWritten: boolean } | undefined;
  return {
    heard(path: string, kind: string): void {
      const known = told.get(path);
      if (kind !== 'rename') {
        last = undefined;
        if (known === undefined) keep(path, { isChanged: true, isMoved: false });
        else known.isChanged = true;
        return;
      }
      const isMoved = last !== undefined && last.path !== path && last.wasWritten;
      last = { path, wasWritten: known?.isChanged === true };
      told.delete(path);
      keep(path, { isChanged: false, isMoved });
    },
    of(path: string): 'renamed' | 'moved' | undefined {
      const known = told.get(path);
      if (known === undefined || known.isChanged) return undefined;
      return known.isMoved ? 'moved' : 'renamed';
    },
  };

  function keep(path: string, what: Told): void {
    told.set(path, what);
    if (told.size <= MOST_NAMES) return;
    const [oldest] = told.keys();
    if (oldest !== undefined) told.delete(oldest);
  }
}

/**
 * Whether a file came to its name whole. Whoever writes to a file sets both of its times to the same moment, so one whose inode changed
 * later than its content was renamed (or given another mode or mtime, which is told as a change). A rename within the same tick of the
 * kernel's clock does not show so: then the other half of it has to.
 */
export function cameWhole(
  arrival: 'renamed' | 'moved' | undefined,
  { size, mtimeNs, ctimeNs }: { readonly size: number; readonly mtimeNs: string; readonly ctimeNs: string },
): boolean {
  if (arrival === undefined) return false;
  return BigInt(ctimeNs) > BigInt(mtimeNs) || (arrival === 'moved' && size > 0);
}
