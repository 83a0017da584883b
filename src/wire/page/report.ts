import * as v from 'valibot';
import { reportedPipeline } from './pipeline.ts';
import { amount, level, name, nullableTime, text, time } from './values.ts';

/**
 * What a daemon says of itself to its hub, over the connection that ships its records (docs/hub-board.md). All of it when the connection
 * is made, then what changed. Times are wall milliseconds, null where there is none. Nothing of it is believed beyond these schemas.
 */

/**
 * How it stands, for the eye: the worst of the service and its watches. `stopped`: it is not to run (any more), and that is well;
 * `unknown`: could not look, or nobody heard.
 */
export const CONDITIONS = ['ok', 'stopped', 'unknown', 'late', 'bad'] as const;
export type Condition = (typeof CONDITIONS)[number];
const condition = v.picklist(CONDITIONS);

const silence = v.object({
  by: v.picklist(['quiet', 'snooze', 'ack', 'needs']),
  why: text,
  who: text,
  until: nullableTime,
  /** The watch that it is for; null: the service as a whole. */
  watch: v.nullable(name),
});
export type ReportedSilence = v.InferOutput<typeof silence>;

const watch = v.object({
  name,
  kind: name,
  state: v.picklist(['new', 'ok', 'late', 'bad', 'unknown', 'flapping']),
  since: time,
  value: v.nullable(text),
  reason: v.nullable(text),
  lookedAt: nullableTime,
  dueAt: nullableTime,
  nextLookAt: nullableTime,
  nextAction: v.nullable(v.object({ what: text, at: time })),
});
export type ReportedWatch = v.InferOutput<typeof watch>;

/**
 * What is drawn over time: `memory` bytes of the process tree, `rate` events a second, `lag` milliseconds, `backlog` things that wait, and
 * `watch:NAME` of watches whose value is a number.
 */
const figures = v.record(v.pipe(v.string(), v.maxLength(120)), amount);

export const reportedService = v.object({
  name,
  kind: name,
  /** The line that says what it is: its command, its stream, its unit. */
  about: text,
  state: v.picklist(['stopped', 'waiting', 'blocked', 'running', 'stopping', 'done', 'stuck', 'failed']),
  condition,
  /** The condition in a clause: `log is late: nothing for 5 m`; empty where all is well. */
  trouble: text,
  /** Since when the condition is what it is. */
  since: time,
  /** Since when the state is what it is. */
  stateSince: time,
  wanted: v.boolean(),
  boot: v.boolean(),
  ready: v.nullable(v.boolean()),
  life: v.nullable(name),
  pid: v.nullable(amount),
  startedAt: nullableTime,
  waitsFor: v.array(text),
  needs: v.array(name),
  lane: v.picklist(['fast', 'backoff', 'slow']),
  failures: amount,
  /** Counted starts within the last 10 minutes, and how many are the most. */
  starts: amount,
  mostStarts: amount,
  nextStartAt: nullableTime,
  lastExit: v.nullable(v.object({ at: time, text, level })),
  watches: v.array(watch),
  silences: v.array(silence),
  figures,
  /** Of a collector: how its stream is, in a word, and why. */
  stream: v.nullable(v.object({ connection: text, trouble: v.nullable(text), cursor: v.nullable(amount) })),
  /** Of a pipeline, once its daemon has looked at it. */
  pipeline: v.optional(reportedPipeline),
});
export type ReportedService = v.InferOutput<typeof reportedService>;

const run = v.object({
  run: name,
  attempt: amount,
  started: time,
  ended: nullableTime,
  outcome: v.nullable(name),
  summary: text,
  cause: text,
  dryRun: v.boolean(),
});

export const reportedJob = v.object({
  name,
  /** `run`, or the verb. */
  verb: name,
  about: text,
  state: v.picklist(['idle', 'running', 'waiting', 'retrying', 'paused', 'stuck']),
  standing: v.picklist(['ok', 'failed', 'late']),
  condition,
  trouble: text,
  since: time,
  run: v.nullable(
    v.object({ run: name, attempt: amount, startedAt: time, cause: text, dryRun: v.boolean() }),
  ),
  progress: v.nullable(v.object({ done: amount, total: v.nullable(amount), what: text })),
  waiting: v.nullable(v.object({ at: time, attempt: amount, cause: text })),
  blocked: v.nullable(text),
  pause: v.nullable(v.object({ who: text, why: text, at: time })),
  lateAt: nullableTime,
  last: v.nullable(run),
  next: v.array(time),
  zone: v.nullable(text),
  /** The jobs that it follows. */
  after: v.array(name),
});
export type ReportedJob = v.InferOutput<typeof reportedJob>;

export const reportedHost = v.object({
  version: text,
  host: text,
  pid: amount,
  since: time,
  config: text,
  /** Whether people may act on it through this hub. */
  acts: v.boolean(),
  /** Of the disk with the state folder, bytes; null where that cannot be seen. */
  disk: v.nullable(v.object({ free: amount, size: amount })),
  memory: v.nullable(v.object({ free: amount, size: amount })),
  /** Messages that wait to be delivered. */
  messages: amount,
});
export type ReportedHost = v.InferOutput<typeof reportedHost>;

/** Services of an agent, and jobs. */
export const MOST_REPORTED = 10_000;

/** The frame `{"action":"report", …}`. */
export const report = v.object({
  /** All that there is: what is not in it is gone. Otherwise only what changed. */
  whole: v.boolean(),
  host: v.optional(reportedHost),
  services: v.optional(v.pipe(v.array(reportedService), v.maxLength(MOST_REPORTED)), []),
  jobs: v.optional(v.pipe(v.array(reportedJob), v.maxLength(MOST_REPORTED)), []),
  /** Names that are not there any more. */
  gone: v.optional(v.object({ services: v.array(name), jobs: v.array(name) }), { services: [], jobs: [] }),
});
export type Report = v.InferOutput<typeof report>;
