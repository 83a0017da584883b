import { parseDuration } from '../../core/durations.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Schedule } from '../../core/schedule.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { After, Late } from '../../jobs/job.ts';
import { parseTimes } from '../../jobs/times.ts';
import type { Options } from './keyed.ts';
import { type Notes, report } from './notes.ts';

/** When a job is due, what it follows, and when it is late, as it is written. What is wrong is told. */

/** Where an item of a list is written, which may stand alone. */
export function place(
  { source }: Notes,
  at: readonly string[],
  key: string,
  index: number,
): readonly (string | number)[] {
  const written = at.reduce<unknown>((value, part) => (value as Options | undefined)?.[part], source.value);
  return Array.isArray((written as Options)[key]) ? [...at, key, index] : [...at, key];
}

export function readTimes(
  notes: Notes,
  at: readonly (string | number)[],
  text: string,
  zone: string,
): Schedule | undefined {
  const times = parseTimes(text, zone);
  if (times.ok) return times.value;
  report(notes, 'error', at, 'value', times.error);
  return undefined;
}

export function readAfter(notes: Notes, at: readonly (string | number)[], text: string): After | undefined {
  const [job = '', word, ...more] = text.trim().split(/\s+/);
  if (job !== '' && more.length === 0 && (word === undefined || word === 'failed'))
    return { job, on: word === undefined ? 'ok' : 'failed' };
  const hint = word === undefined ? '' : didYouMean(word, ['failed']);
  report(
    notes,
    'error',
    at,
    'value',
    `cannot read ${JSON.stringify(text)}: write NAME, or NAME failed${hint}`,
  );
  return undefined;
}

export function lateOf(notes: Notes, at: readonly string[], text: string, zone: string): { late?: Late } {
  const late = readLate(text, zone);
  if (late.ok) return { late: late.value };
  report(notes, 'error', at, 'value', late.error);
  return {};
}

function readLate(text: string, zone: string): Result<Late, string> {
  if (/:|\s/.test(text.trim())) {
    const by = parseTimes(text, zone);
    return by.ok ? ok({ by: by.value }) : by;
  }
  const afterMs = parseDuration(text);
  if (afterMs.ok && afterMs.value > 0) return ok({ afterMs: afterMs.value });
  return err(afterMs.ok ? 'cannot be late at once: write a longer duration' : afterMs.error);
}
