import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { readJsonFile, writeFileAtomic } from '../../../core/atomic-file.ts';
import type { Files } from '../../../core/files.ts';

/** A part of a log that is copied, and is to be given back. */
const cut = v.object({
  /** First byte, and the one behind the last. */
  from: v.number(),
  to: v.number(),
  /** The copy, below the root. */
  path: v.string(),
  sha256: v.string(),
});
export type Cut = v.InferOutput<typeof cut>;

const mark = v.object({
  /** Which file it is of: number and birth, as a name may get another file. */
  ino: v.number(),
  birth: v.number(),
  /** Behind the last byte that was cut off. */
  done: v.number(),
  /** What is being cut off. */
  cut: v.optional(cut),
});

/** How far a log was cut off; a small file beside it, `.NAME.rotated`. */
export type Mark = v.InferOutput<typeof mark>;

/** @param log absolute. */
function markPath(log: string): string {
  return join(dirname(log), `.${basename(log)}.rotated`);
}

export function isMark(path: string): boolean {
  return /^\..+\.rotated$/s.test(basename(path));
}

/** Undefined where there is none, or none that can be read: then the front of the log says how far it was cut off. */
export async function readMark(log: string): Promise<Mark | undefined> {
  const read = await readJsonFile(markPath(log));
  const parsed = read.ok ? v.safeParse(mark, read.value) : undefined;
  return parsed?.success === true ? parsed.output : undefined;
}

/** Durable when it resolves. */
export async function writeMark(files: Files, log: string, what: Mark): Promise<void> {
  await writeFileAtomic(markPath(log), `${JSON.stringify(what)}\n`, { mode: 0o600, files });
}
