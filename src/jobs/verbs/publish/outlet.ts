import type { Result } from '../../../core/result.ts';
import type { FarTrouble } from '../../far/far.ts';

/** A copy that is brought to the target under a name that nobody looks at. */
export interface Copy {
  /** What is copied; absolute. */
  readonly from: string;
  /** Below the target, beside its place. */
  readonly temp: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A copy that gets its name. */
export interface Naming {
  readonly temp: string;
  readonly place: string;
  /** An earlier content of the same file is replaced; else nothing ever is. */
  readonly over: boolean;
}

/** Why single ones were not done, by `temp`; the others were. */
export type Refused = ReadonlyMap<string, string>;

/** A place that files are published to. Paths are below it. Rejects with the reason of the signal, with RunEnds, or for a bug. */
export interface Outlet {
  /** For people and the history; without secrets. */
  readonly target: string;
  /** Files are copied straight from where they lie; else from private copies, which are on one filesystem. */
  readonly isHere: boolean;
  /** So many are brought there at a time. */
  readonly most: { readonly files: number; readonly bytes: number };
  /** The SHA-256 of the regular files that lie at these places. */
  look(places: readonly Place[]): Promise<Result<ReadonlyMap<string, string>, FarTrouble>>;
  /** Brings copies there, and reads them back: who is not refused lies there, durably, with these very bytes. */
  put(copies: readonly Copy[]): Promise<Result<Refused, FarTrouble>>;
  /** Gives copies their names; who is not refused has it, durably. */
  name(namings: readonly Naming[]): Promise<Result<Refused, FarTrouble>>;
  /** Removes copies that were not given a name; one that is not there is removed. */
  remove(temps: readonly string[]): Promise<FarTrouble | undefined>;
  /** Brings a file from there to an absolute path here, to be compared. */
  fetch(place: Place, into: string): Promise<FarTrouble | undefined>;
}

export interface Place {
  readonly path: string;
  readonly bytes: number;
}
