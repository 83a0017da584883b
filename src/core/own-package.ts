import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The nearest folder at or above `from` with Vahti's own package.json; `from` itself where there is none. */
export function packageFolder(from = import.meta.dirname): string {
  for (let folder = from; folder !== '/'; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && /"name":\s*"vahti"/.test(readFileSync(file, 'utf8'))) return folder;
  }
  return from;
}

/** The version of this very program. */
export function ownVersion(): string {
  const text = readFileSync(join(packageFolder(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** How this very program is started: the same Node, the same launcher. */
export function ownProgram(): readonly string[] {
  return [process.execPath, join(packageFolder(), 'bin/vahti.js')];
}

/**
 * The file of a thread, as this program itself runs: from source, or built, where a file does not lie where its source does.
 * @param source its path below `src/`, without its ending; `scripts/build-program.ts` has to name it too.
 */
export function threadFile(source: string): URL {
  const ending = extname(import.meta.filename);
  return pathToFileURL(join(packageFolder(), ending === '.ts' ? 'src' : 'dist', `${source}${ending}`));
}
