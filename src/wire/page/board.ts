import * as v from 'valibot';
import { CONDITIONS, reportedHost, reportedJob, reportedService } from './report.ts';
import { name, nullableTime, text, time } from './values.ts';

/** The present of all agents that somebody may see, as the page gets it: `GET /api/board`, and the same as frames of `/ws`. */

const boardAgent = v.object({
  agent: name,
  connected: v.boolean(),
  /** Since when it is connected, or is not. */
  since: time,
  /** When it last said how it stands; null: never. */
  heardAt: nullableTime,
  /** What it said last; null where it never said anything. */
  host: v.nullable(reportedHost),
});
export type BoardAgent = v.InferOutput<typeof boardAgent>;

/** Where its agent is away the condition is `unknown`; the rest is as it was last heard. */
const boardService = v.object({ agent: name, ...reportedService.entries });
export type BoardService = v.InferOutput<typeof boardService>;

const boardJob = v.object({ agent: name, ...reportedJob.entries });
export type BoardJob = v.InferOutput<typeof boardJob>;

export const board = v.object({
  /** The hub's clock. */
  time,
  version: text,
  agents: v.array(boardAgent),
  services: v.array(boardService),
  jobs: v.array(boardJob),
});
export type Board = v.InferOutput<typeof board>;

const named = v.object({ agent: name, name });

/**
 * `{"event":"board", …}` after `{"action":"board","id":1}`, whose answer is a Board: what changed since. Things come whole.
 */
export const boardChange = v.object({
  time,
  /** It is all that there is, in the place of changes that a slow reader missed. */
  whole: v.optional(v.boolean(), false),
  agents: v.optional(v.array(boardAgent), []),
  services: v.optional(v.array(boardService), []),
  jobs: v.optional(v.array(boardJob), []),
  gone: v.optional(v.object({ agents: v.array(name), services: v.array(named), jobs: v.array(named) }), {
    agents: [],
    services: [],
    jobs: [],
  }),
});
export type BoardChange = v.InferOutput<typeof boardChange>;

/** 24 h in 96 slots of 15 minutes, 90 days in 90 slots of a day (UTC). */
export const BAR_RANGES = ['24h', '90d'] as const;
export type BarRange = (typeof BAR_RANGES)[number];

/** A letter for each slot, the oldest first: the worst that it was for a noticeable part of it. `-`: nothing is known. */
export const BAR_LETTERS = { ok: 'o', stopped: 's', unknown: 'u', late: 'l', bad: 'b', none: '-' } as const;

export const bars = v.object({
  since: time,
  /** Milliseconds of a slot. */
  step: v.number(),
  slots: v.number(),
  services: v.array(
    v.object({
      agent: name,
      name,
      bar: text,
      /** Of the time that is known and wanted, how much was ok; 0 to 1. */ up: v.nullable(v.number()),
    }),
  ),
});
export type Bars = v.InferOutput<typeof bars>;

/** One service's slots, for whoever points at one: seconds of each condition. */
export const barSlots = v.object({
  since: time,
  step: v.number(),
  slots: v.array(
    v.object({
      at: time,
      ok: v.number(),
      stopped: v.number(),
      unknown: v.number(),
      late: v.number(),
      bad: v.number(),
      exits: v.number(),
    }),
  ),
});
export type BarSlots = v.InferOutput<typeof barSlots>;

const column = v.array(v.nullable(v.number()));

/** The last hour in minutes of some services, for small charts. The names are those of the figures. */
export const sparks = v.object({
  since: time,
  step: v.number(),
  services: v.array(v.object({ agent: name, name, figures: v.record(v.string(), column) })),
});
export type Sparks = v.InferOutput<typeof sparks>;

/** One service's figures over time: a time for each value; minutes where they are kept, else hours. */
export const series = v.object({
  since: time,
  until: time,
  step: v.number(),
  times: v.array(time),
  figures: v.record(v.string(), column),
});
export type Series = v.InferOutput<typeof series>;

/** `GET /api/status-page`: for everybody, without a token; only what the config of the hub chose. */
export const statusPage = v.object({
  title: text,
  time,
  /** The worst of all. */
  condition: v.picklist(CONDITIONS),
  services: v.array(
    v.object({
      /** What the config calls it. */
      label: text,
      condition: v.picklist(CONDITIONS),
      since: nullableTime,
      bar: text,
      up: v.nullable(v.number()),
    }),
  ),
});
export type StatusPage = v.InferOutput<typeof statusPage>;
