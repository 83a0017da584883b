import * as v from 'valibot';
import { duration, schedule } from '../../core/fields.ts';
import { parseSchedule, scheduleText } from '../../core/schedule.ts';
import type { BeatInbox } from '../beats/inbox.ts';
import { type BeatReading, judgeKept, keptBeats } from '../beats/kept.ts';
import { judgeBeats } from '../beats/judge.ts';
import { type BeatRules, beginOf, every, scheduled } from '../beats/promise.ts';
import type { LookRequest, Watcher, WatchKind } from '../kind.ts';
import type { Judgement, WatchedLife } from '../judgement.ts';

const options = v.strictObject({
  within: v.pipe(v.optional(duration), v.description('The time from one beat to the next.')),
  at: v.pipe(
    v.optional(schedule),
    v.description(
      'When beats are due, instead of `within`; without a zone it is in the `zone` of the config.',
    ),
  ),
  'max-run': v.pipe(
    v.optional(duration),
    v.description(
      'How long a run may take: after a beat that says "start", a success or a failure has to come within it.',
    ),
  ),
});
type Options = v.InferOutput<typeof options>;

const HOUR_MS = 3_600_000;

/** Somebody says that the service lives, or that its work began, succeeded or failed; and is missed when nothing is said. */
export const beat: WatchKind<Options> = {
  kind: 'beat',
  main: 'within',
  options,
  everyMs: 10_000,
  timeoutMs: 5000,
  // A beat is what happened, not a sample of it: the first one that fails, fails.
  defaults: ({ at, 'max-run': maxRun }) => ({
    fail: { times: 1, of: 1 },
    ok: 1,
    // What is due at a time is sent when the work is done, unless it says when it begins.
    ...(at === undefined || maxRun !== undefined ? {} : { graceMs: HOUR_MS }),
  }),
  ownGrace: true,
  completed(written, zone) {
    const at = typeof written['at'] === 'string' ? parseSchedule(written['at'], zone) : undefined;
    return at?.ok === true ? { ...written, at: scheduleText(at.value) } : written;
  },
  problems({ within, at }) {
    if (within !== undefined && at !== undefined)
      return ['cannot tell when a beat is due: write "within" or "at", not both'];
    if (within === 0) return ['cannot wait for beats with no time between them: "within" is 0'];
    return within === undefined && at === undefined
      ? ['cannot tell when a beat is due: write a duration (beat: 2m), or "at" and a schedule']
      : [];
  },
  open(_, { beats, graceMs }) {
    if (beats === undefined) throw new Error('cannot open a beat watch where no beats come in');
    return watchBeats(beats, graceMs);
  },
  replay: {
    source: () => ['beat'],
    judge(given, { graceMs }) {
      const rules = beatRules(given);
      return (reading, moment) => judgeKept(reading as unknown as BeatReading, moment, graceMs, rules);
    },
  },
};

/** What an inbox goes by, as the config says it. */
export function beatRules({ within, at, 'max-run': maxRunMs }: Options): BeatRules {
  const timetable = at === undefined ? every(within ?? 0) : scheduled(at);
  return { timetable, maxRunMs };
}

/** The last look: of what, and what comes next by it. */
interface Seen {
  readonly life: string;
  readonly begin: number;
  readonly now: number;
  readonly due: Judgement['due'];
}

function watchBeats(beats: BeatInbox, graceMs: number): Watcher {
  let seen: Seen | undefined;
  const isOld = (life: WatchedLife): boolean =>
    seen?.life !== life.id || seen.begin !== beginOf(life) || beats.news();
  return {
    look({ now, life, keep }: LookRequest) {
      const state = beats.look({ now, life }, graceMs);
      keep?.(keptBeats(state, beats.rules()));
      const judged = judgeBeats(state, { now, life }, graceMs, beats.rules());
      seen = { life: life.id, begin: beginOf(life), now, due: judged.due };
      return Promise.resolve(judged);
    },
    dueAt(life) {
      if (seen === undefined || isOld(life)) return 0;
      const { due, now } = seen;
      if (due === undefined) return undefined;
      return [due.at, due.badAt].find((at) => at > now);
    },
    onNews: (listener) => beats.onTaken(listener),
    close() {
      beats.onTaken(undefined);
      return Promise.resolve();
    },
  };
}
