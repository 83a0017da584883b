import type { Plan } from '../plan.ts';

/** What is to be installed, and for whom. All paths are those of the installed machine. */
export interface InstallTarget {
  readonly plan: Plan;
  /** Who the daemon runs as, and all that names no user. */
  readonly user: string;
  /** Whose files are shared with: who is in it may speak to the daemon. */
  readonly group: string;
  /** Node and our own script. */
  readonly program: readonly string[];
  /** Of our own program. */
  readonly version: string;
  /** Home folders, as far as they are known. */
  readonly homes: ReadonlyMap<string, string>;
}

/** The user that is made where nobody says another one. */
export const OWN_USER = 'vahti';
/** Its group, and that of every installed daemon. */
export const OWN_GROUP = 'vahti';

export function isRoot(user: string): boolean {
  return user === 'root' || user === '0';
}

/** A folder that has to be there before a unit starts. */
export interface NeededFolder {
  readonly path: string;
  readonly mode: number;
  readonly user: string;
  /** Undefined: the user's own. */
  readonly group?: string;
  /** Who needs it, for messages: `firehose`. */
  readonly why: string;
}
