/** What goes wrong with one connection. Every fault but `swallow` leaves the stream whole for a reader that asks again. */
export type JetstreamV2Fault =
  /** An HTTP answer instead of the upgrade. */
  | {
      readonly kind: 'http';
      readonly status: number;
      readonly error?: string;
      readonly message?: string;
      readonly retryAfterS?: number;
    }
  /** Its last word, an error message, after so many events; then it closes. */
  | { readonly kind: 'error'; readonly afterEvents: number; readonly error: string; readonly message: string }
  /** Closes as the protocol has it, after so many events. */
  | { readonly kind: 'close'; readonly afterEvents: number; readonly code: number; readonly reason?: string }
  /** Ends the TCP connection without a close frame, after so many events. */
  | { readonly kind: 'cut'; readonly afterEvents: number }
  /** Sends nothing any more after so many events, and answers nothing, but leaves the connection open. */
  | { readonly kind: 'half-open'; readonly afterEvents: number }
  /** After so many events the last ones, `events` of them, come again. */
  | { readonly kind: 'repeat'; readonly afterEvents: number; readonly events: number }
  /** The next event after so many is not sent: a true loss. */
  | { readonly kind: 'swallow'; readonly afterEvents: number }
  /** A message of these bytes after so many events. */
  | {
      readonly kind: 'raw';
      readonly afterEvents: number;
      readonly bytes: Uint8Array;
      readonly binary?: boolean;
    };

/** A fault that happens between two events. */
export type PassingFault = Exclude<JetstreamV2Fault, { readonly kind: 'http' }>;

export function isPassing(fault: JetstreamV2Fault): fault is PassingFault {
  return fault.kind !== 'http';
}
