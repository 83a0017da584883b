import type { Readable } from 'node:stream';
import * as v from 'valibot';
import { createLineSplitter } from '../core/lines.ts';
import type { VerbOutcome } from '../core/verb.ts';

/** What a verb says on its descriptor: lines of JSON, `{"progress":…}` again and again, `{"outcome":…}` once. */

/** The descriptor that a verb tells on. */
export const VERB_FD = 3;

export interface RunProgress {
  readonly done: number;
  readonly total: number | null;
  readonly what: string;
}

const MOST_TEXT = 2000;
const LONGEST_LINE = 1_048_576;
const short = v.pipe(
  v.string(),
  v.transform((text) => text.slice(0, MOST_TEXT)),
);

const line = v.union([
  v.object({ progress: v.object({ done: v.number(), total: v.nullable(v.number()), what: short }) }),
  v.object({
    outcome: v.object({
      kind: v.picklist(['done', 'partly', 'failed', 'deferred']),
      summary: short,
      counts: v.record(v.string(), v.number()),
      refused: v.array(v.object({ path: short, reason: short })),
    }),
  }),
]);

export interface VerbTalk {
  /** What it said came of it; undefined where it did not say. */
  outcome(): VerbOutcome | undefined;
}

/** Reads what a verb says; what is none of it is left out. */
export function listenToVerb(pipe: Readable | null, progress: (at: RunProgress) => void): VerbTalk {
  let outcome: VerbOutcome | undefined;
  const take = (text: string): void => {
    const said = v.safeParse(line, parsed(text));
    if (!said.success) return;
    if ('progress' in said.output) progress(said.output.progress);
    else outcome = said.output.outcome;
  };
  const splitter = createLineSplitter({
    maxBytes: LONGEST_LINE,
    onLine: (bytes) => take(bytes.toString('utf8')),
  });
  pipe?.on('data', (chunk: Buffer) => splitter.push(chunk));
  pipe?.on('error', () => {});
  return { outcome: () => outcome };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
