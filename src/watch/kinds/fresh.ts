import * as path from 'node:path';
import * as v from 'valibot';
import { duration } from '../../core/fields.ts';
import type { Judge, Judgement, LookRequest, Moment, WatchContext } from '../kind.ts';
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
  judge: ({ files: pattern, within }, { service }) => {
    const judgeFiles = createFilesJudge(pattern ?? '', within);
    return (reading, moment) =>
      'given' in reading ? judgeCommit(reading, moment, service, within) : judgeFiles(reading, moment);
  },
  source: ({ files: pattern }, { folder }) =>
    pattern === undefined ? OWN_FIGURES : ['fresh', path.resolve(folder, pattern)],
});

/** The newest file. */
interface Newest {
  readonly name: string;
  /** When it was written, wall milliseconds. */
  readonly at: number;
  /** Set where only the file that was newest before was looked at, since it is young enough for `within`. */
  readonly known?: boolean;
}

function readNewest(pattern: string, withinMs: number, { clock, folder }: WatchContext) {
  const newest = createNewest(pattern, folder, withinMs);
  return oneAtATime(clock, async (request): Promise<Newest | undefined> => {
    const found = await newest(request);
    if (found === undefined) return undefined;
    const { file, walked } = found;
    return { name: file.name, at: file.mtime, ...(walked ? {} : { known: true }) };
  });
}

function createFilesJudge(pattern: string, withinMs: number): Judge<Read<Newest | undefined>> {
  let last: Newest | undefined;
  /** The known file was seen to be written again and again: it is no heap of files that are each written once. */
  let grows = false;
  return (found, { now, life }) => {
    if (!found.ok) return unknown(`cannot look at ${pattern}: ${found.reason}`);
    const { value } = found;
    grows = value !== undefined && last?.name === value.name && (grows || value.at > last.at);
    last = value;
    const judged = judgeAge({
      now,
      startedAt: life.startedAt,
      at: value?.at,
      withinMs,
      subject: value?.name ?? pattern,
      did: 'was written',
      none: `there is no file ${pattern}`,
    });
    // Never so at a look of its own; a replay with another `within` may ask for more than was looked at.
    const isGuess = value?.known === true && !grows && judged.verdict === 'late';
    return isGuess ? unknown(`${judged.reason}; newer files were not looked for then`, judged.value) : judged;
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
