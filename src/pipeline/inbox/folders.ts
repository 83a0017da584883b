import { type Dir, type Dirent, type FSWatcher, lstat, watch } from 'node:fs';
import { opendir, realpath } from 'node:fs/promises';

/** What an inbox asks of filesystems; a test puts one in its place that hangs, or does not tell of anything. Rejects with system errors. */
export interface Folders {
  /** What is in a folder, some at a time, in no order. */
  open(path: string): Promise<AsyncIterable<readonly FolderEntry[]>>;
  /** Of links themselves. */
  look(path: string): Promise<LookedAt>;
  realpath(path: string): Promise<string>;
  /** Throws a system error where it cannot be watched. */
  watch(path: string, tell: (kind: string, name: string | null) => void): Pick<FSWatcher, 'close' | 'on'>;
}

export interface FolderEntry {
  readonly name: string;
  isDirectory(): boolean;
  isFile(): boolean;
}

export interface LookedAt {
  readonly kind: 'file' | 'folder' | 'other';
  readonly ino: string;
  readonly size: number;
  /** Nanoseconds since 1970, decimal; `ctimeNs` is when anything of it last changed, its name too. */
  readonly mtimeNs: string;
  readonly ctimeNs: string;
}

/** Names that are read at once. */
const NAMES = 256;

export const realFolders: Folders = {
  open: async (path) => entriesOf(await opendir(path, { bufferSize: NAMES })),
  look: (path) =>
    new Promise((resolve, reject) => {
      lstat(path, { bigint: true }, (error, seen) => {
        if (error !== null) return reject(error);
        resolve({
          kind: seen.isFile() ? 'file' : seen.isDirectory() ? 'folder' : 'other',
          ino: String(seen.ino),
          size: Number(seen.size),
          mtimeNs: String(seen.mtimeNs),
          ctimeNs: String(seen.ctimeNs),
        });
      });
    }),
  realpath: (path) => realpath(path),
  watch: (path, tell) => watch(path, { persistent: false }, tell),
};

async function* entriesOf(folder: Dir): AsyncGenerator<readonly FolderEntry[], void> {
  try {
    for (let piece = await readPiece(folder); piece.length > 0; piece = await readPiece(folder)) yield piece;
  } finally {
    await folder.close();
  }
}

/** As many names as were read at once; a promise for each would take longer than to read them. */
function readPiece(folder: Dir): Promise<readonly FolderEntry[]> {
  return new Promise((resolve, reject) => {
    const piece: FolderEntry[] = [];
    const take = (error: Error | null, entry: Dirent | null): void => {
      if (error !== null) return reject(error);
      if (entry !== null) piece.push(entry);
      if (entry === null || piece.length === NAMES) resolve(piece);
      else folder.read(take);
    };
    folder.read(take);
  });
}

/** Thrown by what was given up while it hung. */
export class GivenUp extends Error {}

/**
 * Folders that say when they have answered, and that answer nobody once it is over: who waited for one that hangs is rejected as soon
 * as it does answer, and begins nothing new.
 */
export function heardFolders(folders: Folders, heard: () => void, isOver: () => boolean): Folders {
  const hear = <T>(asked: Promise<T>): Promise<T> =>
    asked.finally(() => {
      heard();
      if (isOver()) throw new GivenUp();
    });
  return {
    ...folders,
    open: async (path) => hearEach(await hear(folders.open(path)), hear),
    look: (path) => hear(folders.look(path)),
    realpath: (path) => hear(folders.realpath(path)),
  };
}

async function* hearEach<T>(
  all: AsyncIterable<T>,
  hear: <A>(asked: Promise<A>) => Promise<A>,
): AsyncGenerator<T, void> {
  const each = all[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await hear(each.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    await each.return?.();
  }
}
