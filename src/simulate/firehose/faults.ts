import { timesFor, type Usually } from '../fault-plan.ts';
import type { ConnectTime, StreamTime, Times } from '../fault-times.ts';

/**
 * What a simulated firehose can do wrong, each at a place that is the same in every run: by the number of frames, by a
 * number of the stream, or by the count of connections. Faults are independent of each other; where several are due at the same
 * frame, they happen in the order of the list. The table for people is docs/simulate-firehose.md.
 *
 * Lossless for the stream, so that a test can still ask for every frame: everything but `swallow`, `outdated`, `reset` and the
 * faults of a frame's own bytes.
 */
export type FirehoseFault = ConnectFault | PassingFault | FrameFault | ResetFault;

export interface ResetTime {
  /** From the k-th attempt to connect on. */
  readonly connection?: number | undefined;
  /** Once so many frames came live, whoever reads them. */
  readonly after?: number | undefined;
  /** Just before the first live frame with this number or a higher one. */
  readonly seq?: number | undefined;
}

/** How a connection begins. */
export type ConnectFault = Times & { readonly when?: ConnectTime | undefined } & (
    | {
        /** An HTTP answer instead of the upgrade. Default: once. */
        readonly kind: 'http';
        /** 400 to 599. */
        readonly status: number;
        /** The header `Retry-After`, in seconds. */
        readonly retryAfterS?: number | undefined;
      }
    /** Takes the TCP connection and never answers the request. Default: once. */
    | { readonly kind: 'no-upgrade' }
    /** Upgrades, answers pings, and never sends a message. Default: once. */
    | { readonly kind: 'silent' }
    /** Begins with the frame of the cursor, or with the one after it, whatever the server does otherwise. Default: always. */
    | { readonly kind: 'inclusive' }
    | { readonly kind: 'exclusive' }
    | {
        /**
         * The window has passed: the frames up to so many after the reader's cursor are dropped for good. It is told OutdatedCursor,
         * and its next frame is a jump. Does nothing to a reader at the live end. Default: once.
         */
        readonly kind: 'outdated';
        readonly frames: number;
      }
    /** An outdated cursor begins with the oldest frame there is, and nobody says so. Default: always. */
    | { readonly kind: 'clamped' }
    /** A cursor above the newest number goes live, where the answer should be FutureCursor. Default: always. */
    | { readonly kind: 'future-live' }
  );

/** Something that happens between two frames. Default: once. */
export type PassingFault = Times & { readonly when?: StreamTime | undefined } & (
    | {
        /** Closes as the protocol has it. */
        readonly kind: 'close';
        /** 1000 to 1014 without 1004 to 1006, or 3000 to 4999. */
        readonly code: number;
        readonly reason?: string | undefined;
      }
    /** Ends the TCP connection behind the last frame, without a close frame: 1006. */
    | { readonly kind: 'cut' }
    | {
        /** Sends nothing any more, but leaves the connection open. */
        readonly kind: 'half-open';
        /** Whether it still answers pings, and a close. Otherwise it reads nothing any more, as a host that is gone. */
        readonly pongs: boolean;
      }
    | {
        /** An error frame, and close 1008. */
        readonly kind: 'error';
        readonly error: string;
        readonly message?: string | undefined;
      }
    | {
        /** So many of the last frames of the connection come again. */
        readonly kind: 'duplicate';
        readonly frames: number;
      }
    /** A text message, which the protocol does not have. */
    | { readonly kind: 'text' }
    /** Bytes that are no CBOR, of the simulator's seed. */
    | { readonly kind: 'garbage' }
    /** A well-formed message of a type, or an operation, that nobody knows; without a number. */
    | { readonly kind: 'unknown-type' }
    | { readonly kind: 'unknown-op' }
    /** A message of these bytes. */
    | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  );

/**
 * Something about the frames themselves, from the first fitting one on: they are so at every replay, for every reader.
 * Default: always. With `times` they are whole again after so many connections.
 */
export type FrameFault = Times & {
  readonly when?: StreamTime | undefined;
  /** How many frames; default 1, for `clock` all. */
  readonly count?: number | undefined;
} & (
    | {
        /** Never sent: a gap in the numbers. */
        readonly kind: 'swallow';
      }
    /** A good header, and a body that breaks off. */
    | { readonly kind: 'poison' }
    /** A commit without the block of one of its records. Other frames are passed over. */
    | { readonly kind: 'missing-block' }
    /** The header as `{op, t}`: not canonical, but it says the same. */
    | { readonly kind: 'odd-header' }
    | {
        /** Padded with a field that nobody knows. */
        readonly kind: 'too-large';
        readonly bytes: number;
      }
    | {
        /** The times of some senders' events are off. */
        readonly kind: 'clock';
        /** Milliseconds; below 0: in the past. */
        readonly shiftMs: number;
        /** Of 100 senders so many, always the same ones for a seed. */
        readonly percent: number;
      }
  );

/**
 * The server's numbers go on behind another one, once: what it has above `to` is gone, and what comes next is `to` + 1. A small number is
 * a new start, one within the history a backup, one above the newest a move to another host.
 */
export interface ResetFault {
  readonly kind: 'reset';
  readonly to: number;
  /** Cuts every connection, as a server that starts again. Otherwise readers just see the numbers step. */
  readonly restart?: boolean | undefined;
  readonly when?: ResetTime | undefined;
}

/** Each kind: what it is about, and whether it is always there or happens once, unless `times` says otherwise. */
const KINDS: Record<FirehoseFault['kind'], readonly ['connect' | 'passing' | 'frame' | 'reset', Usually]> = {
  http: ['connect', 'once'],
  'no-upgrade': ['connect', 'once'],
  silent: ['connect', 'once'],
  inclusive: ['connect', 'always'],
  exclusive: ['connect', 'always'],
  outdated: ['connect', 'once'],
  clamped: ['connect', 'always'],
  'future-live': ['connect', 'always'],
  close: ['passing', 'once'],
  cut: ['passing', 'once'],
  'half-open': ['passing', 'once'],
  error: ['passing', 'once'],
  duplicate: ['passing', 'once'],
  text: ['passing', 'once'],
  garbage: ['passing', 'once'],
  'unknown-type': ['passing', 'once'],
  'unknown-op': ['passing', 'once'],
  raw: ['passing', 'once'],
  swallow: ['frame', 'always'],
  poison: ['frame', 'always'],
  'missing-block': ['frame', 'always'],
  'odd-header': ['frame', 'always'],
  'too-large': ['frame', 'always'],
  clock: ['frame', 'always'],
  reset: ['reset', 'once'],
};

/** On how many connections a fault happens. */
export function timesOf(fault: Exclude<FirehoseFault, ResetFault>): number {
  return timesFor(fault, KINDS[fault.kind][1]);
}

export function isConnectFault(fault: FirehoseFault): fault is ConnectFault {
  return KINDS[fault.kind][0] === 'connect';
}

export function isPassingFault(fault: FirehoseFault): fault is PassingFault {
  return KINDS[fault.kind][0] === 'passing';
}

export function isFrameFault(fault: FirehoseFault): fault is FrameFault {
  return KINDS[fault.kind][0] === 'frame';
}

export function isResetFault(fault: FirehoseFault): fault is ResetFault {
  return fault.kind === 'reset';
}

/** Default size of a frame that is too large: readers allow 5 MB, which is what the specification says, or little more. */
export const TOO_LARGE_BYTES = 6 * 1024 * 1024 + 1;
