import * as path from 'node:path';
import * as v from 'valibot';
import { duration, integer } from '../../core/fields.ts';
import type { LookRequest, WatchContext } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import { eachFile } from './found-files.ts';
import { bad, late, ok, span, unknown } from './judgement.ts';
import { oneAtATime, type Read } from './one-at-a-time.ts';
import { files } from './options.ts';
import { OWN_FIGURES, type OwnFigures, readOwnFigures } from './own-figures.ts';
import { splitKind } from './split-kind.ts';
import { type Sample, slope, spanned, withSample } from './trend.ts';

const options = v.strictObject({
  files: v.pipe(
    v.optional(files),
    v.description('The files that wait; without them, what a built-in kind says of its own backlog.'),
  ),
  max: v.pipe(v.optional(integer(0, 1_000_000_000)), v.description('How many may wait.')),
  oldest: v.pipe(
    v.optional(duration),
    v.description(
      'How long one may wait, from when it came, or from the start of the life where that is later.',
    ),
  ),
  growing: v.pipe(
    v.optional(duration),
    v.description(
      'It is late when over so long a time, in one life, some always wait and they do not get fewer.',
    ),
  ),
});
type Options = v.InferOutput<typeof options>;

/** The trend that is shown where nobody asks for one. */
const DEFAULT_WINDOW_MS = 3_600_000;

/** What waits at one moment. */
export interface Waiting {
  readonly count: number;
  /** When the one that waits longest came, wall milliseconds. */
  readonly oldestAt: number | undefined;
}

export interface BacklogEvidence extends Waiting {
  readonly now: number;
  readonly startedAt: number;
  /** Counts of this life, the last of them now. */
  readonly samples: readonly Sample[];
}

export type BacklogLimits = Pick<Options, 'max' | 'oldest' | 'growing'>;

/** Judges a backlog: too many are bad; too old, or not getting fewer, is late. */
export function judgeBacklog(evidence: BacklogEvidence, limits: BacklogLimits): Judgement {
  const { count, oldestAt, now, startedAt } = evidence;
  const waited = oldestAt === undefined ? 0 : Math.max(0, now - Math.max(oldestAt, startedAt));
  const age = oldestAt === undefined ? '' : `, the oldest for ${span(Math.max(0, now - oldestAt))}`;
  const value = count === 0 ? 'nothing waits' : `${count} wait${age}`;
  const trend = trendOf(evidence, limits);
  const reason = trend === undefined ? value : `${value}; ${trend}`;
  if (limits.max !== undefined && count > limits.max) return bad(value, `${reason}; ${limits.max} at most`);
  if (limits.oldest !== undefined && waited > limits.oldest) {
    const since =
      oldestAt !== undefined && oldestAt < startedAt ? `, ${span(waited)} of it in this life` : '';
    return late(value, `${reason}${since}; ${span(limits.oldest)} at most`);
  }
  if (limits.growing !== undefined && isGrowing(evidence.samples, limits.growing)) {
    const first = evidence.samples[0]?.value ?? count;
    return late(
      value,
      `${reason}; there were ${first} ${span(spanned(evidence.samples))} ago, and always some`,
    );
  }
  return ok(value, reason);
}

/** Over the whole window some wait, and neither its ends nor its trend show that they get fewer. */
export function isGrowing(samples: readonly Sample[], windowMs: number): boolean {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 3 || spanned(samples) < windowMs)
    return false;
  return last.value >= first.value && slope(samples) >= 0 && samples.every(({ value }) => value > 0);
}

const HOUR_MS = 3_600_000;

/** The trend in words, once it has been seen for a quarter of its window. */
function trendOf({ samples, count }: BacklogEvidence, { max, growing }: BacklogLimits): string | undefined {
  if (samples.length < 3 || spanned(samples) < (growing ?? DEFAULT_WINDOW_MS) / 4) return undefined;
  const perMs = slope(samples);
  const perHour = Math.round(perMs * HOUR_MS * 10) / 10;
  if (perHour === 0) return undefined;
  if (perMs < 0)
    return `${-perHour} fewer an hour${count > 0 ? `, none in about ${span(count / -perMs)}` : ''}`;
  const more = `${perHour} more an hour`;
  return max === undefined || count > max
    ? more
    : `${more}, over ${max} in about ${span((max - count) / perMs)}`;
}

/** What waits does not become too much, too old, or ever more. */
export const backlog = splitKind<Options, Read<Waiting> | OwnFigures>({
  kind: 'backlog',
  main: 'files',
  options,
  everyMs: 60_000,
  timeoutMs: 30_000,
  problems({ files: waiting, max, oldest, growing }, { figures }) {
    const unknowable = waiting === undefined && !figures.includes('backlog');
    const unlimited = max === undefined && oldest === undefined && growing === undefined;
    return [
      ...(unknowable ? ['cannot tell what waits without "files", the files that wait'] : []),
      ...(unlimited ? ['cannot judge a backlog without any of "max", "oldest" and "growing"'] : []),
    ];
  },
  reader: ({ files: pattern }, context) =>
    pattern === undefined ? readOwnFigures(context) : readFiles(pattern, context),
  judge(given, { service }) {
    const windowMs = given.growing ?? DEFAULT_WINDOW_MS;
    let samples: readonly Sample[] = [];
    let lifeId: string | undefined;
    return (reading, { now, life }) => {
      const waiting = 'given' in reading ? ownBacklog(reading, service) : reading;
      if (!waiting.ok) return unknown(waiting.reason);
      if (lifeId !== life.id) samples = [];
      lifeId = life.id;
      samples = withSample(samples, { at: now, value: waiting.value.count }, windowMs);
      return judgeBacklog({ ...waiting.value, now, startedAt: life.startedAt, samples }, given);
    };
  },
  source: ({ files: pattern }, { folder }) =>
    pattern === undefined ? OWN_FIGURES : ['backlog', path.resolve(folder, pattern)],
});

function readFiles(pattern: string, { clock, folder }: WatchContext) {
  const read = oneAtATime(clock, async ({ signal }): Promise<Waiting> => {
    let count = 0;
    let oldestAt: number | undefined;
    const whole = await eachFile(pattern, folder, signal, (file) => {
      count++;
      // When it came, not when it was made: copies keep that.
      if (oldestAt === undefined || file.ctime < oldestAt) oldestAt = file.ctime;
    });
    if (!whole) throw new Error('too many files for its timeout');
    return { count, oldestAt };
  });
  return async (request: LookRequest): Promise<Read<Waiting>> => {
    const found = await read(request);
    return found.ok ? found : { ok: false, reason: `cannot look at ${pattern}: ${found.reason}` };
  };
}

function ownBacklog({ backlog: count, oldest: oldestAt }: OwnFigures, service: string): Read<Waiting> {
  if (count !== undefined) return { ok: true, value: { count, oldestAt } };
  return {
    ok: false,
    reason: `${service} gives no figures of a backlog; where it is no pipeline, name files`,
  };
}
