import { MOST_MESSAGE_BYTES } from '../../wire/jetstream/dictionary.ts';
import { timesFor, type Usually } from '../fault-plan.ts';
import type { ConnectTime, StreamTime, Times } from '../fault-times.ts';

/**
 * What a simulated Jetstream can do wrong, each at a place that is the same in every run. A place in the stream (`seq`) is an
 * event's number on the server, counted from 1. Faults are independent of each other; those that are due at the same event happen
 * in the order of the list. The table for people is docs/simulate-jetstream.md.
 *
 * Lossless for a reader that asks again from before what it had: everything but `swallow`, `outdated`, `ignore-cursor`, `reset`, and
 * `poison` and `too-large`.
 */
export type JetstreamFault = ConnectFault | PassingFault | EventFault | ResetFault;

/** How a connection begins. Default: once. */
export type ConnectFault = Times & { readonly when?: ConnectTime | undefined } & (
    | {
        /** An HTTP answer instead of the upgrade. */
        readonly kind: 'http';
        /** 400 to 599. */
        readonly status: number;
        /** The header `Retry-After`, in seconds. */
        readonly retryAfterS?: number | undefined;
      }
    /** Takes the TCP connection and never answers the request. */
    | { readonly kind: 'no-upgrade' }
    /** Upgrades, answers pings, and never sends a message. */
    | { readonly kind: 'silent' }
    /** Goes live whatever the cursor says. */
    | { readonly kind: 'ignore-cursor' }
    | {
        /**
         * The window has passed: the events up to so many after the reader's cursor are dropped for good. It begins with the
         * oldest one left, and nobody says so. Does nothing to a reader at the live end.
         */
        readonly kind: 'outdated';
        readonly events: number;
      }
  );

/** Something that happens between two events. Default: once. */
export type PassingFault = Times & { readonly when?: StreamTime | undefined } & (
    | {
        /** Closes as the protocol has it. */
        readonly kind: 'close';
        /** 1000 to 1014 without 1004 to 1006, or 3000 to 4999. */
        readonly code: number;
        readonly reason?: string | undefined;
      }
    /** Ends the TCP connection behind the last event, without a close frame: 1006. */
    | { readonly kind: 'cut' }
    | {
        /** Sends nothing any more, but leaves the connection open. */
        readonly kind: 'half-open';
        /** Whether it still answers pings, and a close. Otherwise it reads nothing any more, as a host that is gone. */
        readonly pongs: boolean;
      }
    | {
        /** So many of the last events of the connection come again. */
        readonly kind: 'duplicate';
        readonly events: number;
      }
    | {
        /** Of the next so many events, as far as they are there, the first half comes behind the second one: as where live events overtake a replay. */
        readonly kind: 'reorder';
        readonly events: number;
      }
    | {
        /** The next so many events are not sent on this connection, as to a reader that is too slow. They are there when it asks again. */
        readonly kind: 'drop';
        readonly events: number;
      }
    /** A text message that is no JSON, of the simulator's seed. */
    | { readonly kind: 'garbage' }
    /** A binary message that is no zstd frame. */
    | { readonly kind: 'binary' }
    /** A text message of these bytes. */
    | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  );

/**
 * Something about the events themselves, from the first fitting one on: they are so at every replay, for every reader.
 * Default: one event, always. With `times` they are whole again after so many connections.
 */
export type EventFault = Times & {
  readonly when?: StreamTime | undefined;
  /** How many events; default 1. */
  readonly count?: number | undefined;
} & (
    | {
        /** Never sent to anybody. */
        readonly kind: 'swallow';
      }
    /** JSON that breaks off. */
    | { readonly kind: 'poison' }
    /** Of a kind that nobody knows. */
    | { readonly kind: 'unknown-kind' }
    | {
        /** Padded with a field that nobody knows. */
        readonly kind: 'too-large';
        readonly bytes: number;
      }
  );

/**
 * Another server takes over, once, whose clock is behind: its history is empty, its numbers begin at 1, all connections are cut, and
 * the cursors of its readers lie in its future, which it answers with the live end, without a word.
 */
export interface ResetFault {
  readonly kind: 'reset';
  /** How far behind its clock is, milliseconds. */
  readonly shiftMs: number;
  readonly when?: ResetTime | undefined;
}

export interface ResetTime {
  /** From the k-th attempt to connect on. */
  readonly connection?: number | undefined;
  /** Once so many events came live, whoever reads them. */
  readonly after?: number | undefined;
}

/** Each kind: what it is about, and whether it is always there or happens once, unless `times` says otherwise. */
const KINDS: Record<JetstreamFault['kind'], readonly ['connect' | 'passing' | 'event' | 'reset', Usually]> = {
  http: ['connect', 'once'],
  'no-upgrade': ['connect', 'once'],
  silent: ['connect', 'once'],
  'ignore-cursor': ['connect', 'once'],
  outdated: ['connect', 'once'],
  close: ['passing', 'once'],
  cut: ['passing', 'once'],
  'half-open': ['passing', 'once'],
  duplicate: ['passing', 'once'],
  reorder: ['passing', 'once'],
  drop: ['passing', 'once'],
  garbage: ['passing', 'once'],
  binary: ['passing', 'once'],
  raw: ['passing', 'once'],
  swallow: ['event', 'always'],
  poison: ['event', 'always'],
  'unknown-kind': ['event', 'always'],
  'too-large': ['event', 'always'],
  reset: ['reset', 'once'],
};

/** On how many connections a fault happens. */
export function timesOf(fault: Exclude<JetstreamFault, ResetFault>): number {
  return timesFor(fault, KINDS[fault.kind][1]);
}

export function isConnectFault(fault: JetstreamFault): fault is ConnectFault {
  return KINDS[fault.kind][0] === 'connect';
}

export function isPassingFault(fault: JetstreamFault): fault is PassingFault {
  return KINDS[fault.kind][0] === 'passing';
}

export function isEventFault(fault: JetstreamFault): fault is EventFault {
  return KINDS[fault.kind][0] === 'event';
}

export function isResetFault(fault: JetstreamFault): fault is ResetFault {
  return fault.kind === 'reset';
}

/** Default size of an event that is too large. */
export const TOO_LARGE_BYTES = MOST_MESSAGE_BYTES + 1;
