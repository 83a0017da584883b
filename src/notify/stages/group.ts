import type { Telling } from '../telling.ts';
import type { ChannelTiming } from './stage.ts';

export const GROUP_MS = 10_000;

/** When the message of a channel closes: so long after the first news that it carries. */
export function closesAt(waiting: readonly Telling[], { groupMs = GROUP_MS }: ChannelTiming): number {
  return Math.min(...waiting.flatMap((telling) => telling.waiting?.since ?? [])) + groupMs;
}
