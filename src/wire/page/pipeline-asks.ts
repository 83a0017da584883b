import * as v from 'valibot';
import { INBOX_FILE_STATES, TASK_STATES } from '../../core/pipeline-states.ts';
import { name, nullableTime, text, time } from './values.ts';

/** What people ask of a daemon about its pipelines: files, tasks, stories, logs, and acts. All of it is small parts, whatever there is. */

const id = v.pipe(v.number(), v.integer(), v.minValue(0));
const most = (limit: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(limit));
/** Of files of inboxes, and of products. */
const fileState = v.picklist([...INBOX_FILE_STATES, 'current', 'superseded']);
const taskState = v.picklist(TASK_STATES);
/** `#17`, as a list has it, or a path: absolute, or below an inbox or the products. */
const fileNamed = v.pipe(v.string(), v.minLength(1), v.maxLength(4000));

const namedFile = v.object({ id: v.number(), path: text });

const file = v.object({
  id: v.number(),
  kind: v.picklist(['inbox', 'product']),
  /** The inbox that it came into, or the step that made it. */
  origin: name,
  /** Absolute. */
  path: text,
  state: name,
  /** What it waits for, or why it failed. */
  why: v.nullable(text),
  due: nullableTime,
  /** Bytes. */
  size: v.number(),
  firstSeen: time,
  settledAt: nullableTime,
  ended: nullableTime,
  /** Of a product. */
  version: v.nullable(v.number()),
  complete: v.boolean(),
});
export type PipelineFile = v.InferOutput<typeof file>;

const task = v.object({
  id: v.number(),
  step: name,
  key: text,
  state: name,
  attempt: v.number(),
  /** Of what waits: when it is looked at again. */
  due: nullableTime,
  started: nullableTime,
  ended: nullableTime,
  exit: v.nullable(text),
  error: v.nullable(text),
  inputs: v.number(),
  version: v.number(),
});

const lineage = v.array(
  v.object({
    /** 0: next to the file. Each stands behind what it leads on from. */
    depth: v.number(),
    ...file.entries,
    /** `above`: what is next to it stands where it is shown first; `cut`: there is more. */
    shown: v.picklist(['whole', 'above', 'cut']),
  }),
);

/** What `pipeline-files` and `pipeline-tasks` are asked beside the pipeline. `below`: `next` of the page before. */
const page = { below: v.nullable(id), most: most(200) };

/** Answers of lists. `next`: where to go on; null: there is no more. */
const filesPage = v.object({
  files: v.array(file),
  next: v.nullable(v.number()),
});

const tasksPage = v.object({
  tasks: v.array(
    v.object({
      ...task.entries,
      /** The files of inboxes that it goes back to: some, and how many more. */
      roots: v.array(namedFile),
      moreRoots: v.number(),
    }),
  ),
  next: v.nullable(v.number()),
});

const story = v.object({
  file: v.object({ ...file.entries, mtime: time, sha256: v.nullable(text), rev: v.number() }),
  /** Other contents of this name, the newest first. */
  others: v.array(
    v.object({ id: v.number(), rev: v.number(), state: name, firstSeen: time, size: v.number() }),
  ),
  /** What was done for it, in the order of the levels. */
  tasks: v.array(
    v.object({
      ...task.entries,
      /** Its inputs: some. */
      files: v.array(namedFile),
      runs: v.array(
        v.object({
          /** Its place among the runs of its task, from 0. */
          index: v.number(),
          attempt: v.number(),
          started: time,
          ended: nullableTime,
          outcome: v.nullable(name),
          exit: v.nullable(text),
          error: v.nullable(text),
          /** It printed something, or may do so. */
          hasLog: v.boolean(),
        }),
      ),
      moreRuns: v.number(),
      products: v.array(file),
      moreProducts: v.number(),
    }),
  ),
  moreTasks: v.number(),
  /** What it was made of, and what was made of it. */
  from: lineage,
  into: lineage,
});

const runLog = v.object({
  /** The end of it, where it is long. */
  text: v.pipe(v.string(), v.maxLength(70_000)),
  /** Of all that was kept. */
  bytes: v.number(),
  isCut: v.boolean(),
  isRunning: v.boolean(),
});

const results = v.array(v.object({ name, done: v.boolean(), message: text }));
const view = 'view' as const;
const operate = 'operate' as const;
const one = v.strictObject({ name });

/** What is asked of a daemon about its pipelines. See asks.ts. */
export const PIPELINE_ASKS = {
  /** The newest first. */
  'pipeline-files': {
    role: view,
    params: v.strictObject({
      name,
      kind: v.nullable(v.picklist(['inbox', 'product'])),
      origin: v.nullable(name),
      states: v.pipe(v.array(fileState), v.maxLength(fileState.options.length)),
      /** A part of the path, or a pattern with `*` and `?`. */
      words: v.pipe(v.string(), v.maxLength(500)),
      /** Only those of a reason of `failures`. */
      reason: v.nullable(text),
      ...page,
    }),
    value: filesPage,
  },
  /** The newest first; only those of a reason of `failures`, where one is named. */
  'pipeline-tasks': {
    role: view,
    params: v.strictObject({
      name,
      step: name,
      states: v.pipe(v.array(taskState), v.minLength(1), v.maxLength(TASK_STATES.length)),
      reason: v.nullable(text),
      ...page,
    }),
    value: tasksPage,
  },
  'pipeline-story': { role: view, params: v.strictObject({ name, file: fileNamed }), value: story },
  'pipeline-log': {
    role: view,
    params: v.strictObject({ name, task: id, run: id }),
    value: runLog,
  },
  /** What failed is done again: of a file, of a step (and a reason), or all of it. */
  'pipeline-retry': {
    role: operate,
    params: v.strictObject({
      name,
      file: v.optional(fileNamed),
      step: v.optional(name),
      reason: v.optional(text),
    }),
    value: results,
  },
  'pipeline-hold': { role: operate, params: one, value: results },
  /** Holds, and waits a while until nothing runs. */
  'pipeline-drain': { role: operate, params: one, value: results },
  'pipeline-resume': { role: operate, params: one, value: results },
  /** A file of an inbox is written down as done. */
  'pipeline-adopt': { role: operate, params: v.strictObject({ name, file: fileNamed }), value: results },
} as const;
