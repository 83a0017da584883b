import * as path from 'node:path';
import * as v from 'valibot';
import { duration } from '../../core/fields.ts';
import type { LookRequest, WatchContext, WatchKind, Watcher } from '../kind.ts';
import { CLOCK_TOLERANCE_MS, judgeAge } from './age.ts';
import { eachFile, type FoundFile, statFile } from './found-files.ts';
import { unknown } from './judgement.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { files } from './options.ts';

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
export const fresh: WatchKind<Options> = {
  kind: 'fresh',
  main: 'files',
  options,
  everyMs: 15_000,
  timeoutMs: 10_000,
  open: (given, context) =>
    given.files === undefined
      ? watchCommits(given.within, context)
      : watchFiles(given.files, given.within, context),
};

function watchFiles(pattern: string, withinMs: number, { clock, folder }: WatchContext): Watcher {
  const newest = createNewest(pattern, folder, withinMs);
  const read = oneAtATime(clock, newest);
  return {
    async look(request) {
      const { now, life } = request;
      const found = await read(request);
      if (!found.ok) return unknown(`cannot look at ${pattern}: ${found.reason}`);
      return judgeAge({
        now,
        startedAt: life.startedAt,
        at: found.value?.mtime,
        withinMs,
        subject: found.value?.name ?? pattern,
        did: 'was written',
        none: `there is no file ${pattern}`,
      });
    },
  };
}

/**
 * The newest file. The one that was newest at the last walk is looked at first: while it is young enough on its own, no
 * walk is needed, which spares a busy service's folder of many thousand files.
 */
function createNewest(pattern: string, folder: string, withinMs: number) {
  let known: FoundFile | undefined;
  return async ({ now, signal }: LookRequest): Promise<FoundFile | undefined> => {
    if (known !== undefined) known = await statFile(path.resolve(folder, known.name), pattern, folder);
    if (known !== undefined && now - known.mtime <= withinMs / 2 && !isAhead(known, now)) return known;
    let newest: FoundFile | undefined;
    const whole = await eachFile(pattern, folder, signal, (file) => {
      if (newest === undefined || isNewer(file, newest, now)) newest = file;
    });
    if (!whole) throw new Error('too many files for its timeout');
    known = newest;
    return newest;
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

function watchCommits(withinMs: number, { figures, service }: WatchContext): Watcher {
  return {
    async look({ now, life, signal }: LookRequest) {
      const given = await figures(signal);
      if (given === undefined)
        return unknown(`${service} gives no figures; where it is no built-in kind, name its files`);
      const committed = given['committed'];
      return judgeAge({
        now,
        startedAt: life.startedAt,
        at: typeof committed === 'number' ? committed : undefined,
        withinMs,
        subject: service,
        did: 'committed',
        none: 'nothing was committed yet',
      });
    },
  };
}
