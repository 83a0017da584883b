import * as fs from 'node:fs';
import type { Clock, Timer } from '../core/clock.ts';
import {
  differingFiles,
  findFiles,
  type FoundFiles,
  MOST_FILES,
  MOST_FOLDERS,
  parsePatterns,
} from './watched-files.ts';

/** Tells of files that changed. */
export interface FileWatch {
  /** Resolves when nothing of it is open. */
  close(): Promise<void>;
}

export interface FileWatchOptions {
  /** Relative to `cwd`. */
  readonly globs: readonly string[];
  readonly cwd: string;
  readonly clock: Clock;
  /** Absolute paths; what changes within 300 ms of the last change comes together, within 3 s at most. */
  readonly onChange: (files: readonly string[]) => void;
  /** Said once: they are not all watched, or not all at once. */
  readonly onTrouble: (message: string) => void;
}

const SETTLE_MS = 300;
const LONGEST_SETTLE_MS = 3000;
/** What the kernel does not tell (network file systems, too many watches) is found by looking. */
const LOOK_MS = 10_000;

/** Watches folders (inotify) for a hint, and looks at the files themselves for the truth. */
export function watchFiles(options: FileWatchOptions): FileWatch {
  const { clock, onChange, onTrouble } = options;
  const patterns = parsePatterns(options.globs, options.cwd);
  const hints = createHints(() => poke(), onTrouble);
  let known: FoundFiles | undefined;
  let timer: Timer | undefined;
  /** When the first of the changes was seen that are waited for; monotonic. */
  let pokedAt: number | undefined;
  let looking: Promise<void> | undefined;
  let closed = false;
  let crowded = false;

  const arm = (): void => {
    if (closed) return;
    timer?.cancel();
    const waited = pokedAt === undefined ? 0 : clock.monotonic() - pokedAt;
    const delay =
      pokedAt === undefined ? LOOK_MS : Math.max(0, Math.min(SETTLE_MS, LONGEST_SETTLE_MS - waited));
    timer = clock.timer(delay, begin);
  };
  const poke = (): void => {
    pokedAt ??= clock.monotonic();
    if (looking === undefined) arm();
  };
  const begin = (): void => {
    const settled = pokedAt !== undefined;
    pokedAt = undefined;
    looking = look(settled).finally(() => {
      looking = undefined;
      arm();
    });
  };
  const look = async (settled: boolean): Promise<void> => {
    const found = await findFiles(patterns);
    if (closed) return;
    hints.follow(found.folders);
    if (found.tooMany && !crowded) {
      crowded = true;
      onTrouble(`cannot watch all of its files: more than ${MOST_FOLDERS} folders or ${MOST_FILES} files`);
    }
    const changed = known === undefined ? [] : differingFiles(known, found);
    if (changed.length > 0 && !settled) return poke();
    known = found;
    if (changed.length > 0) onChange(changed);
  };

  begin();
  return {
    async close() {
      closed = true;
      timer?.cancel();
      hints.follow(new Set());
      await looking;
    },
  };
}

/** One watch for each folder. A kernel that has no more of them is told of once; the looks go on. */
function createHints(poke: () => void, onTrouble: (message: string) => void) {
  const watches = new Map<string, fs.FSWatcher>();
  let told = false;
  const drop = (folder: string): void => {
    watches.get(folder)?.close();
    watches.delete(folder);
  };
  const add = (folder: string): void => {
    try {
      const watch = fs.watch(folder, { persistent: false }, poke);
      watch.on('error', () => drop(folder));
      watches.set(folder, watch);
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
      if (code === 'ENOENT' || told) return;
      told = true;
      const why = code === 'ENOSPC' ? 'fs.inotify.max_user_watches is used up' : code;
      onTrouble(`cannot watch ${folder} (${why}): changes are found within ${LOOK_MS / 1000} s`);
    }
  };
  return {
    follow(folders: ReadonlySet<string>): void {
      const gone = Array.from(watches.keys()).filter((folder) => !folders.has(folder));
      for (const folder of gone) drop(folder);
      for (const folder of folders) if (!watches.has(folder)) add(folder);
    },
  };
}
