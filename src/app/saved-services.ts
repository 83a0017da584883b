import { bootId } from '../core/processes.ts';
import type { PersistedService, RecordedProcess } from '../core/runner.ts';
import type { StateStore } from './state.ts';

/** What is kept of a service, and the boot of the machine that it was kept in. */
export type Saved = PersistedService & { readonly boot: string };

/** What was last kept of a service; undefined where nothing was. */
export function loadSaved(state: StateStore, name: string): Saved | undefined {
  return state.load(name) as Saved | undefined;
}

/** Keeps what a runner says of its service. */
export function persistIn(state: StateStore): (name: string, persisted: PersistedService) => void {
  return (name, persisted) => state.save(name, { ...persisted, boot: bootId() } satisfies Saved);
}

/** The main processes of the last daemon's lives, as far as they were written down. */
export function recordedProcesses(state: StateStore): readonly RecordedProcess[] {
  return state.names().flatMap((name) => loadSaved(state, name)?.process ?? []);
}

/**
 * In whose name a service begins. A stop on purpose holds until a person starts it or the machine boots (promise 6), so
 * within one boot the daemon itself only starts what is still wanted. A person's reload counts like a person's start.
 */
export function startedBy(saved: Saved | undefined, changed: boolean): 'person' | 'boot' | 'vahti' {
  if (saved === undefined || saved.boot !== bootId()) return 'boot';
  return changed && saved.wanted ? 'person' : 'vahti';
}
