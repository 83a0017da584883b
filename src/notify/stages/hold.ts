import type { Silence } from '../../core/silence.ts';

/** Why somebody is not told of something now, or any more. */
export type ReasonName =
  /** Its watch tells when its ladder comes to `page`, and it did not yet. */
  | 'not-paged'
  /** A watch that could not look is told only when that lasts. */
  | 'unknown'
  /** Something that the service needs is in trouble itself, or just was. */
  | 'needs'
  | Silence['by']
  /** The channel hears only of what lasts longer. */
  | 'after'
  /** It waits for what else the same message can say. */
  | 'group'
  /** It was told; nothing more is to be said. */
  | 'told'
  /** It was over while something else of these held it. */
  | 'over';

/** A reason that holds something back. Serialisable as JSON. */
export interface Hold {
  readonly by: ReasonName;
  /** In words, without a full stop: `db is in trouble: alive is bad`. */
  readonly why: string;
  /** When to look again, wall milliseconds; null where nobody knows. */
  readonly until: number | null;
}
