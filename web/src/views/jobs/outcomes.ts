import type { IconName } from '../../ui/icon.svelte';

/** How the end of a run is said and drawn. */
export interface OutcomeLook {
  readonly word: string;
  /** The tone of its colour: one of the conditions, or `running`. */
  readonly tone: 'ok' | 'late' | 'bad' | 'unknown' | 'stopped' | 'running';
  readonly icon: IconName;
  /** How much of a lane it fills: what is wrong stands out without any colour. */
  readonly height: 'full' | 'most' | 'half';
  readonly pattern: 'plain' | 'striped' | 'hollow';
}

const LOOKS: Readonly<Record<string, OutcomeLook>> = {
  ok: { word: 'ok', tone: 'ok', icon: 'ok', height: 'half', pattern: 'plain' },
  partly: { word: 'partly', tone: 'late', icon: 'warning', height: 'most', pattern: 'striped' },
  failed: { word: 'failed', tone: 'bad', icon: 'bad', height: 'full', pattern: 'plain' },
  timeout: { word: 'timed out', tone: 'bad', icon: 'late', height: 'full', pattern: 'striped' },
  skipped: { word: 'left out', tone: 'stopped', icon: 'right', height: 'half', pattern: 'hollow' },
  cancelled: { word: 'cancelled', tone: 'stopped', icon: 'stopped', height: 'half', pattern: 'plain' },
  interrupted: { word: 'interrupted', tone: 'unknown', icon: 'unknown', height: 'most', pattern: 'striped' },
};
const RUNNING: OutcomeLook = {
  word: 'running',
  tone: 'running',
  icon: 'play',
  height: 'half',
  pattern: 'plain',
};
const OTHER: OutcomeLook = {
  word: 'ended',
  tone: 'unknown',
  icon: 'unknown',
  height: 'most',
  pattern: 'striped',
};

/** @param outcome of the run; null while it runs. One that this page does not know is shown as it is called. */
export function lookOf(outcome: string | null): OutcomeLook {
  if (outcome === null) return RUNNING;
  return LOOKS[outcome] ?? { ...OTHER, word: outcome };
}

const WORST_FIRST = ['failed', 'timeout', 'interrupted', 'partly', 'cancelled', null, 'ok', 'skipped'];

/** The one that people have to know of. */
export function worstOf(outcomes: readonly (string | null)[]): string | null {
  return WORST_FIRST.find((each) => outcomes.includes(each)) ?? outcomes[0] ?? null;
}

/** For a legend. */
export const SHOWN_OUTCOMES = [
  'ok',
  'partly',
  'failed',
  'timeout',
  'interrupted',
  'cancelled',
  'skipped',
] as const;
