import * as v from 'valibot';
import { PIPELINE_ASKS } from './pipeline-asks.ts';
import { level, name, nullableTime, recordEntries, text, time } from './values.ts';

/**
 * What people ask of a daemon through its hub: `POST /api/ask/METHOD` with `{agent, params, why?}` at the hub, which hands it on as
 * `{"event":"ask","ask":ID,"method","params","who","why"}`; the daemon answers `{"action":"answer","ask":ID,"value"}` or
 * `{"action":"answer","ask":ID,"error":{"code","message"}}`. Anything else than these methods is refused at both ends.
 */

const names = v.pipe(v.array(name), v.minLength(1), v.maxLength(100));
const results = v.array(v.object({ name, done: v.boolean(), message: text }));

const record = v.object({ seq: v.number(), ...recordEntries });

const runRow = v.object({
  job: name,
  run: name,
  request: name,
  attempt: v.number(),
  cause: name,
  by: text,
  due: time,
  started: time,
  ended: nullableTime,
  outcome: v.nullable(name),
  summary: text,
  exit: v.nullable(v.number()),
  counts: v.record(v.string(), v.number()),
  coalesced: v.number(),
  dryRun: v.boolean(),
});

const silence = v.object({
  by: name,
  why: text,
  who: text,
  until: nullableTime,
  at: nullableTime,
  service: v.nullable(name),
  watch: v.nullable(name),
});

const notifications = v.object({
  channels: v.array(
    v.object({
      name,
      configured: v.boolean(),
      pending: v.number(),
      error: text,
      nextTryAt: nullableTime,
      lastDeliveredAt: nullableTime,
      nextDigestAt: nullableTime,
    }),
  ),
  incidents: v.array(
    v.object({
      id: name,
      service: name,
      subject: text,
      state: name,
      level,
      since: time,
      reason: text,
      channels: v.array(
        v.object({
          channel: name,
          toldAt: nullableTime,
          lastAt: nullableTime,
          by: v.nullable(name),
          why: text,
          until: nullableTime,
        }),
      ),
    }),
  ),
  messages: v.array(
    v.object({
      id: name,
      channel: name,
      event: name,
      title: text,
      state: v.picklist(['pending', 'failing', 'refused', 'delivered', 'folded', 'dropped']),
      at: time,
      dueAt: time,
      tries: v.number(),
      error: text,
      deliveredAt: nullableTime,
      detail: text,
      foldedInto: text,
    }),
  ),
});

/** A part file of a collector, or a gap between: what the calendar shows. */
const part = v.object({
  /** `2026-11-22/20261122T14.ndjson` */
  path: text,
  /** What it covers, by the stream's time; null where it has no manifest yet. */
  from: nullableTime,
  to: nullableTime,
  lines: v.nullable(v.number()),
  bytes: v.number(),
  state: v.picklist(['open', 'closed', 'archived']),
  /** The jobs that proved it elsewhere. */
  proved: v.array(name),
});

const parts = v.object({
  /** `hour`, `day` or what the config says. */
  every: text,
  parts: v.array(part),
  gaps: v.array(
    v.object({
      from: nullableTime,
      to: nullableTime,
      reason: text,
      /** How much is missing, in words. */ missing: text,
    }),
  ),
  /** Parts that are not here any more: how many were purged, and up to when. */
  purged: v.object({ parts: v.number(), until: nullableTime }),
  /** Only the newest of them are in `parts`. */
  cut: v.boolean(),
});

/** A service or job as it is planned: what `vahti plan` shows, secrets as they are written. */
const planned = v.object({
  file: text,
  lines: v.array(
    v.object({ key: text, value: text, /** Where it comes from: `written`, `default`, … */ from: text }),
  ),
});

const explanation = v.object({ because: v.array(text), evidence: v.array(record) });

const view = 'view' as const;
const operate = 'operate' as const;
const none = v.strictObject({});
const one = v.strictObject({ name });
const many = v.strictObject({ names });

/** Who may ask for what, and what it takes and gives. Those of `operate` need a reason. */
export const ASKS = {
  explain: { role: view, params: one, value: explanation },
  'job-explain': { role: view, params: one, value: explanation },
  'job-history': {
    role: view,
    params: v.strictObject({
      names: v.array(name),
      limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
    }),
    value: v.array(runRow),
  },
  plan: { role: view, params: one, value: planned },
  'job-plan': { role: view, params: one, value: planned },
  parts: {
    role: view,
    params: v.strictObject({ name, since: time, until: time }),
    value: parts,
  },
  silences: { role: view, params: none, value: v.array(silence) },
  notifications: {
    role: view,
    params: v.strictObject({
      pending: v.boolean(),
      most: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
    }),
    value: notifications,
  },
  start: { role: operate, params: many, value: results },
  stop: { role: operate, params: many, value: results },
  restart: { role: operate, params: many, value: results },
  /** Names are SERVICE, SERVICE/WATCH or job/NAME. */
  snooze: { role: operate, params: v.strictObject({ names, until: time }), value: results },
  'snooze-end': { role: operate, params: many, value: results },
  ack: { role: operate, params: many, value: results },
  'job-run': {
    role: operate,
    params: v.strictObject({ name, dryRun: v.boolean() }),
    value: v.object({ run: v.nullable(name), lines: v.array(text) }),
  },
  'job-pause': { role: operate, params: many, value: results },
  'job-resume': { role: operate, params: many, value: results },
  /** Tries a message that waits at once. */
  'notification-retry': { role: operate, params: v.strictObject({ id: name }), value: v.null() },
  'notification-drop': { role: operate, params: v.strictObject({ id: name }), value: v.null() },
  'notify-test': { role: operate, params: v.strictObject({ channel: name }), value: text },
  ...PIPELINE_ASKS,
} as const;

export type AskMethod = keyof typeof ASKS;
export type AskParams<M extends AskMethod> = v.InferOutput<(typeof ASKS)[M]['params']>;
export type AskValue<M extends AskMethod> = v.InferOutput<(typeof ASKS)[M]['value']>;

/** The body of `POST /api/ask/METHOD`. */
export const askBody = v.strictObject({
  agent: name,
  params: v.record(v.string(), v.unknown()),
  why: v.optional(v.pipe(v.string(), v.maxLength(1000)), ''),
});

/** The frame with which a daemon answers. */
export const answerFrame = v.object({
  ask: name,
  value: v.optional(v.unknown()),
  error: v.optional(v.object({ code: name, message: text })),
});

/** The event with which a hub asks. */
export const askEvent = v.object({
  ask: name,
  method: v.picklist(Object.keys(ASKS) as AskMethod[]),
  params: v.record(v.string(), v.unknown()),
  /** `ada`, as the hub knows who asks. */
  who: name,
  why: text,
});
export type AskEvent = v.InferOutput<typeof askEvent>;
