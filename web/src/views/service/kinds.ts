import type { Row } from '../../../../src/client/types.ts';
import { levelName } from '../../live/words.ts';
import type { IconName } from '../../ui/icon.svelte';

export type Kind = Row['kind'];

/** In the order of their lanes. */
export const KINDS: readonly Kind[] = [
  'flip',
  'start',
  'exit',
  'action',
  'notification',
  'delivery',
  'job',
  'gap',
  'note',
  'log',
];

/** Log lines have their own place; here they are shown when somebody asks for them. */
export const USUAL: readonly Kind[] = KINDS.filter((kind) => kind !== 'log');

export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  flip: 'flips',
  start: 'starts',
  exit: 'exits',
  action: 'actions',
  notification: 'notifications',
  delivery: 'deliveries',
  job: 'job runs',
  gap: 'gaps',
  note: 'notes',
  log: 'log lines',
};

export const KIND_ICONS: Readonly<Record<Kind, IconName>> = {
  flip: 'late',
  start: 'play',
  exit: 'stop',
  action: 'restart',
  notification: 'bell',
  delivery: 'check',
  job: 'jobs',
  gap: 'warning',
  note: 'more',
  log: 'logs',
};

/** Which are wanted, as the address says: none said, the usual ones. */
export function readKinds(query: URLSearchParams): readonly Kind[] {
  const said = query.getAll('kind');
  const chosen = KINDS.filter((kind) => said.includes(kind));
  return chosen.length === 0 ? USUAL : chosen;
}

/** What the address says of them; nothing where they are the usual ones. */
export function writeKinds(kinds: readonly Kind[]): readonly Kind[] {
  return kinds.length === USUAL.length && USUAL.every((kind) => kinds.includes(kind)) ? [] : kinds;
}

export type Tone = 'bad' | 'late' | 'plain' | 'faint';

export function toneOf(level: number): Tone {
  const name = levelName(level);
  if (name === 'error' || name === 'fatal') return 'bad';
  if (name === 'warn') return 'late';
  return name === 'info' ? 'plain' : 'faint';
}
