import type { StreamEvent } from '../core/source.ts';
import type { Gap } from './gaps.ts';

/** What was taken and waits for its commit, in the order of the stream. `received` is wall milliseconds. */
export type Pending = PendingEvent | PendingFrame | PendingGapNote | PendingEpoch;

export interface PendingEvent {
  readonly received: number;
  readonly event: StreamEvent;
  /** Numbers that were left out before it, and are no gap. */
  readonly jumped?: number;
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
  readonly epoch: 'live' | 'oldest';
}

export type PendingGap = Pick<Gap, 'from' | 'to' | 'since' | 'until' | 'reason' | 'detail'>;
