import type { IconName } from '../ui/icon.svelte';
import type { Act } from './acts.ts';

export const ACT_ICONS: Readonly<Record<Act, IconName>> = {
  start: 'play',
  stop: 'stop',
  restart: 'restart',
  snooze: 'snooze',
  'snooze-end': 'bell',
  ack: 'check',
  'job-run': 'play',
  'job-pause': 'pause',
  'job-resume': 'play',
};
