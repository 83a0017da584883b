import type { Silence } from '../../core/silence.ts';
import type { Reading } from '../kind.ts';

/** The life that a look was at, as it was then; wall milliseconds. */
export interface KeptLife {
  readonly id: string;
  readonly startedAt: number;
  /** When it was ready, or began where it has no way to say so. */
  readonly readyAt: number;
  /** What it did before was no reproach: all that it needs was well since then; 0 where nothing was the matter. */
  readonly wellSince: number;
}

/** A look that was taken into account. Times are wall milliseconds. */
export interface KeptLook {
  /** When it began. */
  readonly now: number;
  /** When it was judged. */
  readonly at: number;
  readonly life: KeptLife;
  /** What held back the steps of its watch then. */
  readonly silence: Silence['by'] | undefined;
  /** Undefined where it gave no answer, or one too large to be kept. */
  readonly reading: Reading | undefined;
  /** Why there is no reading, as the look said it. */
  readonly failed: string;
}

/** What is kept of a watch, in the order in which it happened. `opened`: it began to look anew, and remembers no readings. */
export type KeptEvent = { readonly kind: 'opened' } | ({ readonly kind: 'look' } & KeptLook);
