import { realpathSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asError, err, errorCode, ok, type Result } from '../../core/result.ts';

/** Whether one of two folders is in the other, or they are one. Absolute paths. */
export function overlaps(a: string, b: string): boolean {
  const folder = (path: string): string => (path.endsWith('/') ? path : `${path}/`);
  return folder(a).startsWith(folder(b)) || folder(b).startsWith(folder(a));
}

/** The real path of a folder, or the path itself where there is none yet. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** What is wrong with two folders of a config that lie in each other; none is the good case. */
export function overlapProblems(folder: string, verb: string, root: string, to: string): readonly string[] {
  return overlaps(resolve(folder, root), resolve(folder, to))
    ? [`cannot ${verb} ${root} to ${to}: one lies in the other`]
    : [];
}

/** The real path of a folder that files are put into: it is never made, as a disk that is not mounted would then be filled elsewhere. */
export async function openTarget(to: string, root: string): Promise<Result<string, string>> {
  try {
    const path = await realpath(to);
    if (!(await stat(path)).isDirectory()) return err(`cannot use ${to}: it is not a folder`);
    if (overlaps(path, root)) return err(`cannot use ${to}: ${path} and ${root} lie in each other`);
    return ok(path);
  } catch (thrown) {
    if (errorCode(thrown) === undefined) throw thrown;
    if (errorCode(thrown) !== 'ENOENT') return err(`cannot use ${to}: ${asError(thrown).message}`);
    return err(
      `cannot use ${to}: there is no such folder; make it once (it is never made by itself, as a disk that is not mounted would then be filled elsewhere)`,
    );
  }
}
