import { type Database, transaction } from '../../core/sqlite.ts';
import { relaxed } from './relaxed.ts';

/**
 * Transactions of what ends at about the same time as one: a sync of the disk takes longer than all else that is written for a run, and
 * while one is made, others end. Each promise resolves when what it stands for is as durable as it asked for.
 */
export interface Commits {
  /** @param work writes, and does so whole or not at all. A group that cannot be committed rejects for each: none of it was. */
  add<T>(how: 'durable' | 'relaxed', work: () => T): Promise<T>;
  /** Commits what waits now. */
  flush(): void;
}

interface Waiting {
  readonly how: 'durable' | 'relaxed';
  readonly work: () => void;
  readonly done: () => void;
  readonly failed: (thrown: unknown) => void;
}

/** Waits for no clock: whatever the loop has to do by then is in it, and nothing else. */
export function createCommits(db: Database): Commits {
  let waiting: Waiting[] = [];
  let next: NodeJS.Immediate | undefined;
  const flush = (): void => {
    clearImmediate(next);
    next = undefined;
    const group = waiting;
    waiting = [];
    if (group.length === 0) return;
    const commit = group.some(({ how }) => how === 'durable') ? transaction : relaxed;
    try {
      commit(db, () => {
        for (const { work } of group) work();
      });
    } catch (thrown) {
      for (const { failed } of group) failed(thrown);
      return;
    }
    for (const { done } of group) done();
  };
  return {
    flush,
    add: (how, work) =>
      new Promise((resolve, reject) => {
        let result: ReturnType<typeof work>;
        const write = (): void => void (result = work());
        waiting.push({ how, work: write, done: () => resolve(result), failed: reject });
        // oxlint-disable-next-line eslint/no-restricted-globals -- no time passes: it waits for the end of this turn
        next ??= setImmediate(flush);
      }),
  };
}
