/** What goes wrong with one connection. Every fault but `swallow` leaves the stream whole for a reader that asks again. */
export type JetstreamFault =
  /** An HTTP answer instead of the upgrade. */
  | { readonly kind: 'http'; readonly status: number }
  /** Closes as the protocol has it, after so many events. */
  | { readonly kind: 'close'; readonly afterEvents: number; readonly code: number; readonly reason?: string }
  /** Ends the TCP connection without a close frame, after so many events. */
  | { readonly kind: 'cut'; readonly afterEvents: number }
  /** Sends nothing any more after so many events, and answers nothing, but leaves the connection open. */
  | { readonly kind: 'half-open'; readonly afterEvents: number }
  /** After so many events the last ones, `events` of them, come again. */
  | { readonly kind: 'duplicate'; readonly afterEvents: number; readonly events: number }
  /** The next event after so many is not sent: a true loss. */
  | { readonly kind: 'swallow'; readonly afterEvents: number }
  /** A message of these bytes after so many events. */
  | {
      readonly kind: 'raw';
      readonly afterEvents: number;
      readonly bytes: Uint8Array;
      readonly binary?: boolean;
    }
  /** Goes live whatever the cursor says. */
  | { readonly kind: 'ignore-cursor' };

/** A fault that happens between two events. */
export type PassingFault = Extract<JetstreamFault, { readonly afterEvents: number }>;

export function isPassing(fault: JetstreamFault): fault is PassingFault {
  return 'afterEvents' in fault;
}
