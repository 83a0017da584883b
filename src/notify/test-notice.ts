import type { Notice } from '../core/channel.ts';
import { LEVELS } from '../core/record.ts';
import type { NotifierDeps } from './notifier-options.ts';

/** What `vahti notify test CHANNEL` sends. */
export function testNotice(
  channel: string,
  id: string,
  { host, clock }: Pick<NotifierDeps, 'host' | 'clock'>,
): Notice {
  const now = clock.now();
  return {
    id,
    thread: id,
    event: 'test',
    host,
    at: now,
    title: `test of the channel ${channel} on ${host}`,
    level: LEVELS.info,
    items: [],
    lines: ['A person asked for this message. Nothing is in trouble because of it.'],
    snooze: '',
    dueAt: null,
    triedAt: now,
  };
}
