import type { AssessedAlarm } from '../app/try/assess.ts';
import type { TrialResult } from '../app/try/trial.ts';
import { clockTime } from '../app/clock-time.ts';
import { approximateDuration } from '../core/durations.ts';
import { paint, printable } from './output.ts';
import { stateLines } from './try-picture.ts';

/** More lines than these of one sort are counted, not shown. */
const MOST_LINES = 20;

/** What a trial found, for people. @param what the watch, in a line. */
export function trialText(what: string, result: TrialResult, colour: boolean): string {
  const { notes, spans, range } = result;
  const lines = [
    paint(colour, 'bold', printable(what)),
    sourceLine(result),
    statesLine(result),
    ...flipLines(result),
    ...actionLines(result),
    ...alarmLines(result),
    ...otherLines(result),
    '',
    ...stateLines(spans, range, colour),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `Note: ${note}.`)]),
  ];
  return `${lines.join('\n')}\n`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

function sourceLine({ from, looks, lives, range, pauseMs }: TrialResult): string {
  const at = `${count(looks, 'look')} at ${count(lives, 'life').replace('lifes', 'lives')}`;
  const when = `from ${clockTime(range.since)} to ${clockTime(range.until)}`;
  return from === 'looks'
    ? `Judged by ${at}, one every ${approximateDuration(pauseMs)}, ${when}.`
    : `Judged by what the service printed, as if by ${at}, ${when}.`;
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  new: 'not known yet',
  unknown: 'unable to look',
};

function statesLine({ durations, range, pauseMs }: TrialResult): string {
  const whole = range.until - range.since;
  const worthTelling = durations.filter(({ ms }, place) => place === 0 || ms >= pauseMs);
  const parts = worthTelling.map(({ state, ms }) => {
    const share = (ms / whole) * 100;
    const percent = share > 99.95 || share < 0.05 ? '' : ` (${share.toFixed(1)}%)`;
    const word = state === null ? 'not looked at' : (STATE_WORDS[state] ?? state);
    return `${word} for ${approximateDuration(ms)}${percent}`;
  });
  return `It would have been ${parts.join(', ')}.`;
}

/** A heading and its lines, no more than can be read. */
function section(heading: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - MOST_LINES;
  const shown = lines.slice(0, MOST_LINES).map((line) => `  ${printable(line)}`);
  return ['', heading, ...shown, ...(more > 0 ? [`  … and ${more} more; --json has all of them`] : [])];
}

function flipLines({ flips }: TrialResult): string[] {
  if (flips.length === 0) return ['', 'It would never have changed.'];
  const lines = flips.map(({ at, from, to, reason }) => `${clockTime(at)}  ${from} → ${to}: ${reason}`);
  return section(`It would have changed ${count(flips.length, 'time')}:`, lines);
}

function actionLines({ actions }: TrialResult): string[] {
  if (actions.length === 0) return ['', 'It would have done nothing.'];
  const lines = actions.map(({ at, step, life }) => `${clockTime(at)}  ${step} (life ${life})`);
  return section('It would have done:', lines);
}

function alarmLines({ alarms }: TrialResult): string[] {
  const alone = alarms.filter(({ signs }) => signs.length === 0).length;
  const maybe = alone === 0 ? '' : `, ${alone} of them perhaps false: nothing else tells of trouble then`;
  if (alarms.length === 0) return ['', 'No alarm.'];
  return section(`${count(alarms.length, 'alarm')}${maybe}:`, alarms.map(alarmLine));
}

const LIVE_WORDS = new Map([
  [true, ', as it was live'],
  [false, ', live it was well'],
  [null, ''],
]);

function alarmLine({ from, to, worst, live, signs, actions, heldBy, reason }: AssessedAlarm): string {
  const long = to === null ? 'to the end' : `for ${approximateDuration(to - from)}`;
  const held = heldBy === null ? '' : `, held back (${heldBy})`;
  const ended = to !== null && actions.length === 0 ? ', over by itself' : '';
  const [sign] = signs;
  const told =
    sign === undefined
      ? 'nothing else tells of trouble'
      : `${sign.text} (${clockTime(sign.at)}${signs.length > 1 ? `, and ${signs.length - 1} more` : ''})`;
  return `${clockTime(from)}  ${worst} ${long}${LIVE_WORDS.get(live)}${held}${ended}: ${reason}; ${told}`;
}

function otherLines({ gone, unseen }: TrialResult): string[] {
  const lived = gone.map(({ from, to, worst }) => {
    const long = to === null ? '' : ` for ${approximateDuration(to - from)}`;
    return `${clockTime(from)}  ${worst}${long}`;
  });
  const signs = unseen.map(({ at, text }) => `${clockTime(at)}  ${text}`);
  return [
    ...section('Alarms that there were, live, and that it would not have had:', lived),
    ...section('Trouble without an alarm of this watch:', signs),
  ];
}
