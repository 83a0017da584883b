import { severity, type Condition } from '../../live/words.ts';

/** Which jobs are shown, and in what order. */

export const KINDS = ['all', 'trouble', 'running', 'paused'] as const;
export type Kind = (typeof KINDS)[number];

export function kindOf(text: string | null): Kind {
  return KINDS.find((each) => each === text) ?? 'all';
}

interface Chosen {
  readonly agent: string;
  readonly name: string;
  readonly about: string;
  readonly condition: Condition;
  readonly state: string;
}

export function isKind({ condition, state }: Pick<Chosen, 'condition' | 'state'>, kind: Kind): boolean {
  if (kind === 'trouble') return condition === 'bad' || condition === 'late' || condition === 'unknown';
  if (kind === 'running') return state === 'running' || state === 'waiting' || state === 'retrying';
  return kind === 'all' || state === 'paused';
}

/** What is wrong first, then by name. @param words all of them have to be in its name, its host or what it does. */
export function choose<T extends Chosen>(jobs: readonly T[], kind: Kind, words: string): readonly T[] {
  const asked = words
    .toLowerCase()
    .split(/\s+/)
    .filter((each) => each !== '');
  return jobs
    .filter((job) => isKind(job, kind) && asked.every((word) => textOf(job).includes(word)))
    .toSorted(
      (a, b) =>
        severity(a.condition) - severity(b.condition) ||
        a.name.localeCompare(b.name) ||
        a.agent.localeCompare(b.agent),
    );
}

function textOf({ agent, name, about }: Chosen): string {
  return `${agent}/${name} ${about}`.toLowerCase();
}
