import { LeftAlone } from '../../files/trouble.ts';

/** One entry of an archive, as it is read; nothing of it is trusted before `safePath`. */
export interface Entry {
  /** As it stands in the archive. */
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** Milliseconds; undefined where the archive does not say. */
  readonly mtimeMs: number | undefined;
  readonly isExecutable: boolean;
  /** Its bytes; to be read before the next entry is asked for. Ends with an error where they are not what the archive says. */
  content(): AsyncIterable<Buffer>;
}

/** What linux/limits.h says of one name, and what a path may be with the folder in front of it. */
const MOST_NAME = 255;
const MOST_PATH = 3_000;

/**
 * A path below the folder that an archive is unpacked into; '' is that folder itself.
 * @throws LeftAlone for a name that leads out of it, or that nobody gives in good faith.
 */
export function safePath(name: string): string {
  const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  if (name === '' || name.includes('\0'))
    throw new LeftAlone(`it has an entry with an impossible name, ${shown}`);
  if (name.startsWith('/')) throw new LeftAlone(`its entry ${shown} is an absolute path`);
  if (name.includes('\\')) throw new LeftAlone(`its entry ${shown} has a backslash in it`);
  const words = name.split('/').filter((word) => word !== '' && word !== '.');
  if (words.includes('..')) throw new LeftAlone(`its entry ${shown} leads out of it`);
  if (words.some((word) => Buffer.byteLength(word) > MOST_NAME) || Buffer.byteLength(name) > MOST_PATH)
    throw new LeftAlone(`its entry ${shown} has a name that is too long`);
  return words.join('/');
}

/** UTF-8, or undefined. */
export function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function damaged(why: string): LeftAlone {
  return new LeftAlone(`it is damaged: ${why}`);
}
