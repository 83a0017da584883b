import type { Job, Service } from '../../live/hub.svelte.ts';

/** What happens next by itself, and when, wall milliseconds. */
export interface Next {
  readonly what: string;
  readonly at: number;
}

export function nextOfService({ nextStartAt, watches, state }: Service): Next | undefined {
  if (nextStartAt !== null && state !== 'running') return { what: 'next start', at: nextStartAt };
  const actions = watches.flatMap(({ nextAction }) => nextAction ?? []);
  return actions.toSorted((one, other) => one.at - other.at)[0];
}

export function nextOfJob({ waiting, run, next, pause }: Job): Next | undefined {
  if (waiting !== null)
    return { what: waiting.attempt > 1 ? `try ${waiting.attempt}` : 'next run', at: waiting.at };
  const [at] = next;
  return run !== null || pause !== null || at === undefined ? undefined : { what: 'next run', at };
}
