import { duration, moment } from '../../live/words.ts';
import { lookOf } from './outcomes.ts';
import type { Run } from './runs.ts';

/** How long it took, or takes so far. */
export function tookOf({ started, ended }: Pick<Run, 'started' | 'ended'>, now: number): string {
  return ended === null ? `${duration(now - started)} so far` : duration(Math.max(0, ended - started));
}

/** A bar of the chart for those who hear it. */
export function barWords(runs: readonly Run[], now: number): string {
  const [first] = runs;
  if (first === undefined) return '';
  if (runs.length > 1) {
    const counts = new Map<string, number>();
    for (const { outcome } of runs)
      counts.set(lookOf(outcome).word, (counts.get(lookOf(outcome).word) ?? 0) + 1);
    const said = [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
    return `${runs.length} runs from ${moment(first.started, now)}: ${said}`;
  }
  const again = first.attempt > 1 ? `, try ${first.attempt}` : '';
  const summary = first.summary === '' ? '' : `: ${first.summary.slice(0, 200)}`;
  return `${lookOf(first.outcome).word}${first.dryRun ? ', dry run' : ''}${again}, ${moment(first.started, now)}, ${tookOf(first, now)}${summary}`;
}

/** The counts of a verb: `moved 3, bytes 1,200`. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, value]) => `${name} ${value.toLocaleString('en')}`)
    .join(', ');
}
