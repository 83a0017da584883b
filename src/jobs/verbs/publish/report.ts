import { approximateSize } from '../../../core/sizes.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { createTally, shownPath, type Tally } from '../../files/outcome.ts';

/** What a run has to say, in this order. */
const SECTIONS = [
  ['errors', 'errors'],
  ['changed', 'changed after they were published'],
  ['supplements', 'supplements'],
  ['republished', 'published again'],
  ['published', 'published'],
  ['ignored', 'ignored'],
  ['blacklisted', 'blacklisted'],
] as const;
export type Section = (typeof SECTIONS)[number][0];

/** So many lines of a section are said. */
const MOST_LINES = 100;

/** Gathers what comes of a run, for people, in sections. */
export interface Report {
  readonly tally: Tally;
  note(section: Section, path: string, text: string): void;
  /** Counted as an error, and told with its reason; the run goes on. */
  refuse(path: string, reason: string): void;
  /** Says it all: nothing where nothing was done. */
  say(): void;
  outcome(target: string, waiting: number): VerbOutcome;
}

export function createReport({ say, dryRun }: Pick<VerbContext, 'say' | 'dryRun'>): Report {
  const lines = new Map<Section, string[]>();
  const tally = createTally(() => {});
  const note = (section: Section, path: string, text: string): void => {
    tally.add(section);
    const known = lines.get(section) ?? [];
    lines.set(section, known);
    if (known.length < MOST_LINES) known.push(`  ${shownPath(path)}${text === '' ? '' : `: ${text}`}`);
  };
  return {
    tally,
    note,
    refuse(path, reason) {
      tally.refuse(path, reason);
      note('errors', path, reason);
    },
    say() {
      for (const [section, title] of SECTIONS) {
        const own = lines.get(section) ?? [];
        const count = tally.counts[section] ?? 0;
        if (count === 0) continue;
        const would = dryRun && section !== 'errors' && section !== 'changed' ? 'would be ' : '';
        say(`${would}${title}: ${count}`);
        for (const line of own) say(line);
        if (count > own.length) say(`  and ${count - own.length} more`);
      }
    },
    outcome: (target, waiting) => tally.outcome(summaryOf(tally, target, waiting, dryRun)),
  };
}

function summaryOf({ counts }: Tally, target: string, waiting: number, dryRun: boolean): string {
  const of = (name: string): number => counts[name] ?? 0;
  const files = (count: number): string => `${count} file${count === 1 ? '' : 's'}`;
  const sent = of('published') + of('supplements') + of('republished');
  const said: string[] = [];
  if (sent > 0)
    said.push(
      `${dryRun ? 'would publish' : 'published'} ${files(sent)}, ${approximateSize(of('bytes'))}, to ${target}`,
    );
  else said.push('nothing to publish');
  if (of('supplements') > 0) said.push(`${of('supplements')} as supplements`);
  if (of('republished') > 0) said.push(`${of('republished')} again`);
  if (of('ignored') > 0) said.push(`${of('ignored')} ignored`);
  if (of('blacklisted') > 0) said.push(`${of('blacklisted')} blacklisted`);
  if (of('changed') > 0) said.push(`${of('changed')} changed after they were published`);
  if (of('later') > 0) said.push(`${of('later')} left for the next batch`);
  if (waiting > 0) said.push(`${waiting} not due yet`);
  return said.join('; ');
}
