/** How a channel fares. Serialisable as JSON; wall milliseconds. */
export interface ChannelState {
  readonly name: string;
  /** Tries in a row that failed and may succeed later. */
  readonly failures: number;
  /** Nothing is tried before then; 0 where nothing holds it. */
  readonly notBefore: number;
  /** Until when the far side asked us to wait; 0 where it did not. */
  readonly askedUntil: number;
  /** How long that wait is, so that a step of the clock cannot make it longer. */
  readonly waitMs: number;
  readonly lastDeliveredAt: number | null;
  /** Why the last try failed; empty where it did not. */
  readonly error: string;
  /** When its next digest is due; null where it wants none. */
  readonly digestAt: number | null;
  /** What that was reckoned from: another config begins anew. */
  readonly digest: string;
}

export function freshChannel(name: string): ChannelState {
  return {
    name,
    failures: 0,
    notBefore: 0,
    askedUntil: 0,
    waitMs: 0,
    lastDeliveredAt: null,
    error: '',
    digestAt: null,
    digest: '',
  };
}
