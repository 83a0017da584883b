import type { RecordKind } from '../../core/record.ts';
import type { HubRow } from './row.ts';

/** What is asked of the hub. All that is given must hold. Times are microseconds. */
export interface HubFilter {
  /** Whose records may be seen; all where it is absent. */
  readonly agents?: readonly string[];
  /** When it happened: from `since` up to `until`. */
  readonly since?: number;
  readonly until?: number;
  readonly services?: readonly string[];
  readonly kinds?: readonly RecordKind[];
  readonly senders?: readonly string[];
  readonly hosts?: readonly string[];
  readonly lives?: readonly string[];
  readonly levelAtLeast?: number;
  readonly levelAtMost?: number;
  /** The message contains it; case matters not. */
  readonly text?: string;
  /** The message has these words whole; case matters not. Far faster than `text` where they are rare. */
  readonly words?: string;
  /** A regular expression, see core/pattern.ts. */
  readonly matches?: string;
  /** Fields by their path, `a.b`, and what they are, as text. */
  readonly fields?: readonly { readonly path: string; readonly value: string }[];
}

/** A place in the order newest first: rows that happened before it, and of the same moment those with a lower position. */
export interface Place {
  readonly time: number;
  readonly position: number;
}

export interface HubQuery extends HubFilter {
  /** 1 to 10,000. */
  readonly limit: number;
  /** Only what comes behind this place. */
  readonly behind?: Place;
}

/** An answer. */
export interface HubPage {
  /** Newest first. */
  readonly rows: readonly HubRow[];
  /** Where to go on; null where everything was seen. */
  readonly next: Place | null;
  /** Whether the budget was used up before the limit was: there may be more. */
  readonly cut: boolean;
  /** Records looked at, or left out without being looked at, and how many there are in the stretch of time. */
  readonly scanned: number;
  readonly of: number;
}

/** Whether `a` comes before `b` in the order newest first: negative where it does. */
export function newestFirst(a: Place, b: Place): number {
  return b.time - a.time || b.position - a.position;
}
