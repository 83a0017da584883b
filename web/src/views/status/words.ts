import type { Condition } from '../../live/words.ts';

/** What a status page says, for people who know nothing of the machines behind it. */

export const PUBLIC_WORDS: Readonly<Record<Condition, string>> = {
  ok: 'works',
  stopped: 'stopped',
  unknown: 'not known',
  late: 'late',
  bad: 'does not work',
};

/** One sentence of everything. */
export function overall(conditions: readonly Condition[]): string {
  const of = (condition: Condition): number => conditions.filter((each) => each === condition).length;
  const all = conditions.length;
  if (all === 0) return 'There is nothing to show yet.';
  if (of('bad') === all) return all === 1 ? 'It does not work.' : 'Nothing works.';
  if (of('bad') > 0) return `${of('bad')} of ${all} ${of('bad') === 1 ? 'does' : 'do'} not work.`;
  if (of('late') > 0) return `${of('late')} of ${all} ${of('late') === 1 ? 'is' : 'are'} late.`;
  if (of('unknown') === all) return 'It is not known how things stand.';
  if (of('unknown') > 0)
    return `Of ${of('unknown')} of ${all} it is not known how ${of('unknown') === 1 ? 'it stands' : 'they stand'}.`;
  if (of('stopped') === all) return 'Everything is stopped on purpose.';
  if (of('stopped') > 0)
    return `Everything that should run works; ${of('stopped')} ${of('stopped') === 1 ? 'is' : 'are'} stopped on purpose.`;
  return 'Everything works.';
}

const DAY_MS = 86_400_000;

/** The first moment of a bar that has a letter for each day (UTC), the last of them today. @param time wall milliseconds. */
export function barSince(bar: string, time: number): number {
  return Math.floor(time / DAY_MS) * DAY_MS - Math.max(0, bar.length - 1) * DAY_MS;
}

/** `99.95 %`; never 100 where there was an outage. @param up 0 to 1. */
export function upText(up: number): string {
  if (up >= 1) return '100 %';
  const percent = Math.floor(up * 10_000) / 100;
  return `${percent >= 99.9 || percent === 0 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}

export function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

const DAYS: Readonly<Record<string, string>> = {
  o: 'no trouble',
  s: 'stopped on purpose',
  u: 'not known',
  l: 'late',
  b: 'trouble',
  '-': 'nothing known',
};

/** What a day was, in words. */
export function dayWords(letter: string): string {
  return DAYS[letter] ?? 'nothing known';
}

/** The days that were not well, for those who do not see the bar; the last ten. */
export function barWords(bar: string, since: number): string {
  const wrong = bar
    .split('')
    .flatMap((letter, at) =>
      letter === 'b' || letter === 'l' ? [`${utcDay(since + at * DAY_MS)} ${dayWords(letter)}`] : [],
    );
  if (/^-*$/.test(bar)) return 'nothing known';
  if (wrong.length === 0) return 'no trouble';
  return `${wrong.length} ${wrong.length === 1 ? 'day' : 'days'} with trouble: ${wrong.slice(-10).join(', ')}`;
}
