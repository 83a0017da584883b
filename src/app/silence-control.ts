import * as v from 'valibot';
import type { Clock } from '../core/clock.ts';
import { RpcError, type RpcMethods } from '../core/rpc.ts';
import type { Subject } from '../watch/holds.ts';
import { ownTrouble } from './holding-back.ts';
import { jobsNext } from './job-next.ts';
import { jobService } from '../jobs/job.ts';
import type { Jobs } from './jobs.ts';
import { createNext, type Next } from './next.ts';
import type { Target } from './said-silences.ts';
import type { ListedSilence } from './silences.ts';
import type { Supervised, Supervision } from './supervision.ts';

/** Longer than this nobody remembers it; windows are for what comes again. */
const LONGEST_SNOOZE_MS = 90 * 86_400_000;

const targets = v.array(v.pipe(v.string(), v.nonEmpty()));
const who = v.pipe(v.string(), v.nonEmpty(), v.maxLength(200));
const why = v.pipe(v.string(), v.maxLength(1000));

/** The parameters of the methods for silences, checked where they come in. `names` are SERVICE or SERVICE/WATCH; none is everything. */
const SILENCE_PARAMS = {
  snooze: v.strictObject({
    names: targets,
    until: v.pipe(v.number(), v.safeInteger()),
    why: v.pipe(why, v.nonEmpty()),
    who,
  }),
  'snooze-end': v.strictObject({ names: targets, why, who }),
  ack: v.strictObject({ names: v.pipe(targets, v.minLength(1)), why, who }),
  silences: v.strictObject({}),
  next: v.strictObject({}),
} as const;

/** What came of it for a target: `web`, `web/alive`, `everything`. */
export interface SilenceResult {
  readonly name: string;
  readonly done: boolean;
  readonly message: string;
}

/** Whom it is about, why, and who says so. */
interface Said {
  readonly names: readonly string[];
  readonly why: string;
  readonly who: string;
}

/** The methods for silences and for what comes next, as the typed client of the control socket sees them. */
export interface SilenceApi {
  readonly snooze: {
    readonly params: Said & { readonly until: number };
    readonly value: readonly SilenceResult[];
  };
  readonly 'snooze-end': {
    readonly params: Said;
    readonly value: readonly SilenceResult[];
  };
  readonly ack: { readonly params: Said; readonly value: readonly SilenceResult[] };
  /** Every window that is in force, and everything that people said. */
  readonly silences: { readonly params: Record<string, never>; readonly value: readonly ListedSilence[] };
  readonly next: { readonly params: Record<string, never>; readonly value: Next };
}

export interface SilenceControlTarget {
  readonly supervision: Pick<Supervision, 'get' | 'all' | 'holding'>;
  readonly clock: Clock;
  readonly jobs: Jobs;
}

/** The methods for silences behind the control socket. */
export function silenceMethods({ supervision, clock, jobs }: SilenceControlTarget): RpcMethods<SilenceApi> {
  const { silences } = supervision.holding;
  const find = (text: string): Subject => jobTarget(text, jobs) ?? targetOf(text, supervision);
  const next = createNext(supervision, [(now) => jobsNext(jobs.status(now), now)]);
  return {
    snooze: {
      params: SILENCE_PARAMS.snooze,
      handle({ names, ...said }) {
        checkEnd(said.until, clock.now());
        const found = names.length === 0 ? [EVERYTHING] : names.map(find);
        for (const target of found) silences.snooze(target, said);
        return found.map((target) => ({ name: textOf(target), done: true, message: 'is snoozed' }));
      },
    },
    'snooze-end': {
      params: SILENCE_PARAMS['snooze-end'],
      handle({ names, ...said }) {
        const found = names.map(find);
        const kept = silences.kept().snoozes;
        const meant =
          names.length === 0 ? kept : kept.filter((snooze) => found.some((each) => isIn(snooze, each)));
        for (const target of meant) silences.endSnooze(target, said);
        const ended = meant.map((target) => result(target, true, 'is not snoozed any more'));
        const none = found.filter((target) => !meant.some((snooze) => isIn(snooze, target)));
        const others = silences.kept().snoozes;
        return [...ended, ...none.map((target) => result(target, true, notSnoozed(target, others)))];
      },
    },
    ack: {
      params: SILENCE_PARAMS.ack,
      handle: ({ names, ...said }) => {
        const found = names.map(find);
        return found.flatMap((target) => {
          const incidents = jobIncidents(target, jobs) ?? incidentsOf(target, supervision);
          for (const subject of incidents) silences.ack(subject, said);
          const known = incidents.map((subject) =>
            result(subject, true, 'is acknowledged until it is well again'),
          );
          return known.length > 0
            ? known
            : [result(target, false, 'is well: there is nothing to acknowledge')];
        });
      },
    },
    silences: { params: SILENCE_PARAMS.silences, handle: () => silences.list(clock.now()) },
    next: { params: SILENCE_PARAMS.next, handle: () => next(clock.now()) },
  };
}

