import type { StreamEvent, StreamPosition } from '../core/source.ts';
import type { Gap } from './gaps.ts';
import type { Stretch } from './line-bytes.ts';

/** What was taken and waits for its commit, in the order of the stream. `received` is wall milliseconds. */
export type Pending = PendingEvent | PendingFrame | PendingGapNote | PendingEpoch;

export interface PendingEvent {
  readonly received: number;
  readonly event: TakenEvent;
  /** Numbers that were left out before it, and are no gap. */
  readonly jumped: number;
}

/** An event whose lines are bytes already, good until the batch after the next is asked for; see LineBytes. */
export interface TakenEvent extends Omit<StreamEvent, 'lines' | 'mark'>, Stretch {
  /** How many lines. */
  readonly lines: number;
  readonly mark: StreamEvent['mark'] | undefined;
}

/** What the gate lets pass, the lines of events not yet encoded. */
export type Passed = Exclude<Pending, PendingEvent> | PassedEvent;

export interface PassedEvent extends Omit<PendingEvent, 'event'> {
  readonly event: StreamEvent;
}

/** A frame that could not be read. */
export interface PendingFrame {
  readonly received: number;
  readonly raw: Uint8Array;
}

export interface PendingGapNote {
  readonly received: number;
  readonly gap: PendingGap;
}

/** The stream's numbers began anew: what follows belongs to the next epoch. */
export interface PendingEpoch {
  readonly received: number;
  /** Where the epoch begins as long as it has no event. */
  readonly epoch: StreamPosition;
  /** Where it begins with another server. */
  readonly by?: EpochOfServer;
}

/** An epoch that begins with another server. */
export interface EpochOfServer {
  readonly at: StreamPosition;
  readonly server: string;
  /** Event time, milliseconds, up to which the two servers may send the same. */
  readonly until: number;
}

export type PendingGap = Pick<Gap, 'from' | 'to' | 'since' | 'until' | 'reason' | 'detail'>;
