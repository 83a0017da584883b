import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../core/clock.ts';
import type { StepPlan } from '../plan.ts';

/** Which programs steps are run with: what makes products what they are, beside the config. */
export interface Tools {
  /** The content of the program, of the scripts among its words and of what the step `uses`, as 16 hexadecimal digits. */
  of(step: Pick<StepPlan, 'run' | 'uses' | 'env'>): Promise<string>;
}

/** Of larger programs (a runtime, say) size and time stand for the content. */
const MOST_BYTES = 16_777_216;

/** So long a program is looked for where it was found last, and not along the whole path, milliseconds. */
const FOUND_MS = 5000;

interface Known {
  readonly look: string;
  readonly hash: string;
}

/** Contents are read once, and again when size, time or inode of a file are others. Never rejects: what cannot be read is `-`. */
export function createTools(
  cwd: string,
  env: Readonly<Record<string, string>>,
  clock: Pick<Clock, 'monotonic'>,
): Tools {
  const known = new Map<string, Known>();
  const places = new Map<string, readonly string[]>();
  const found = new Map<readonly string[], { readonly path: string; readonly until: number }>();

  const hashAt = async (path: string): Promise<string | undefined> => {
    const seen = await stat(path, { bigint: true }).catch(() => undefined);
    if (seen === undefined || !seen.isFile()) return undefined;
    const look = `${seen.dev} ${seen.ino} ${seen.size} ${seen.mtimeNs} ${seen.ctimeNs}`;
    const before = known.get(path);
    if (before?.look === look) return before.hash;
    const hash = seen.size > MOST_BYTES ? `${seen.size} ${seen.mtimeNs}` : await contentOf(path);
    known.set(path, { look, hash });
    return hash;
  };

  const firstOf = async (paths: readonly string[]): Promise<string> => {
    const last = found.get(paths);
    const there = last !== undefined && clock.monotonic() < last.until ? await hashAt(last.path) : undefined;
    if (there !== undefined) return there;
    for (const path of paths) {
      const hash = await hashAt(path);
      if (hash === undefined) continue;
      if (paths.length > 1) found.set(paths, { path, until: clock.monotonic() + FOUND_MS });
      return hash;
    }
    return '-';
  };

  return {
    async of({ run, uses, env: own }) {
      const path = own['PATH'] ?? env['PATH'] ?? '';
      const hashes: string[] = [];
      for (const [index, word] of run.entries()) {
        if (word.includes('{') || word.includes('\n') || word === '') continue;
        const key = `${index === 0} ${path} ${word}`;
        const where = places.get(key) ?? placesOf(word, index === 0, path, cwd);
        places.set(key, where);
        hashes.push(await firstOf(where));
      }
      for (const file of uses) hashes.push(await firstOf([isAbsolute(file) ? file : join(cwd, file)]));
      return createHash('sha256').update(hashes.join(' ')).digest('hex').slice(0, 16);
    },
  };
}

/** Where the file of a word may lie: a program on the path, a script where the step runs. */
function placesOf(word: string, isProgram: boolean, path: string, cwd: string): readonly string[] {
  if (isAbsolute(word)) return [word];
  if (!isProgram || word.includes('/')) return [join(cwd, word)];
  return path.split(delimiter).map((folder) => join(folder === '' ? cwd : folder, word));
}

async function contentOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch {
    return '-';
  }
}
