import type { GateSettings, GateState } from './gate.ts';
import type { Hours } from '../core/hours.ts';
import type { Judgement, WatchedLife } from './judgement.ts';
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
  /** When a look last saw something that counts: not before the grace was over, and not `unknown`. Wall milliseconds. */
  evidenceAt: number | undefined;
}

/** A life, and from when on what is seen of it can count: wall milliseconds. */
export type LifeSeen = WatchedLife & { readonly from: number };

/**
 * A life as a watch sees it.
 * @param readyAt when it was ready, or began where it has no way to say so; wall milliseconds.
 * @param notBefore what it did not do before is no reproach, and for the watch it began then: the hours of the watch began, or
 * what the service needs was well again; wall milliseconds.
 */
export function lifeSeen(
  { id, pid, startedAt, readyAt }: WatchedLife & { readonly readyAt: number },
  notBefore: number,
): LifeSeen {
  return { id, pid, startedAt: Math.max(startedAt, notBefore), from: Math.max(readyAt, notBefore) };
}
