import * as v from 'valibot';
import { amount, name, nullableTime, text, time } from './values.ts';

/** How a pipeline stands, as its daemon reports it: small, whatever the pipeline has. */

/** By state; states without any are not there. */
const counts = v.record(v.pipe(v.string(), v.maxLength(40)), amount);

/** What is kept of each; a daemon says no more. */
export const MOST_IN_PIPELINE = { inboxes: 50, steps: 150, running: 20, failures: 12 } as const;

export const reportedPipeline = v.object({
  /** A process works on it; otherwise it is as its ledger has it. */
  works: v.boolean(),
  /** Why nothing new begins; null: nothing is held. */
  held: v.nullable(text),
  onError: v.picklist(['continue', 'stop']),
  /** Files that may be worked on and are not done. */
  backlog: amount,
  /** Since when the oldest of them may be. */
  oldest: nullableTime,
  /** When a run last came to its end. */
  progressed: nullableTime,
  /** Since when nothing runs; null while something does. */
  idleSince: nullableTime,
  inboxes: v.pipe(
    v.array(v.object({ name, root: text, match: text, reference: v.boolean(), files: counts })),
    v.maxLength(MOST_IN_PIPELINE.inboxes),
  ),
  /** In the order of their levels. */
  steps: v.pipe(
    v.array(
      v.object({
        name,
        level: amount,
        /** Inboxes and steps that it takes from. */
        from: v.array(name),
        each: v.picklist(['file', 'group', 'batch']),
        enabled: v.boolean(),
        /** Of a periodic one: when it runs, and the next time. */
        at: v.nullable(text),
        nextAt: nullableTime,
        timeoutMs: amount,
        concurrency: amount,
        /** Tasks by state. */
        tasks: counts,
        /** Tasks that ended with a product in the last minute, and in the last hour. */
        minute: amount,
        hour: amount,
      }),
    ),
    v.maxLength(MOST_IN_PIPELINE.steps),
  ),
  /** The longest first. */
  running: v.pipe(
    v.array(
      v.object({
        task: amount,
        step: name,
        key: text,
        attempt: amount,
        started: time,
        inputs: amount,
        /** The first of them, absolute. */
        first: text,
      }),
    ),
    v.maxLength(MOST_IN_PIPELINE.running),
  ),
  moreRunning: amount,
  /** What has failed and was not mended, by step (or inbox) and reason, the newest first. */
  failures: v.pipe(
    v.array(v.object({ of: name, reason: text, count: amount, last: time })),
    v.maxLength(MOST_IN_PIPELINE.failures),
  ),
  /** Groups that are not in it. */
  moreFailures: amount,
  /** Files that failed before their first step: no step counts them. */
  badFiles: v.optional(amount, 0),
  /** Only the newest failures were looked at. */
  failuresCut: v.boolean(),
});
export type ReportedPipeline = v.InferOutput<typeof reportedPipeline>;
