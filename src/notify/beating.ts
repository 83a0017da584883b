import { aborted } from './bell.ts';
import { runBeat } from './beat.ts';
import type { BeatSpec, NotifierDeps } from './notifier-options.ts';

/** The outgoing beat, as the present config has it. */
export interface Beating {
  apply(spec: BeatSpec | undefined): void;
  /** Lasts until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export function createBeating(deps: Pick<NotifierDeps, 'clock' | 'log' | 'unwell'>): Beating {
  let spec: BeatSpec | undefined;
  let changed = new AbortController();
  return {
    apply(next) {
      if (next?.url === spec?.url && next?.everyMs === spec?.everyMs) return;
      spec = next;
      changed.abort();
      changed = new AbortController();
    },
    async run(signal) {
      while (!signal.aborted) {
        const either = AbortSignal.any([signal, changed.signal]);
        if (spec === undefined) await aborted(either);
        else await runBeat({ ...deps, ...spec }, either);
      }
    },
  };
}
