import { InvalidArgumentError } from 'commander';
import { systemClock } from '../core/clock.ts';
import { parseDuration } from '../core/durations.ts';

/** A moment of the past as an option has it, wall milliseconds: a duration ago, or a date. @throws InvalidArgumentError */
export function readPastTime(text: string): number {
  const duration = parseDuration(text);
  if (duration.ok) return systemClock.now() - duration.value;
  const date = Date.parse(text);
  if (Number.isNaN(date))
    throw new InvalidArgumentError('Write a duration such as 10m, or a time such as 2026-11-22T01:00Z.');
  return date;
}
