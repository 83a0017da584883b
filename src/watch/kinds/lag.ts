import * as v from 'valibot';
import { lookUp } from '../../core/expression-conditions.ts';
import { duration, text } from '../../core/fields.ts';
import type { Judgement, LookRequest, WatchContext, WatchKind } from '../kind.ts';
import { CLOCK_TOLERANCE_MS } from './age.ts';
import { late, ok, span, unknown } from './judgement.ts';
import { followRecords } from './latest-record.ts';
import { timeOf } from './log-lines.ts';
import { matching } from './options.ts';
import { pattern } from './record.ts';

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
export const lag: WatchKind<Options> = {
  kind: 'lag',
  main: 'field',
  options,
  everyMs: 15_000,
  timeoutMs: 5000,
  problems({ field, file, pattern: form }) {
    if (field !== undefined || (file === undefined && form === undefined)) return [];
    return [`cannot find the time of an event without "field", the field that has it`];
  },
  open: ({ field, max, ...source }, context) =>
    field === undefined ? watchFigures(max, context) : watchField(field, max, source, context),
};

function watchField(
  field: string,
  maxMs: number,
  given: Pick<Options, 'file' | 'pattern'>,
  context: WatchContext,
) {
  const steps = field.split('.');
  const timeIn = (values: Readonly<Record<string, unknown>>) => timeOf(lookUp(values, steps));
  const read = followRecords(
    {
      file: given.file,
      pattern: given.pattern === undefined ? undefined : new RegExp(given.pattern, 'u'),
      counts: (values) => timeIn(values) !== undefined,
    },
    context,
  );
  const name = given.file ?? 'the output';
  return {
    async look(request: LookRequest): Promise<Judgement> {
      const latest = await read(request);
      if (!latest.ok) return unknown(`cannot read ${name}: ${latest.reason}`);
      const { record, missing } = latest.value;
      const time = record === undefined ? undefined : timeIn(record.values);
      return judgeLag({
        now: request.now,
        startedAt: request.life.startedAt,
        maxMs,
        lag: time === undefined ? undefined : request.now - time,
        none: missing
          ? `there is no file ${name}`
          : `${name} has no record of this life with a time in ${field}`,
      });
    },
  };
}

function watchFigures(maxMs: number, { figures, service }: WatchContext) {
  return {
    async look({ now, life, signal }: LookRequest): Promise<Judgement> {
      const given = await figures(signal);
      if (given === undefined)
        return unknown(`${service} gives no figures; where it is no built-in kind, name a field`);
      const known = given['lag'];
      return judgeLag({
        now,
        startedAt: life.startedAt,
        maxMs,
        lag: typeof known === 'number' ? known : undefined,
        none: `${service} has committed no event in this life`,
      });
    },
  };
}
