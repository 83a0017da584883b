import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';

/** A path as a config in `folder` names it: relative where it lies below, absolute elsewhere. @param path absolute, or relative to `from`. */
export function configPath(path: string, from: string, folder: string): string {
  const whole = resolve(from, path);
  const below = relative(folder, whole);
  if (below === '') return '.';
  return below === '..' || below.startsWith('../') || isAbsolute(below) ? whole : below;
}

/** `~` and `~/x` as a home folder, as PM2 and supervisord read some of their paths. */
export function withoutTilde(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}
