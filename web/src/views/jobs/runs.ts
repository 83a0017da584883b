import type { Job } from '../../live/hub.svelte.ts';

/** A run as it is drawn: a row of the history, or what the board says of it. Times are wall milliseconds. */
export interface Run {
  readonly run: string;
  readonly attempt: number;
  readonly started: number;
  /** null while it runs. */
  readonly ended: number | null;
  readonly outcome: string | null;
  readonly summary: string;
  /** In words. */
  readonly cause: string;
  readonly dryRun: boolean;
  readonly exit: number | null;
  readonly counts: Readonly<Record<string, number>>;
}

export interface HistoryRow {
  readonly job: string;
  readonly run: string;
  readonly attempt: number;
  readonly cause: string;
  readonly by: string;
  readonly due: number;
  readonly started: number;
  readonly ended: number | null;
  readonly outcome: string | null;
  readonly summary: string;
  readonly exit: number | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly coalesced: number;
  readonly dryRun: boolean;
}

/** The same for all tries of one thing that was asked for: `ID` of `ID`, `ID.2`, … */
export function requestOf(run: string): string {
  return run.replace(/\.\d+$/, '');
}

function causeOf({
  cause,
  by,
  due,
  coalesced,
}: Pick<HistoryRow, 'cause' | 'by' | 'due' | 'coalesced'>): string {
  if (cause === 'after') return `after ${by}`;
  if (cause === 'person') return `asked for by ${by}`;
  const more = coalesced === 0 ? '' : `, and for ${coalesced} more ${coalesced === 1 ? 'time' : 'times'}`;
  return `due at ${new Date(due).toISOString().slice(0, 16).replace('T', ' ')} UTC${more}`;
}

export function runOf(row: HistoryRow): Run {
  const { run, attempt, started, ended, outcome, summary, dryRun, exit, counts } = row;
  return { run, attempt, started, ended, outcome, summary, dryRun, exit, counts, cause: causeOf(row) };
}

/** The history with what the board says since: what runs, and what ended last. Oldest first. */
export function runsWith(history: readonly Run[], { run, last }: Pick<Job, 'run' | 'last'>): readonly Run[] {
  const byName = new Map(history.map((each) => [each.run, each]));
  if (last !== null) byName.set(last.run, { exit: null, counts: {}, ...byName.get(last.run), ...last });
  if (run !== null && byName.get(run.run)?.ended == null)
    byName.set(run.run, {
      exit: null,
      counts: {},
      run: run.run,
      attempt: run.attempt,
      started: run.startedAt,
      ended: null,
      outcome: null,
      summary: '',
      cause: run.cause,
      dryRun: run.dryRun,
    });
  // What the history has as running, and the board does not, has ended or will be told of.
  return [...byName.values()].toSorted((a, b) => a.started - b.started);
}
