import { LEVELS, type RecordDraft } from '../core/record.ts';
import type { Silence } from '../core/silence.ts';
import type { Outcome } from './aftermath.ts';
import type { WatchState } from './gate.ts';
import type { Judgement } from './judgement.ts';

/** What watches say to people. */

const STATE_LEVEL: Readonly<Record<WatchState, number>> = {
  new: LEVELS.info,
  ok: LEVELS.info,
  late: LEVELS.warn,
  unknown: LEVELS.warn,
  bad: LEVELS.error,
  flapping: LEVELS.error,
};

export interface About {
  /** Microseconds. */
  readonly time: number;
  readonly service: string;
  readonly life: string;
  readonly watch: string;
}

/** @param held why nothing is done about it. */
export function flipRecord(
  about: About,
  flip: { readonly from: WatchState; readonly to: WatchState },
  { value, reason, detail }: Judgement,
  held?: Silence,
): RecordDraft {
  const { from, to } = flip;
  const more = { ...(detail === undefined ? {} : { detail }), ...(held === undefined ? {} : { held }) };
  const fields = { subject: 'watch', watch: about.watch, from, to, value, reason, ...more };
  return draft(about, 'flip', STATE_LEVEL[to], `${about.watch} is ${stateWords(to)}: ${reason}`, fields);
}

/** A state in a sentence. */
export function stateWords(state: WatchState): string {
  if (state === 'new') return 'not known yet';
  return state === 'flapping' ? 'flapping (it changed more than 5 times within an hour)' : state;
}

/** Why something is done: `alive is bad: no answer within 5s`. */
export function whyActed(watch: string, { verdict, reason }: Judgement): string {
  return `${watch} is ${verdict}: ${reason}`;
}

export function noteRecord(about: About, step: 'note' | 'page', why: string): RecordDraft {
  const level = step === 'page' ? LEVELS.error : LEVELS.warn;
  return draft(about, 'note', level, why, { subject: 'watch', watch: about.watch, action: step });
}

export function actionRecord(
  about: About,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): RecordDraft {
  return draft(about, 'action', LEVELS.info, message, { subject: 'watch', watch: about.watch, ...fields });
}

/** What became of a restart by a watch. */
export function aftermathRecord(about: Omit<About, 'life'>, result: Outcome): RecordDraft {
  const { outcome, life, message, fields } = result;
  const level = outcome === 'ended' || outcome === 'failing' ? LEVELS.warn : LEVELS.info;
  const kept = { subject: 'watch', watch: about.watch, action: 'restart', outcome, ...fields };
  return draft({ ...about, life }, 'action', level, message, kept);
}

function draft(
  { time, service, life, watch }: About,
  kind: RecordDraft['kind'],
  level: number,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): RecordDraft {
  return { time, service, life, kind, level, sender: watch, message, fields };
}
