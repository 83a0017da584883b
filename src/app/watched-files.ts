import * as fs from 'node:fs';
import * as path from 'node:path';

/** The files that globs name, and the folders that they are looked for in. */
export interface FoundFiles {
  /** Absolute paths, each with what changes when the file does. */
  readonly files: ReadonlyMap<string, string>;
  readonly folders: ReadonlySet<string>;
  /** There were more than are looked at. */
  readonly tooMany: boolean;
}

/** So many folders and files are looked at; a service's sources are fewer. */
export const MOST_FOLDERS = 1000;
export const MOST_FILES = 10_000;

interface Pattern {
  /** What of it has no magic, absolute. */
  readonly base: string;
  /** The rest, relative to `base`; empty where the glob is a plain path. */
  readonly rest: string;
  /** How many folders down its files can be; -1 for the base itself. */
  readonly depth: number;
  readonly hidden: boolean;
  readonly modules: boolean;
}

const MAGIC = /[*?[\]{}()!+@]/;
const MODULES = 'node_modules';

export function parsePatterns(globs: readonly string[], cwd: string): readonly Pattern[] {
  return globs.map((glob) => {
    const segments = glob.split('/').filter((segment, index) => segment !== '' || index === 0);
    const magic = segments.findIndex((segment) => MAGIC.test(segment));
    const plain = magic === -1 ? segments : segments.slice(0, magic);
    const rest = magic === -1 ? [] : segments.slice(magic);
    return {
      base: path.resolve(cwd, plain.join('/') || (glob.startsWith('/') ? '/' : '.')),
      rest: rest.join('/'),
      depth: rest.includes('**') ? Infinity : rest.length - 1,
      hidden: rest.some((segment) => segment.startsWith('.')),
      modules: rest.includes(MODULES),
    };
  });
}

/** Looks for the files once. Links to folders are not followed; what cannot be read is not there. */
export async function findFiles(patterns: readonly Pattern[]): Promise<FoundFiles> {
  const found: Found = { files: new Map(), folders: new Set(), tooMany: false };
  for (const pattern of patterns) await walkPattern(pattern, found);
  return found;
}

interface Found {
  readonly files: Map<string, string>;
  readonly folders: Set<string>;
  tooMany: boolean;
}

async function walkPattern(pattern: Pattern, found: Found): Promise<void> {
  if (pattern.rest !== '') return walk(pattern, pattern.base, 0, found);
  const stats = await fs.promises.stat(pattern.base).catch(() => undefined);
  // A folder by its name is all that is below it.
  if (stats?.isDirectory() === true)
    return walk({ ...pattern, rest: '**', depth: Infinity }, pattern.base, 0, found);
  enter(path.dirname(pattern.base), found);
  await addFile(pattern.base, found);
}

function enter(folder: string, found: Found): boolean {
  if (found.folders.size >= MOST_FOLDERS && !found.folders.has(folder)) found.tooMany = true;
  else found.folders.add(folder);
  return found.folders.has(folder);
}

async function walk(pattern: Pattern, folder: string, depth: number, found: Found): Promise<void> {
  const entries = await fs.promises.readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined || !enter(folder, found)) return;
  for (const entry of entries) {
    const whole = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < pattern.depth && !isIgnored(entry.name, pattern))
        await walk(pattern, whole, depth + 1, found);
    } else if (path.matchesGlob(path.relative(pattern.base, whole), pattern.rest)) {
      await addFile(whole, found);
    }
  }
}

function isIgnored(name: string, { hidden, modules }: Pattern): boolean {
  return (name.startsWith('.') && !hidden) || (name === MODULES && !modules);
}

async function addFile(file: string, found: Found): Promise<void> {
  if (found.files.size >= MOST_FILES && !found.files.has(file)) {
    found.tooMany = true;
    return;
  }
  const stats = await fs.promises.stat(file).catch(() => undefined);
  if (stats?.isFile() === true) found.files.set(file, `${stats.ino} ${stats.mtimeMs} ${stats.size}`);
}

/** The files that differ, in order of their names: changed, new or gone. */
export function differingFiles(before: FoundFiles, after: FoundFiles): readonly string[] {
  const all = new Set([...before.files.keys(), ...after.files.keys()]);
  return [...all].filter((file) => before.files.get(file) !== after.files.get(file)).sort();
}
