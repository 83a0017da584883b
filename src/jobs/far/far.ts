import type { Result } from '../../core/result.ts';

/** Where what is not whole yet lies: in each folder for rsync, in the root for what is fetched. */
export const STAGING = '.vahti-partial';

/** Why the far side did not do what it was asked. */
export interface FarTrouble {
  readonly reason: string;
  /** It may be over by itself: the network, a timeout, a far side that restarts. Else a person is needed. */
  readonly passing: boolean;
}

/** What became of a transfer. Whatever it says, only what is read back afterwards counts. */
export interface Carried {
  /** Ends the run: what comes next would fail as well. */
  readonly trouble?: FarTrouble;
  /** What the program complained of: of this file, or at all. */
  complaint(path: string): string | undefined;
}

/** A file that lies at the far side. */
export interface FarFile {
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
}

export interface Load {
  /** Relative to the roots. */
  readonly paths: readonly string[];
  /** Of the largest of them: by that the patience is measured. */
  readonly largest: number;
}

/**
 * The place that files are carried to, or fetched from. Paths are relative to its root, and may hold anything but a NUL.
 * Nothing here rejects but with the reason of the signal, or for a bug.
 */
export interface Far {
  /** Where, for the ledger and for people; without secrets. */
  readonly target: string;
  /** Why no file of this name can be carried; undefined where it can. */
  nameProblem(path: string): string | undefined;
  send(root: string, load: Load): Promise<Carried>;
  fetch(root: string, load: Load): Promise<Carried>;
  /**
   * Reads files back; `durably`: what was sent is on the far disk before that. The SHA-256 of each by its path; what is not there, or
   * cannot be read, is not among them.
   */
  checksums(load: Load, durably: boolean): Promise<Result<ReadonlyMap<string, string>, FarTrouble>>;
  /** All regular files, without Vahti's own. */
  list(): Promise<Result<readonly FarFile[], FarTrouble>>;
  /** Deletes files; one that is not there is deleted. */
  remove(paths: readonly string[]): Promise<FarTrouble | undefined>;
}
