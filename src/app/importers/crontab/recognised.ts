import type { Keys } from '../draft.ts';

/** A job of a verb that does what a command did, and what is to be said of it. */
export interface VerbDraft {
  readonly verb: string;
  readonly keys: Keys;
  /** What a job of it may be called. */
  readonly name: string;
  readonly notes: readonly string[];
}

export interface Recognised {
  readonly verb?: VerbDraft;
  /** What a person could do with it instead; the command stays as it is. */
  readonly notes: readonly string[];
}
