import { approximateDuration } from '../../core/durations.ts';
import type { Judgement } from '../judgement.ts';

/** The four judgements, each with what was seen (null: nothing) and why. */

export function ok(value: string | null, reason: string): Judgement {
  return { verdict: 'ok', value, reason };
}

export function late(value: string | null, reason: string): Judgement {
  return { verdict: 'late', value, reason };
}

export function bad(value: string | null, reason: string): Judgement {
  return { verdict: 'bad', value, reason };
}

export function unknown(reason: string, value: string | null = null): Judgement {
  return { verdict: 'unknown', value, reason };
}

/** A duration in a sentence; below a second it is not worth its digits. */
export function span(ms: number): string {
  return ms < 1000 ? `${Math.max(0, Math.round(ms))}ms` : approximateDuration(ms);
}

/** Milliseconds to a tenth: finer ones say nothing, and cost digits where they are kept. */
export function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** What a service writes itself, where no file is named. */
export const OUTPUT = 'the output';