const EVERYTHING: Target = { service: null, watch: null };

function checkEnd(until: number, now: number): void {
  if (until <= now) throw new RpcError('bad-end', 'cannot snooze until a time that is over');
  if (until - now > LONGEST_SNOOZE_MS)
    throw new RpcError(
      'bad-end',
      'cannot snooze for more than 90 days: write a window into `quiet:` of the config',
    );
}

function textOf({ service, watch }: Target): string {
  if (service === null) return 'everything';
  return watch === null ? service : `${service}/${watch}`;
}

function result(target: Target, done: boolean, message: string): SilenceResult {
  return { name: textOf(target), done, message };
}

/** Whether a snooze is of a target, or of a part of it. */
function isIn(snooze: Target, target: Target): boolean {
  return snooze.service === target.service && (target.watch === null || snooze.watch === target.watch);
}

function notSnoozed(target: Target, others: readonly Target[]): string {
  const wider = others.find(
    ({ service, watch }) => service === null || (service === target.service && watch === null),
  );
  return wider === undefined ? 'is not snoozed' : `is not snoozed by itself, but ${textOf(wider)} is`;
}

/** What is wrong within a target: the service itself, and each of its watches. */
function incidentsOf({ service, watch }: Subject, supervision: Pick<Supervision, 'get'>): readonly Subject[] {
  const found = supervision.get(service) as Supervised;
  const own =
    watch === null && ownTrouble(found.service.snapshot()) !== undefined ? [{ service, watch }] : [];
  const watches = found
    .watches()
    .watches.filter((each) => watch === null || each.name === watch)
    .filter(({ state }) => state !== 'ok' && state !== 'new');
  return [...own, ...watches.map(({ name }) => ({ service, watch: name }))];
}

/** Reads `job/NAME`; undefined where it means no job. @throws RpcError where there is none of that name. */
function jobTarget(text: string, { scheduler }: Jobs): Subject | undefined {
  if (!text.startsWith(jobService(''))) return undefined;
  const known = scheduler.all().map(({ job }) => jobService(job.name));
  if (known.includes(text)) return { service: text, watch: null };
  throw new RpcError('unknown-service', `cannot find a job "${text}"`, { name: text, known });
}

/** A job that failed or is late, as the one thing to know of; undefined where it is no job. */
function jobIncidents({ service }: Subject, { scheduler }: Jobs): readonly Subject[] | undefined {
  const found = scheduler.all().find(({ job }) => jobService(job.name) === service);
  if (found === undefined) return undefined;
  return found.state.standing === 'ok' ? [] : [{ service, watch: null }];
}

/** Reads SERVICE or SERVICE/WATCH. @throws RpcError where there is none. */
function targetOf(text: string, supervision: Pick<Supervision, 'get' | 'all'>): Subject {
  const slash = text.indexOf('/');
  const service = slash < 0 ? text : text.slice(0, slash);
  const watch = slash < 0 ? null : text.slice(slash + 1);
  const found = supervision.get(service);
  if (found === undefined) {
    const known = supervision.all().map(({ planned }) => planned.name);
    throw new RpcError('unknown-service', `cannot find a service "${service}"`, { name: service, known });
  }
  const watches = (found.planned.watch ?? []).map(({ name }) => name);
  if (watch !== null && !watches.includes(watch)) {
    const message = `cannot find a watch "${watch}" of ${service}`;
    throw new RpcError('unknown-watch', message, { name: watch, known: watches });
  }
  return { service, watch };
}
