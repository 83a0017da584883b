import type { VerbOutcome } from '../../core/verb.ts';
import { troubleOf } from './trouble.ts';

/** So many refusals are kept by name … */
const MOST_REFUSED = 1_000;
/** … and so many are said in the output. */
const MOST_SAID = 100;

/** Gathers what comes of a run. */
export interface Tally {
  readonly counts: Record<string, number>;
  add(name: string, amount?: number): void;
  refuse(path: string, reason: string): void;
  /** Why the run ends before it is through; the first reason counts. `failed`: what is in its way needs a person, or time. */
  end(kind: 'partly' | 'failed', reason: string): void;
  hasEnded(): boolean;
  outcome(summary: string): VerbOutcome;
}

export function createTally(say: (line: string) => void): Tally {
  const counts: Record<string, number> = {};
  const refused: { path: string; reason: string }[] = [];
  let left = 0;
  let ended: { readonly kind: 'partly' | 'failed'; readonly reason: string } | undefined;
  return {
    counts,
    add(name, amount = 1) {
      counts[name] = (counts[name] ?? 0) + amount;
    },
    refuse(path, reason) {
      left += 1;
      counts['refused'] = left;
      if (refused.length < MOST_REFUSED) refused.push({ path, reason });
      if (left <= MOST_SAID) say(`left ${shownPath(path)}: ${reason}`);
      else if (left === MOST_SAID + 1) say('more files are left; they are not said one by one');
    },
    end(kind, reason) {
      ended ??= { kind, reason };
    },
    hasEnded: () => ended !== undefined,
    outcome(summary) {
      const first = refused[0];
      const why = first === undefined ? '' : `; ${left} left: ${shownPath(first.path)}: ${first.reason}`;
      const text = `${summary}${why}${ended === undefined ? '' : `; ended early: ${ended.reason}`}`;
      return { kind: ended?.kind ?? (left > 0 ? 'partly' : 'done'), summary: text, counts, refused };
    },
  };
}

/** Puts down what went wrong with a file, or with the run (no path); throws a bug again. */
export function noteTrouble(thrown: unknown, path: string | undefined, tally: Tally): void {
  const trouble = troubleOf(thrown);
  if (trouble === undefined) throw thrown;
  if (trouble.kind === 'stopped') tally.end('partly', trouble.reason);
  else if (trouble.kind === 'ends' || path === undefined) tally.end('failed', trouble.reason);
  if (path !== undefined && trouble.kind !== 'stopped') tally.refuse(path, trouble.reason);
}

export function failed(summary: string): VerbOutcome {
  return { kind: 'failed', summary, counts: {}, refused: [] };
}

/** A path on one line: one with control characters is quoted. */
export function shownPath(path: string): string {
  return /[\u0000-\u001f\u007f"]/.test(path) ? JSON.stringify(path) : path;
}
