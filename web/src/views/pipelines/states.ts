import type { Service } from '../../live/hub.svelte.ts';

/** How states of tasks and files are said and shown. */

export type Pipeline = NonNullable<Service['pipeline']>;
export type Step = Pipeline['steps'][number];
export type Inbox = Pipeline['inboxes'][number];
export type Counts = Readonly<Record<string, number>>;

/** `busy` is worked on, `waits` for a moment or for others, `open` may be worked on. */
export type Tone = 'bad' | 'waits' | 'busy' | 'open' | 'good' | 'over';

const TONES: Readonly<Record<string, Tone>> = {
  failed: 'bad',
  parked: 'bad',
  partial: 'bad',
  retry: 'waits',
  deferred: 'waits',
  gathering: 'waits',
  waiting: 'waits',
  settling: 'waits',
  seen: 'waits',
  running: 'busy',
  installing: 'busy',
  ready: 'open',
  done: 'good',
  warned: 'good',
  current: 'good',
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'over';
}

const WORDS: Readonly<Record<string, string>> = {
  retry: 'retrying',
  warned: 'with warnings',
};

export function stateWord(state: string): string {
  return WORDS[state] ?? state;
}

/** What each means, for whoever does not know the words. */
export const STATE_MEANS: Readonly<Record<string, string>> = {
  gathering: 'waits for more inputs',
  ready: 'can be worked on as soon as there is room',
  running: 'is worked on now',
  installing: 'its products are being put in their places',
  retry: 'has failed, and is tried again by itself',
  deferred: 'asked to be looked at again later',
  done: 'came to its end, with its products',
  warned: 'came to its end, with warnings',
  skipped: 'nothing was made of it this time',
  ignored: 'nothing is made of it for good',
  failed: 'has failed: somebody has to look',
  parked: 'a person has to look: it took its runner with it, or somebody said so',
  cancelled: 'was cut into smaller ones',
  partial: 'some of what goes back to it has failed',
  waiting: 'is whole, and waits for its delay, its gate or its group',
  settling: 'is looked at until it does not change any more',
  seen: 'was seen for the first time',
  gone: 'is not there any more',
  current: 'is there',
  superseded: 'another content has taken its place',
};

/** What a person looks for first. */
export const TASK_ORDER = [
  'failed',
  'parked',
  'running',
  'installing',
  'ready',
  'gathering',
  'retry',
  'deferred',
  'done',
  'warned',
  'skipped',
  'ignored',
  'cancelled',
] as const;

/** What is done again by a retry, all of it. */
export const BAD = ['failed', 'parked'] as const;

export const FILE_ORDER = [
  'failed',
  'parked',
  'partial',
  'ready',
  'waiting',
  'settling',
  'seen',
  'done',
  'ignored',
  'gone',
] as const;

/** Products, too. */
export const ALL_FILE_STATES = [...FILE_ORDER, 'current', 'superseded'] as const;

export function sumOf(counts: Counts, states: readonly string[]): number {
  return states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

export interface Chip {
  readonly label: string;
  readonly count: number;
  readonly tone: Tone;
  /** What it counts. */
  readonly states: readonly string[];
}

const GROUPS: readonly Omit<Chip, 'count'>[] = [
  { label: 'failed', tone: 'bad', states: ['failed', 'parked'] },
  { label: 'running', tone: 'busy', states: ['running', 'installing'] },
  { label: 'ready', tone: 'open', states: ['ready'] },
  { label: 'waiting', tone: 'waits', states: ['gathering', 'retry', 'deferred'] },
];
const FILE_GROUPS: readonly Omit<Chip, 'count'>[] = [
  { label: 'failed', tone: 'bad', states: ['failed', 'parked', 'partial'] },
  { label: 'in work', tone: 'open', states: ['ready'] },
  { label: 'waiting', tone: 'waits', states: ['seen', 'settling', 'waiting'] },
];

function chipsOf(counts: Counts, groups: readonly Omit<Chip, 'count'>[]): readonly Chip[] {
  return groups
    .map((group) => ({ ...group, count: sumOf(counts, group.states) }))
    .filter(({ count }) => count > 0);
}

/** What is not over of a step, and what has failed. */
export function taskChips(counts: Counts): readonly Chip[] {
  return chipsOf(counts, GROUPS);
}

export function fileChips(counts: Counts): readonly Chip[] {
  return chipsOf(counts, FILE_GROUPS);
}

/** What came to its end well. */
export function doneOf(counts: Counts): number {
  return sumOf(counts, ['done', 'warned']);
}

/** How many tasks of a step failed for a reason; undefined where its reasons are not all in the report. */
export function countOf(
  {
    steps,
    failures,
    moreFailures,
    failuresCut,
  }: Pick<Pipeline, 'steps' | 'failures' | 'moreFailures' | 'failuresCut'>,
  step: string,
  reason: string,
): number | undefined {
  const group = failures.find((each) => each.of === step && each.reason === reason);
  if (group !== undefined) return group.count;
  const bad = sumOf(steps.find(({ name }) => name === step)?.tasks ?? {}, BAD);
  return bad === 0 || (moreFailures === 0 && !failuresCut) ? 0 : undefined;
}

/** Sums over a whole pipeline. */
export function totalsOf({
  steps,
  running,
  moreRunning,
  badFiles = 0,
}: Pick<Pipeline, 'steps' | 'running' | 'moreRunning' | 'badFiles'>): {
  readonly failed: number;
  readonly running: number;
  readonly minute: number;
  readonly hour: number;
} {
  const sum = (of: (step: Step) => number): number => steps.reduce((all, step) => all + of(step), 0);
  return {
    failed: badFiles + sum(({ tasks }) => sumOf(tasks, BAD)),
    running: running.length + moreRunning,
    minute: sum(({ minute }) => minute),
    hour: sum(({ hour }) => hour),
  };
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What it said last of an error of several lines, and how it ended before that. */
export function shortError(error: string): string {
  const lines = error
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [first = '', last = ''] = [lines[0], lines.at(-1)];
  const head = /^(?:[^:\n]{1,100}: )?(?:exit code \S+?|ended by \w+):/.exec(first)?.[0];
  return lines.length < 2 || head === undefined ? last : `${head} ${last}`;
}

/** How a run ended: by a code, or by a signal. */
export function exitWord(exit: string): string {
  return /^\d+$/.test(exit) ? `exit code ${exit}` : exit;
}
