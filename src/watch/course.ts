import type { GateSettings, GateState } from './gate.ts';
import type { Hours } from '../core/hours.ts';
import type { Judgement, WatchedLife } from './kind.ts';
import type { LadderState, Step } from './ladder.ts';

/** How one watch looks and what it does. Durations are milliseconds. */
export interface WatchSettings {
  readonly name: string;
  readonly kind: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly gate: GateSettings;
  /** When it looks; without them always. */
  readonly hours?: Hours;
  readonly steps: readonly Step[];
}

/** Everything about one watch that changes. */
export interface Course {
  gate: GateState;
  ladder: LadderState;
  judgement: Judgement | undefined;
  /** Wall milliseconds. */
  lookedAt: number | undefined;
}

/** A life, and from when on what is seen of it can count: wall milliseconds. */
export type LifeSeen = WatchedLife & { readonly from: number };
