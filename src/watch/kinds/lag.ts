import * as path from 'node:path';
import * as v from 'valibot';
import type { Values } from '../../core/expression.ts';
import { lookUp } from '../../core/expression-conditions.ts';
import { duration, text } from '../../core/fields.ts';
import type { LookRequest, WatchContext } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import { CLOCK_TOLERANCE_MS } from './age.ts';
import { late, ok, span, unknown, OUTPUT } from './judgement.ts';
import { followRecords, readLines, type RecordSource } from './latest-record.ts';
import { timeOf } from './log-lines.ts';
import type { Read } from './one-at-a-time.ts';
import { compiledPattern, matching, pattern } from './options.ts';
import { OWN_FIGURES, type OwnFigures, readOwnFigures } from './own-figures.ts';
import { splitKind } from './split-kind.ts';

const options = v.strictObject({
  max: v.pipe(duration, v.description('How far behind the clock the time of the latest event may be.')),
  field: v.pipe(
    v.optional(
      matching('a field such as time or commit.time', /^[^\s.[\]]+(\.[^\s.[\]]+)*$/, ['commit_time']),
    ),
    v.description(
      'The field with the time of the event: RFC 3339, or seconds, ms, µs or ns since 1970. Without it, the lag that a built-in kind knows.',
    ),
  ),
  file: v.pipe(
    v.optional(text('a file')),
    v.description('A file of JSON lines; without it, what the service prints. Needs `field`.'),
  ),
  pattern: v.pipe(
    v.optional(pattern),
    v.description('For lines of plain text: its named groups are the fields. Needs `field`.'),
  ),
});
type Options = v.InferOutput<typeof options>;

export interface LagEvidence {
  readonly now: number;
  readonly startedAt: number;
  readonly maxMs: number;
  /** How far behind the latest event of this life is, milliseconds; below 0: ahead; undefined: there is none. */
  readonly lag: number | undefined;
  /** What is said where there is none. */
  readonly none: string;
}

/** Judges a lag; where there is no event in this life, it is unknown first, and late once `maxMs` has passed since the start. */
export function judgeLag({ now, startedAt, maxMs, lag, none }: LagEvidence): Judgement {
  const limit = `${span(maxMs)} at most`;
  if (lag === undefined) {
    const waited = now - startedAt;
    return waited > maxMs
      ? late(null, `${none}, ${span(waited)} after its start, ${limit}`)
      : unknown(`${none}; it has ${span(maxMs)} for it, ${span(waited)} are over`);
  }
  if (lag < -CLOCK_TOLERANCE_MS)
    return unknown(`the latest event has a time ${span(-lag)} ahead of the clock`, `${span(-lag)} ahead`);
  const behind = Math.max(0, lag);
  const reason = `the latest event is ${span(behind)} behind the clock`;
  const value = `${span(behind)} behind`;
  return behind > maxMs ? late(value, `${reason}, ${limit}`) : ok(value, reason);
}

/** The events are recent, by their own time. */
export const lag = splitKind<Options, Read<EventTime> | OwnFigures>({
  kind: 'lag',
  main: 'field',
  options,
  everyMs: 15_000,
  timeoutMs: 5000,
  problems({ field, file, pattern: form }, { figures }) {
    const byItself = file === undefined && form === undefined && figures.includes('lag');
    if (field !== undefined || byItself) return [];
    const only = file === undefined && form === undefined ? '; only a collector knows its lag by itself' : '';
    return [`cannot find the time of an event without "field", the field that has it${only}`];
  },
  reader: ({ field, file, pattern: form }, context) =>
    field === undefined ? readOwnFigures(context) : readTime(field, file, form, context),
  judge: (given, { service }) => {
    const { field, max } = given;
    return (reading, { now, life }) => {
      const judge = (behind: number | undefined, none: string) =>
        judgeLag({ now, startedAt: life.startedAt, maxMs: max, lag: behind, none });
      if (field === undefined || 'given' in reading) {
        const { given: answered, lag: behind } = reading as OwnFigures;
        return answered
          ? judge(behind, `${service} has committed no event in this life`)
          : unknown(`${service} gives no figures; where it is no built-in kind, name a field`);
      }
      const name = nameOf(given);
      if (!reading.ok) return unknown(`cannot read ${name}: ${reading.reason}`);
      const { time, missing } = reading.value;
      const none = missing
        ? `there is no file ${name}`
        : `${name} has no record of this life with a time in ${field}`;
      return judge(time === undefined ? undefined : now - time, none);
    };
  },
  source: ({ field, file, pattern: form }, { folder }) =>
    field === undefined
      ? OWN_FIGURES
      : ['lag', field, file === undefined ? '' : path.resolve(folder, file), form ?? ''],
  lines({ field, file, pattern: form }) {
    if (field === undefined || file !== undefined) return undefined;
    const timeIn = timeReader(field);
    const { take, latest } = readLines(sourceOf(timeIn, file, form));
    return {
      take,
      reading(moment) {
        const record = latest(moment);
        const time = record === undefined ? undefined : timeIn(record.values);
        return { ok: true, value: { missing: false, time } };
      },
    };
  },
});

/** The time of the latest event, wall milliseconds; undefined where there is none in this life. */
interface EventTime {
  readonly time: number | undefined;
  readonly missing: boolean;
}

type TimeReader = (values: Values) => number | undefined;

function timeReader(field: string): TimeReader {
  const steps = field.split('.');
  return (values) => timeOf(lookUp(values, steps));
}

function sourceOf(timeIn: TimeReader, file: string | undefined, form: string | undefined): RecordSource {
  return {
    file,
    pattern: form === undefined ? undefined : compiledPattern(form),
    counts: (values) => timeIn(values) !== undefined,
  };
}

const nameOf = ({ file }: Pick<Options, 'file'>): string => file ?? OUTPUT;

function readTime(
  field: string,
  file: string | undefined,
  form: string | undefined,
  context: WatchContext,
): (request: LookRequest) => Promise<Read<EventTime>> {
  const timeIn = timeReader(field);
  const read = followRecords(sourceOf(timeIn, file, form), context);
  return async (request) => {
    const latest = await read(request);
    if (!latest.ok) return latest;
    const { record, missing } = latest.value;
    return { ok: true, value: { missing, time: record === undefined ? undefined : timeIn(record.values) } };
  };
}
