import type { InboxFile } from '../ledger/types.ts';
import type { PipelineView, RunningTask } from '../pipeline.ts';
import { pathOf } from '../steps/run-task.ts';

/** A file of an inbox that a run goes on for. */
export interface CurrentFile {
  readonly file: InboxFile;
  /** Absolute. */
  readonly path: string;
  /** The run that began first of those that go on for it. */
  readonly run: RunningTask;
}

/** What is worked on now, by file of an inbox; the longest run first. */
export async function currentFiles({ ledger, plan, running }: PipelineView): Promise<readonly CurrentFile[]> {
  const byRoot = new Map<number, CurrentFile>();
  for (const run of running().toSorted((a, b) => a.started - b.started)) {
    for (const root of await ledger.rootsOf(run.task)) {
      const file = byRoot.has(root) ? undefined : await ledger.file(root);
      if (file?.kind === 'inbox') byRoot.set(root, { file, path: pathOf(file, plan), run });
    }
  }
  return [...byRoot.values()];
}

/** One line of what is open. */
export interface OpenFile {
  /** `running`, or the state of a file of an inbox. */
  readonly state: string;
  /** Since when it is that: wall milliseconds. */
  readonly since: number;
  readonly path: string;
  /** What it waits for, or which steps run. */
  readonly why: string | null;
}

/** What is not done yet, the running ones first; at most `limit`, and one more where there are more. */
export async function openFiles(view: PipelineView, limit: number): Promise<readonly OpenFile[]> {
  const current = await currentFiles(view);
  const busy = new Set(current.map(({ file }) => file.id));
  const rest = await view.ledger.inboxFilesIn(
    ['ready', 'waiting', 'settling', 'seen'],
    limit + current.length + 1,
  );
  const order = (state: string): number => (state === 'ready' ? 0 : 1);
  return [
    ...current.map(({ run, path }) => ({ state: 'running', since: run.started, path, why: run.step })),
    ...rest
      .filter(({ id }) => !busy.has(id))
      .toSorted((a, b) => order(a.state) - order(b.state) || a.id - b.id)
      .map((file) => ({
        state: file.state,
        since: file.settledAt ?? file.firstSeen,
        path: pathOf(file, view.plan),
        why: file.why,
      })),
  ];
}
