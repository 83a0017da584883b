import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Clock } from '../core/clock.ts';
import { type FolderLock, lockFolder } from '../core/folder-lock.ts';
import type { RecordStore } from '../core/record.ts';
import { err, ok, type Result } from '../core/result.ts';
import { openSqliteStore } from '../hub/store/sqlite.ts';
import { openOutbox, type Outbox } from '../notify/outbox.ts';
import type { Plan } from './plan.ts';
import { openState, statePaths, type StatePaths, type StateStore } from './state.ts';

/** A state folder that is ours: nobody else has it open. */
export interface OpenFolder {
  readonly paths: StatePaths;
  readonly state: StateStore;
  readonly store: RecordStore;
  /** What people are yet to be told. */
  readonly outbox: Outbox;
  readonly lock: FolderLock;
}

export interface FolderTrouble {
  readonly kind: 'locked' | 'failed';
  readonly message: string;
}

/** Takes the state folder of a plan; makes it where there is none. @param what who takes it, for whoever finds it taken. */
export function openFolder(plan: Plan, what: string, clock: Clock): Result<OpenFolder, FolderTrouble> {
  const paths = statePaths(plan.state);
  const failed = (message: string) => err<FolderTrouble>({ kind: 'failed', message });
  try {
    for (const folder of [paths.folder, paths.logs, paths.run])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    return failed(`cannot make the state folder ${paths.folder}: ${(error as Error).message}`);
  }
  const locked = lockFolder(paths.folder, { what, clock });
  if (!locked.ok)
    return err({ kind: locked.error.kind === 'held' ? 'locked' : 'failed', message: locked.error.message });
  const lock = locked.value;
  const state = openState(paths.folder);
  if (!state.ok) {
    lock.release();
    return failed(state.error.message);
  }
  const { logsMs, historyMs, bytes } = plan.keep;
  const keep = { ageMs: { logs: logsMs, other: historyMs }, bytes };
  const { agent } = state.value;
  const store = openSqliteStore({ path: paths.records, agent, host: hostname(), clock, keep });
  if (!store.ok) {
    state.value.close();
    lock.release();
    return failed(store.error.message);
  }
  const outbox = openOutbox(paths.outbox);
  if (!outbox.ok) {
    store.value.close();
    state.value.close();
    lock.release();
    return failed(outbox.error.message);
  }
  return ok({ paths, lock, state: state.value, store: store.value, outbox: outbox.value });
}

export function closeFolder({ store, state, lock, outbox }: OpenFolder): void {
  outbox.close();
  store.close();
  state.close();
  lock.release();
}
