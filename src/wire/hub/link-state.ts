import type { Credit, HubFrame, Welcome } from './frames.ts';

/**
 * One connection to a hub after another, and what was sent over them: a pure machine. Times are monotonic milliseconds.
 *
 * idle → dialing → greeting (authentication) → open → waiting → dialing …; `over` is final.
 */
export type Phase = 'idle' | 'dialing' | 'greeting' | 'open' | 'waiting' | 'over';

export interface LinkState {
  readonly phase: Phase;
  /** `waiting`: when to dial; `dialing`, `greeting`: when to give up. */
  readonly until: number;
  /** Connections in a row that were of no use. */
  readonly attempt: number;
  /** Up to this number everything is stored by the hub, as it acknowledged. */
  readonly acked: number;
  /** The last number that was sent over this connection. */
  readonly next: number;
  /** Behind this number records can be had again; Infinity where what was acknowledged is gone. */
  readonly base: number;
  /** The highest number that we ever gave, as far as we know: a hub that has more knows it from somebody else. */
  readonly known: number;
  /** Whom the hub took us for, the last time. */
  readonly name: string | undefined;
  /** Sent and not answered, in order. */
  readonly flight: readonly SentBatch[];
  /** A batch was refused: go on behind `to`, at `at`, as soon as nothing is in flight. */
  readonly rewind: { readonly to: number; readonly at: number } | undefined;
  /** Records of the next batch at most. */
  readonly most: number;
  /** Batches that were refused in a row. */
  readonly refusals: number;
  /** The record behind this number was refused for good, and something else is sent in its place. */
  readonly replaced: number | undefined;
  /** Whether the source was asked for records, or has none. */
  readonly reading: 'no' | 'asked' | 'empty';
  /** The source got something while it was asked. */
  readonly isWoken: boolean;
  /** What the source was asked for in an earlier turn is of no use any more. */
  readonly turn: number;
  readonly welcome: Welcome | undefined;
  /** When we last sent something. */
  readonly spokeAt: number;
  /** When we asked whether the hub is there, and heard nothing since. */
  readonly askedAt: number | undefined;
}

export interface SentBatch {
  /** The number of the last record before it. */
  readonly after: number;
  readonly last: number;
  readonly count: number;
  /** Numbers between `after` and `last` whose records are gone. */
  readonly missing: number;
  readonly bytes: number;
  readonly sentAt: number;
}

export type LinkEvent =
  | { readonly is: 'start' }
  | { readonly is: 'time' }
  | { readonly is: 'opened' }
  | { readonly is: 'frame'; readonly frame: HubFrame }
  | ({ readonly is: 'lost' } & Loss)
  | { readonly is: 'sent'; readonly batch: Omit<SentBatch, 'sentAt'>; readonly turn: number }
  | { readonly is: 'empty'; readonly turn: number }
  | { readonly is: 'wake' }
  | { readonly is: 'renumbered'; readonly acked: number; readonly base: number; readonly known: number }
  | { readonly is: 'end' };

export type LinkEventName = LinkEvent['is'];

/** Why a connection ended, as a clause, and how long the hub wants to be left alone. */
export interface Loss {
  readonly why: string;
  /** Milliseconds. */
  readonly retryMs?: number | undefined;
  /** The token is not taken. */
  readonly isDenied?: boolean;
}

export type LinkEffect =
  | { readonly do: 'dial' }
  /** From here on nothing of this connection is heard any more. */
  | { readonly do: 'hang-up' }
  | { readonly do: 'greet' }
  | { readonly do: 'ping' }
  /** Answer with `sent` in this very turn, or `empty`. */
  | { readonly do: 'read'; readonly after: number; readonly most: number; readonly turn: number }
  | { readonly do: 'opened'; readonly welcome: Welcome }
  | ({ readonly do: 'away'; readonly forMs: number } & Pick<Loss, 'why' | 'isDenied'>)
  | {
      readonly do: 'stored';
      readonly batch: SentBatch;
      readonly stored: number;
      readonly doubled: number;
    }
  | { readonly do: 'refused'; readonly message: string; readonly forMs: number }
  /** The one record behind `after` is refused whatever happens: send something else under its number. */
  | { readonly do: 'replace'; readonly after: number; readonly message: string }
  /** The hub has numbers that we did not give: begin a new series. Answer with `renumbered`. */
  | { readonly do: 'renumber'; readonly last: number }
  /** The hub has lost what it had acknowledged: it is sent again. */
  | { readonly do: 'rewound'; readonly from: number; readonly to: number };

export const MOST_RECORDS = 500;
/** As much is on the way at a time, whatever more the hub would take. */
export const WINDOW: Credit = { batches: 8, bytes: 4 * 1024 * 1024 };

export function startingState(from: Pick<LinkState, 'acked' | 'base' | 'known' | 'name'>): LinkState {
  return {
    ...from,
    phase: 'idle',
    until: 0,
    attempt: 0,
    next: from.acked,
    flight: [],
    rewind: undefined,
    most: MOST_RECORDS,
    refusals: 0,
    replaced: undefined,
    reading: 'no',
    isWoken: false,
    turn: 0,
    welcome: undefined,
    spokeAt: 0,
    askedAt: undefined,
  };
}
