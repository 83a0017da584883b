import type { Scope } from './scope.ts';

/** One event of a stream, decoded as far as collecting needs it. */
export interface StreamEvent {
  /** The stream's own number; 0 where the message carries none. */
  readonly seq: number;
  /** The stream's time for it: milliseconds since 1970 UTC; NaN where it has none or it cannot be read. */
  readonly time: number;
  /** What it is, for counting: `commit`, `identity`, … */
  readonly kind: string;
  /**
   * Its lines, each a JSON object with a newline, `received` being spliced in by the caller as
   * `head + received + tail`. None where the event has nothing to keep.
   */
  readonly lines: readonly EventLine[];
  /**
   * Where the source stands behind this event, where a number alone cannot say it: a name (of a partition, say; '' where there is
   * only one) and the source's own text. Committed with the event; see `StreamSink.marks`.
   */
  readonly mark?: readonly [name: string, value: string];
}

/** A line in two halves, so that the time of receipt can be put in without parsing it again. */
export interface EventLine {
  /** Up to and including `"received":"`. */
  readonly head: string;
  /** From the closing quote of `received` up to and including the newline. */
  readonly tail: string;
}

/** What a source hands over, in order. */
export type SourceMessage =
  /** `received`: wall milliseconds, where it was received before it is handed over. */
  | { readonly kind: 'event'; readonly event: StreamEvent; readonly received?: number }
  | { readonly kind: 'info'; readonly name: string; readonly message: string }
  | { readonly kind: 'bad'; readonly raw: Uint8Array; readonly reason: string }
  | { readonly kind: 'connected'; readonly cursor: number | undefined }
  /** The source knows that events are missing between two of the stream's numbers, or two times (milliseconds); undefined where it does not know the end. */
  | {
      readonly kind: 'gap';
      readonly reason: GapReason;
      readonly detail: string;
      readonly since?: number;
      readonly until?: number;
    }
  /** The server says that our position is ahead of all that it has: its numbers began anew, or are another server's. */
  | { readonly kind: 'reset'; readonly detail: string }
  | { readonly kind: 'disconnected'; readonly reason: string; readonly retryMs: number };

/** Takes what a source hands over. Returns false when it is full: the source pauses until `drained()` resolves. */
export interface StreamSink {
  take(message: SourceMessage): boolean;
  drained(): Promise<void>;
  /** Where to go on at the next connection. What comes up to a taken number is dropped by the sink, so sources rather begin too early. */
  position(): StreamPosition;
  /** The last mark taken under each name. Empty at the beginning of an epoch. */
  marks(): Readonly<Record<string, string>>;
  /** Where messages can wait while the sink is full for long; undefined where there is no such place. */
  readonly spool?: Spool | undefined;
}

/** Messages of a server, as they arrived, on the disk. First in, first out. */
export interface Spool {
  /** Takes a message. False: it is behind with writing, or full; to be paused until `room()` resolves. */
  put(message: SpooledMessage): boolean;
  room(): Promise<void>;
  /** The oldest messages, in order; none when it is empty. Rejects where the disk fails. */
  next(): Promise<readonly SpooledMessage[]>;
  /** Bytes in it. */
  size(): number;
}

export interface SpooledMessage {
  readonly data: Buffer;
  readonly binary: boolean;
  /** Wall milliseconds. */
  readonly received: number;
}

/** Behind the last taken sequence number; or, when nothing was taken yet, at the live end or with the oldest there is. */
export type StreamPosition = number | 'live' | 'oldest';

/** Why a stretch of a stream is missing. */
export type GapReason = 'outdated' | 'disconnected' | 'jump' | 'reset' | 'switched';

/** Another server numbers the same events otherwise. */
export interface ServerOfNumbers {
  /** Its address, without what is asked of it. */
  readonly name: string;
  /** Where numbers are times: how far those of two servers may be apart for one event. Undefined where they have nothing in common. */
  readonly apart?: number;
}

/** A stream that can be collected. It reconnects by itself, for ever, with back-off. */
export interface StreamSource {
  /**
   * `dense`: each event has the number after the one before, or a few are left out. `sparse`: the numbers are times, or otherwise
   * far apart, and say nothing of what is missing between two of them.
   */
  readonly numbers: 'dense' | 'sparse';
  /** Whose numbers they are; undefined where the source counts by itself. */
  readonly server?: ServerOfNumbers | undefined;
  run(scope: Scope, sink: StreamSink): Promise<void>;
}
