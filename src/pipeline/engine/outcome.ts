import type { DraftOf, Ending } from '../ledger/ledger.ts';
import type { Claim, LedgerFile, TaskDraft } from '../ledger/types.ts';
import type { StepPlan } from '../plan.ts';
import type { OutcomeWord } from '../steps/config.ts';

/** How often a task may take its runner with it. */
const MOST_CRASHES = 3;

export interface Unmade {
  readonly word: Exclude<OutcomeWord, 'ok' | 'warnings'>;
  readonly exit: string | null;
  readonly error: string;
}

/**
 * What becomes of a task whose run made nothing: it is skipped or ignored, waits, is tried again, cut in two so that the bad input is
 * alone in the end, or has failed. Pure.
 * @param files its inputs that are still there.
 */
export function endingOf(
  step: StepPlan,
  claim: Pick<Claim, 'task'>,
  files: readonly Pick<LedgerFile, 'id'>[],
  { word, exit, error }: Unmade,
  now: number,
): Omit<Ending, 'log'> {
  const { task } = claim;
  const said = { exit, error };
  switch (word) {
    case 'skip':
      return { state: 'skipped', ...said };
    case 'ignore':
      return { state: 'ignored', ...said };
    case 'defer':
      return { state: 'deferred', due: now + step.deferMs, uncounted: true, ...said };
    case 'retry':
      if (task.attempt <= Math.max(1, step.retry.times))
        return { state: 'retry', due: now + step.retry.everyMs, ...said };
      return failure(step, claim, files, said, now);
    case 'fail':
      return failure(step, claim, files, said, now);
  }
}

function failure(
  step: StepPlan,
  { task }: Pick<Claim, 'task'>,
  files: readonly Pick<LedgerFile, 'id'>[],
  said: { readonly exit: string | null; readonly error: string },
  now: number,
): Omit<Ending, 'log'> {
  const halves = cut(step, { task }, files);
  if (halves !== undefined) return { state: 'cancelled', ...said, drafts: halves };
  if (task.attempt <= step.retry.times) return { state: 'retry', due: now + step.retry.everyMs, ...said };
  return { state: 'failed', ...said };
}

/** A task of several inputs as two of half as many; undefined where it cannot be cut. */
function cut(
  step: StepPlan,
  { task }: Pick<Claim, 'task'>,
  files: readonly Pick<LedgerFile, 'id'>[],
): readonly DraftOf[] | undefined {
  if (files.length < 2 || step.each === 'file' || step.inputs === 'all') return undefined;
  const middle = Math.ceil(files.length / 2);
  const ids = files.map(({ id }) => id);
  return [ids.slice(0, middle), ids.slice(middle)].map((half) => ({
    draft: against(task, half.length),
    files: half,
    cutFrom: task.id,
  }));
}

/** The draft of a task that does again what another one did. */
export function against(task: Claim['task'], most: number): TaskDraft {
  const { step, key, lock, priority, level, version, stepHash, vars, order } = task;
  return { step, key, lock, priority, level, most, waitMs: 0, version, stepHash, vars, order };
}

/** What becomes of a task whose runner died within its run. */
export function afterCrash(
  step: StepPlan | undefined,
  claim: Pick<Claim, 'task'>,
  files: readonly Pick<LedgerFile, 'id'>[],
  sameBoot: boolean,
): Omit<Ending, 'log'> {
  const { task } = claim;
  const said = { exit: null, error: 'its runner was killed' };
  // A machine that went down says nothing against what it was doing.
  if (!sameBoot) return { state: 'ready', ...said, uncounted: true };
  if (task.crashes + 1 < MOST_CRASHES) return { state: 'ready', ...said, uncounted: true, crashed: true };
  const halves = step === undefined ? undefined : cut(step, claim, files);
  if (halves !== undefined) return { state: 'cancelled', ...said, drafts: halves };
  return {
    state: 'parked',
    exit: null,
    error: `its runner was killed ${MOST_CRASHES} times while it ran`,
    crashed: true,
  };
}
