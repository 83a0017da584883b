import * as fs from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { TEMPORARY_FILE, writeFileAtomic } from '../../core/atomic-file.ts';
import { errorCode } from '../../core/result.ts';
import type { Current, RunEnd } from '../../jobs/job-state.ts';
import type { RunProgress } from '../job-verb-talk.ts';

/**
 * What a daemon and the run of a job in a unit of its own tell each other: files in `STATE/jobs/NAME`, each whole or not there.
 * `request.json` is what the next start of the unit is to do. The run that takes it renames it to `ID.json` (ID: systemd's id of
 * that start), so that nothing is done twice; it leaves `ID.end.json` when it is over. What is settled is called `ID.over.json`.
 */

const wholeNumber = v.pipe(v.number(), v.safeInteger());

const current = v.object({
  request: v.string(),
  cause: v.picklist(['schedule', 'after', 'person']),
  by: v.string(),
  due: wholeNumber,
  notBefore: wholeNumber,
  attempt: wholeNumber,
  retriesLeft: wholeNumber,
  coalesced: wholeNumber,
  redone: v.boolean(),
  set: v.record(v.string(), v.string()),
  dryRun: v.boolean(),
  run: v.pipe(v.string(), v.nonEmpty()),
  startedAt: wholeNumber,
});

const paper = v.object({
  v: v.literal(1),
  run: current,
  /** When it was written, wall milliseconds. */
  at: wholeNumber,
});

const end = v.object({
  v: v.literal(1),
  at: wholeNumber,
  outcome: v.picklist(['ok', 'partly', 'failed', 'timeout', 'skipped', 'cancelled', 'interrupted']),
  summary: v.string(),
  exit: v.nullable(wholeNumber),
  counts: v.record(v.string(), v.number()),
  again: v.optional(v.literal(true)),
});

const progress = v.object({ done: v.number(), total: v.nullable(v.number()), what: v.string() });

/** A run that was asked for, or that has begun. */
export interface Paper {
  readonly run: Current;
  readonly at: number;
}

/** A run that has begun, and the start of the unit that it is. */
export interface BegunPaper extends Paper {
  readonly invocation: string;
  readonly isOver: boolean;
}

/** What was asked for so long ago is not begun any more, milliseconds. */
export const STALE_MS = 600_000;
/** Settled runs whose lines the journal may still bring. */
const MOST_OVER = 20;
const BEGUN = /^([0-9a-f]{32})(\.over)?\.json$/;

export interface Papers {
  /** Asks for a run. Rejects with the system error. */
  request(paper: Paper): Promise<void>;
  /** False where there is none any more: it was taken. */
  withdraw(): boolean;
  /**
   * Takes what was asked for, once; undefined where nothing was, `withdrawn` where it was just taken back. What is not wanted any
   * more, or cannot be read, is thrown away.
   */
  take(invocation: string, isWanted: (paper: Paper) => boolean): Paper | 'withdrawn' | undefined;
  /** Notes a run that nobody asked for. Rejects with the system error. */
  begin(invocation: string, paper: Paper): Promise<void>;
  /** Every run that has begun, as far as it is kept. */
  begun(): readonly BegunPaper[];
  of(invocation: string): BegunPaper | undefined;
  /** Durable when it resolves. Rejects with the system error. */
  writeEnd(invocation: string, end: RunEnd, now: number): Promise<void>;
  readEnd(invocation: string): RunEnd | undefined;
  writeProgress(invocation: string, at: RunProgress): void;
  readProgress(invocation: string): RunProgress | null;
  /** It is stored elsewhere how it ended. */
  settle(invocation: string): void;
}

/** @param folder the state folder. */
export function openPapers(folder: string, job: string): Papers {
  const at = join(folder, 'jobs', job);
  const path = (name: string): string => join(at, `${name}.json`);
  const write = async (name: string, value: object): Promise<void> => {
    makeFolder(at);
    await writeFileAtomic(path(name), `${JSON.stringify({ v: 1, ...value })}\n`, { mode: 0o660 });
  };
  const begun = readerOf(at);
  return {
    request: (asked) => write('request', asked),
    withdraw: () => remove(path('request')),
    take(invocation, isWanted) {
      const asked = asPaper(readJson(path('request')));
      if (asked !== undefined && isWanted(asked))
        return rename(path('request'), path(invocation)) ? asked : 'withdrawn';
      remove(path('request'));
      return undefined;
    },
    begin: (invocation, own) => write(invocation, own),
    begun,
    of: (invocation) => begun().find((each) => each.invocation === invocation),
    writeEnd: (invocation, ended, now) => write(`${invocation}.end`, { ...ended, at: now }),
    readEnd: (invocation) => asEnd(readJson(path(`${invocation}.end`))),
    writeProgress: (invocation, far) => replace(path(`${invocation}.far`), JSON.stringify(far)),
    readProgress(invocation) {
      const far = v.safeParse(progress, readJson(path(`${invocation}.far`)));
      return far.success ? far.output : null;
    },
    settle(invocation) {
      rename(path(invocation), path(`${invocation}.over`));
      remove(path(`${invocation}.end`));
      remove(path(`${invocation}.far`));
      // Of a run that was killed while it wrote its last word.
      for (const name of namesIn(at))
        if (TEMPORARY_FILE.test(name) && name.startsWith(`.${invocation}.`)) remove(join(at, name));
      const settled = begun().filter(({ isOver }) => isOver);
      for (const old of settled.toSorted((a, b) => b.at - a.at).slice(MOST_OVER))
        remove(path(`${old.invocation}.over`));
    },
  };
}

/** Reads all runs of a folder that have begun; what was read once does not change. */
function readerOf(folder: string): () => readonly BegunPaper[] {
  let known = new Map<string, Paper>();
  return () => {
    const before = known;
    known = new Map();
    return namesIn(folder).flatMap((name): BegunPaper[] => {
      const [, invocation, over] = BEGUN.exec(name) ?? [];
      if (invocation === undefined) return [];
      const found = before.get(invocation) ?? asPaper(readJson(join(folder, name)));
      if (found === undefined) return [];
      known.set(invocation, found);
      return [{ ...found, invocation, isOver: over !== undefined }];
    });
  };
}

function asEnd(value: unknown): RunEnd | undefined {
  const known = v.safeParse(end, value);
  if (!known.success) return undefined;
  const { outcome, summary, exit, counts, again, at } = known.output;
  return { outcome, summary, exit, counts, ...(again === undefined ? {} : { again }), endedAt: at };
}

/** A job may run as somebody else, of the daemon's group: what the one writes the other may take away. */
function makeFolder(path: string): void {
  if (fs.existsSync(path)) return;
  fs.mkdirSync(path, { recursive: true, mode: 0o750 });
  fs.chmodSync(path, 0o2770);
}

function asPaper(value: unknown): Paper | undefined {
  const known = v.safeParse(paper, value);
  if (!known.success) return undefined;
  const { run, at } = known.output;
  return { run: { ...run, process: null }, at };
}

function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined for what is not there, and for what is no JSON. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Not for good: whoever looks next sees it. */
function replace(path: string, text: string): void {
  try {
    fs.writeFileSync(`${path}.tmp`, text, { mode: 0o660 });
    fs.renameSync(`${path}.tmp`, path);
  } catch {
    // It is only for who looks.
  }
}

/** False where it is not there. */
function remove(path: string): boolean {
  try {
    fs.unlinkSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function rename(from: string, to: string): boolean {
  try {
    fs.renameSync(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
