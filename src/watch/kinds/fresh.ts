import * as path from 'node:path';
import * as v from 'valibot';
import { duration } from '../../core/fields.ts';
import type { Hindsight, LookRequest, Moment, WatchContext } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import { CLOCK_TOLERANCE_MS, judgeAge } from './age.ts';
import { eachFile, type FoundFile, statFile } from './found-files.ts';
import { unknown } from './judgement.ts';
import { oneAtATime, type Read } from './one-at-a-time.ts';
import { files } from './options.ts';
import { OWN_FIGURES, type OwnFigures, readOwnFigures } from './own-figures.ts';
import { splitKind } from './split-kind.ts';

const options = v.strictObject({
  files: v.pipe(
    v.optional(files),
    v.description(
      'The files of which one has to be written; without them, what a built-in kind has committed counts.',
    ),
  ),
  within: v.pipe(duration, v.description('How old the newest may be.')),
});
type Options = v.InferOutput<typeof options>;

/** The newest file. */
interface Newest {
  readonly name: string;
  /** When it was written, wall milliseconds. */
  readonly at: number;
  /** Set where only the file that was newest before was looked at, since it is young enough for `within`. */
  readonly known?: boolean;
}

/** Whether a file that alone was looked at was the newest: a later look shows that it was written on, or is so still. */
const filesInHindsight: Hindsight<Read<Newest | undefined> | OwnFigures> = {
  isInDoubt: (reading) => newestIn(reading)?.known === true,
  settle(reading, later) {
    const [file, after] = [newestIn(reading), later && newestIn(later)];
    if (file === undefined || later === undefined) return reading;
    if (after === undefined) return undefined;
    const { name, at } = file;
    if (after.name !== name) return reading;
    const isNewest = after.at > at || after.known !== true;
    return isNewest ? { ok: true, value: { name, at } } : undefined;
  },
};

function newestIn(reading: Read<Newest | undefined> | OwnFigures): Newest | undefined {
  return 'ok' in reading && reading.ok ? reading.value : undefined;
}

/** Somebody still writes: the newest of some files, or a built-in kind's last commit, is young. */
export const fresh = splitKind<Options, Read<Newest | undefined> | OwnFigures>({
  kind: 'fresh',
  main: 'files',
  options,
  everyMs: 15_000,
  timeoutMs: 10_000,
  problems({ files: written }, { figures }) {
    if (written !== undefined || figures.includes('committed')) return [];
    return [
      'cannot tell what is fresh without "files", the files that it writes; only a collector knows its commits by itself',
    ];
  },
  reader: ({ files: pattern, within }, context) =>
    pattern === undefined ? readOwnFigures(context) : readNewest(pattern, within, context),
  judge:
    ({ files: pattern = '', within }, { service }) =>
    (reading, moment) =>
      'given' in reading
        ? judgeCommit(reading, moment, service, within)
        : judgeFiles(reading, moment, pattern, within),
  hindsight: filesInHindsight,
  source: ({ files: pattern }, { folder }) =>
    pattern === undefined ? OWN_FIGURES : ['fresh', path.resolve(folder, pattern)],
});

function readNewest(pattern: string, withinMs: number, { clock, folder }: WatchContext) {
  const newest = createNewest(pattern, folder, withinMs);
  return oneAtATime(clock, async (request): Promise<Newest | undefined> => {
    const found = await newest(request);
    if (found === undefined) return undefined;
    const { file, walked } = found;
    return { name: file.name, at: file.mtime, ...(walked ? {} : { known: true }) };
  });
}

function judgeFiles(
  found: Read<Newest | undefined>,
  { now, life }: Moment,
  pattern: string,
  withinMs: number,
): Judgement {
  if (!found.ok) return unknown(`cannot look at ${pattern}: ${found.reason}`);
  const { value } = found;
  const judged = judgeAge({
    now,
    startedAt: life.startedAt,
    at: value?.at,
    withinMs,
    subject: value?.name ?? pattern,
    did: 'was written',
    none: `there is no file ${pattern}`,
  });
  if (value?.known !== true || judged.verdict !== 'late') return judged;
  // Never so at a look of its own; a replay with another `within` may ask for more than was looked at.
  return {
    ...unknown(`${judged.reason}; newer files were not looked for then`, judged.value),
    undecided: true,
  };
}

/**
 * The newest file. The one that was newest at the last walk is looked at first: while it is young enough on its own, no
 * walk is needed, which spares a busy service's folder of many thousand files.
 */
function createNewest(pattern: string, folder: string, withinMs: number) {
  let known: FoundFile | undefined;
  return async ({ now, signal }: LookRequest) => {
    if (known !== undefined) known = await statFile(path.resolve(folder, known.name), pattern, folder);
    if (known !== undefined && now - known.mtime <= withinMs / 2 && !isAhead(known, now))
      return { file: known, walked: false };
    let newest: FoundFile | undefined;
    const whole = await eachFile(pattern, folder, signal, (file) => {
      if (newest === undefined || isNewer(file, newest, now)) newest = file;
    });
    if (!whole) throw new Error('too many files for its timeout');
    known = newest;
    return newest === undefined ? undefined : { file: newest, walked: true };
  };
}

function isAhead(file: FoundFile, now: number): boolean {
  return file.mtime > now + CLOCK_TOLERANCE_MS;
}

/** A file with a time in the future must not hide what all others say, nor be young for ever. */
export function isNewer(file: FoundFile, than: FoundFile, now: number): boolean {
  const ahead = isAhead(file, now);
  return ahead === isAhead(than, now) ? file.mtime > than.mtime : !ahead;
}

function judgeCommit(
  { given, committed }: OwnFigures,
  { now, life }: Moment,
  service: string,
  withinMs: number,
): Judgement {
  if (!given) return unknown(`${service} gives no figures; where it is no built-in kind, name its files`);
  return judgeAge({
    now,
    startedAt: life.startedAt,
    at: committed,
    withinMs,
    subject: service,
    did: 'committed',
    none: 'nothing was committed yet',
  });
}
