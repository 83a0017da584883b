import { type JournalEntry, withRuns } from '../../run/systemd/journal-entry.ts';
import { createUnitLog, type UnitLogOptions } from '../../run/systemd/unit-log.ts';
import type { Papers } from './papers.ts';

/** What the runs of a job print into the journal, brought to where the output of every job is, each line with its run as its life. */
export interface JobOutput {
  /** The run that begins next. */
  expect(run: string): void;
  take(entries: readonly JournalEntry[], old: boolean): Promise<void> | undefined;
  /** Resolves when its file has all that was taken by now. */
  written(): Promise<void>;
  /** Whether the journal has said that a start of the unit is over. */
  isTold(invocation: string): boolean;
  close(): Promise<void>;
}

const MOST_TOLD = 20;

export function createJobOutput(options: UnitLogOptions, papers: Pick<Papers, 'of'>): JobOutput {
  const log = createUnitLog(options);
  let expected = '';
  let last: string | null = null;
  let told: readonly string[] = [];
  const lives = new Map<string, string>();
  const lifeOf = (invocation: string | null): string => {
    if (invocation === null) return expected;
    const known = lives.get(invocation) ?? papers.of(invocation)?.run.run;
    if (known === undefined) return expected === '' ? invocation : expected;
    lives.set(invocation, known);
    return known;
  };
  return {
    expect(run) {
      expected = run;
    },
    take(given, old) {
      const entries = withRuns(given, last);
      last = entries.at(-1)?.invocation ?? last;
      // What systemd says of its own work is in the end of the run.
      const lines = entries.filter(({ from }) => from === 'unit');
      const wait = log.take(
        lines.map((line) => ({ ...line, invocation: lifeOf(line.invocation) })),
        old,
      );
      const over = entries.flatMap((entry) =>
        entry.from === 'manager' && entry.about.kind === 'over' ? (entry.invocation ?? []) : [],
      );
      told = [...told, ...over].slice(-MOST_TOLD);
      for (const invocation of over) if (lives.size > MOST_TOLD) lives.delete(invocation);
      return wait;
    },
    isTold: (invocation) => told.includes(invocation),
    written: () => log.written(),
    close: () => log.close(),
  };
}
