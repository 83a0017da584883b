import * as fs from 'node:fs';
import * as path from 'node:path';
import * as v from 'valibot';
import { duration, text } from '../../core/fields.ts';
import { errorCode } from '../../core/result.ts';
import type { LookRequest } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import { judgeAge } from './age.ts';
import { span, unknown, OUTPUT } from './judgement.ts';
import { readTail } from './log-tail.ts';
import { oneAtATime, type Read } from './one-at-a-time.ts';
import { splitKind } from './split-kind.ts';

const options = v.strictObject({
  file: v.pipe(
    v.optional(text('a file')),
    v.description('The log file; without it, what the service prints.'),
  ),
  within: v.pipe(duration, v.description('How long it may be silent.')),
});
type Options = v.InferOutput<typeof options>;

/** A log file as it is at one look. Times are wall milliseconds. */
export interface LogStat {
  readonly inode: number;
  readonly size: number;
  readonly mtime: number;
}

/** What is known of a log file over several looks. */
export interface LogMemory {
  readonly stat: LogStat;
  /** When somebody last wrote to it; undefined where all that was seen is that it was replaced. */
  readonly writtenAt: number | undefined;
  /** When it was replaced or cut without a write since; undefined where there was one. */
  readonly replacedAt: number | undefined;
}

/**
 * What a look adds. A file that was replaced or cut was not written by that: a rotation leaves the time of the last write as
 * it was, until the new file grows. So a writer that goes on with the old, deleted file is silent here, as it is for readers.
 */
export function remember(before: LogMemory | undefined, stat: LogStat): LogMemory {
  if (before === undefined) return { stat, writtenAt: stat.mtime, replacedAt: undefined };
  const replaced = stat.inode !== before.stat.inode || stat.size < before.stat.size;
  if (replaced) return { stat, writtenAt: before.writtenAt, replacedAt: stat.mtime };
  const untouched = stat.size === before.stat.size && stat.mtime === before.stat.mtime;
  return untouched ? { ...before, stat } : { stat, writtenAt: stat.mtime, replacedAt: undefined };
}

export interface LogEvidence extends Pick<LookRequest, 'now'> {
  readonly startedAt: number;
  readonly withinMs: number;
  readonly file: string;
  /** Undefined where the file was never there. */
  readonly memory: LogMemory | undefined;
}

/** Judges a log by the age of the last write of this life. */
export function judgeLog({ now, startedAt, withinMs, file, memory }: LogEvidence): Judgement {
  const judged = judgeAge({
    now,
    startedAt,
    at: memory?.writtenAt,
    withinMs,
    subject: file,
    did: 'was written',
    none:
      memory === undefined && file !== OUTPUT ? `there is no log ${file}` : `nothing was written to ${file}`,
  });
  if (memory?.replacedAt === undefined || judged.verdict === 'ok') return judged;
  return {
    ...judged,
    reason: `${judged.reason}; it was replaced or cut ${span(now - memory.replacedAt)} ago and not written since`,
  };
}

const silence = splitKind<Options, Read<LogStat | undefined>>({
  kind: 'log',
  main: 'file',
  options,
  everyMs: 15_000,
  timeoutMs: 5000,
  reader(given, { clock, folder, capturedLog }) {
    const file = given.file === undefined ? capturedLog : path.resolve(folder, given.file);
    return oneAtATime(clock, () => statLog(file));
  },
  judge(given) {
    const name = given.file ?? OUTPUT;
    let memory: LogMemory | undefined;
    return (found, { now, life }) => {
      if (!found.ok) return unknown(`cannot look at ${name}: ${found.reason}`);
      // Between two files of a rotation there is none for a moment: what is known stays.
      if (found.value !== undefined) memory = remember(memory, found.value);
      return judgeLog({ now, startedAt: life.startedAt, withinMs: given.within, file: name, memory });
    };
  },
  source: ({ file }, { folder }) => ['log', file === undefined ? '' : path.resolve(folder, file)],
  lines(given) {
    if (given.file !== undefined) return undefined;
    let stat: LogStat | undefined;
    return {
      take({ at, text: line }) {
        stat = { inode: 0, size: (stat?.size ?? 0) + line.length + 1, mtime: at };
      },
      reading: () => ({ ok: true, value: stat }),
    };
  },
});

/** The log is not silent. What it said last is kept with the evidence; what the service prints is kept with its life anyway. */
export const log: typeof silence = {
  ...silence,
  open(given, context) {
    const watcher = silence.open(given, context);
    if (given.file === undefined) return watcher;
    const file = path.resolve(context.folder, given.file);
    const read = oneAtATime(context.clock, () => lastLines(file));
    return {
      ...watcher,
      async look(request) {
        const judgement = await watcher.look(request);
        if (judgement.verdict !== 'late') return judgement;
        const last = await read(request);
        return last.ok && last.value !== '' ? { ...judgement, detail: last.value } : judgement;
      },
    };
  },
};

const KEPT_LINES = 20;
const KEPT_BYTES = 16_384;

async function lastLines(file: string): Promise<string> {
  const tail = await readTail(file, ({ size }) => Math.max(0, size - KEPT_BYTES));
  const lines = tail?.lines.map((line) => line.text) ?? [];
  return lines.slice(-KEPT_LINES).join('\n');
}

async function statLog(file: string): Promise<LogStat | undefined> {
  try {
    const stat = await fs.promises.stat(file);
    return { inode: stat.ino, size: stat.size, mtime: Math.floor(stat.mtimeMs) };
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
