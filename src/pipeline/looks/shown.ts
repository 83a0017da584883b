import type { PipelineFile } from '../../wire/page/pipeline-asks.ts';
import type { LedgerFile, Task } from '../ledger/types.ts';
import type { PipelinePlan } from '../plan.ts';
import { pathOf } from '../steps/run-task.ts';

/** Characters of a text that is shown. */
const MOST = 4000;

export function cutText(text: string): string {
  return text.length <= MOST ? text : `${text.slice(0, MOST - 1)}…`;
}

export function cutOr(text: string | null): string | null {
  return text === null ? null : cutText(text);
}

/** A file as the page has it. */
export function shownFile(file: LedgerFile, plan: Pick<PipelinePlan, 'inboxes' | 'products'>): PipelineFile {
  const { id, kind, origin, state, size, firstSeen } = file;
  const own =
    file.kind === 'inbox'
      ? {
          why: cutOr(file.why),
          due: file.due,
          settledAt: file.settledAt,
          ended: file.ended,
          version: null,
          complete: true,
        }
      : {
          why: null,
          due: null,
          settledAt: null,
          ended: null,
          version: file.version,
          complete: file.complete,
        };
  return { id, kind, origin, path: cutText(pathOf(file, plan)), state, size, firstSeen, ...own };
}

export function shownTask({
  id,
  step,
  key,
  state,
  attempt,
  due,
  started,
  ended,
  exit,
  error,
  inputs,
  version,
}: Task) {
  return {
    id,
    step,
    key: cutText(key),
    state,
    attempt,
    due,
    started,
    ended,
    exit: cutOr(exit),
    error: cutOr(error),
    inputs,
    version,
  };
}

/** Some of many, and how many more there are. */
export function some<T>(all: readonly T[], most: number): readonly [T[], number] {
  return [all.slice(0, most), Math.max(0, all.length - most)];
}
