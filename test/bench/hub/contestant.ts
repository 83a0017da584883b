import type { SentRecord } from '../../../src/hub/blocks/writer.ts';

/** A store that takes batches durably and answers the questions of the bench, in a process of its own. */
export interface Contestant {
  readonly name: string;
  /** @param now when they are taken, microseconds. */
  append(records: readonly SentRecord[], now: number): void | Promise<void>;
  /** Whatever it does on its own time, to its end. */
  settle(): void | Promise<void>;
  bytes(): number | Promise<number>;
  /** How many rows the answer has. */
  readonly questions: Readonly<Record<QuestionName, (ask: Ask) => number | Promise<number>>>;
  /** Deletes what was taken before a time, microseconds, and gives its bytes back; answers with the bytes that are left. */
  purge(before: number): number | Promise<number>;
  close(): void | Promise<void>;
}

export interface Ask {
  /** When the newest record happened, microseconds. */
  readonly end: number;
  readonly sender: string;
  readonly rare: string;
  readonly frequent: string;
}

export const QUESTIONS = {
  newest: 'the newest 100',
  seconds: 'the last 10 s',
  sender: 'the last 10 s of one sender',
  errors: 'the newest 1,000 errors of the last hour',
  rare: 'a text that few have, in all',
  frequent: 'the newest 100 with a frequent word',
  minutes: 'the count per minute and level, of all',
} as const;
export type QuestionName = keyof typeof QUESTIONS;
