import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import type { Clock } from '../../core/clock.ts';
import type { Files } from '../../core/files.ts';
import type { Log } from '../../core/log.ts';
import { asError, errorCode } from '../../core/result.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { InboxFile } from '../ledger/types.ts';
import type { PipelineView } from '../pipeline.ts';
import { logFilesOf } from './names.ts';
import { storyOf } from './story.ts';

export interface LogFilesOptions {
  readonly view: Pick<PipelineView, 'name' | 'plan' | 'ledger' | 'logs'>;
  readonly ledger: Pick<Ledger, 'mark' | 'setMark'>;
  /** Where they go. Absolute. */
  readonly folder: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps the log files of a pipeline as its ledger has it. */
export interface LogFileWriter {
  /**
   * Writes those of every file that came to its end since the last time. Rejects where the ledger does.
   * @param isLast no other file comes to its end while it writes.
   */
  write(isLast?: boolean): Promise<void>;
  /** Writes them as files come to their end, until `drain`. */
  run(drain: AbortSignal): Promise<void>;
}

/** How far they are written, in the ledger: `ENDED/ID`. */
const MARK = 'log-files';
const PAGE = 100;
const EVERY_MS = 500;
/** So far a step of the clock to the past is made up for. */
const BACK_MS = 60_000;
/** What ended so lately may wait for its commit behind others that have theirs: the mark is never set beyond it. */
const SETTLED_MS = 1000;
/** The log of another file, of an inbox with `x` and `x.log/y`. */
const TAKEN = 'something else has its place';
/** What keeps one file alone without its log, by its code. */
const NEVER: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'its name is too long',
  EEXIST: TAKEN,
  ENOTDIR: TAKEN,
  EISDIR: TAKEN,
  ENOTEMPTY: TAKEN,
  ERR_FS_EISDIR: TAKEN,
};

/**
 * Writes `.log`, `.log.err` and `.out` for files of inboxes that came to their end. They are views: the ledger is the truth, and a
 * folder that cannot be written is tried again and again, while the work goes on.
 */
export function createLogFiles(options: LogFilesOptions): LogFileWriter {
  const { view, ledger, clock, log } = options;
  let isSaid = false;
  const write = async (isLast = false): Promise<void> => {
    let { ended, id } = readMark(await ledger.mark(MARK));
    // A clock that went back: what ended since has moments before the mark.
    if (ended > clock.now()) [ended, id] = [clock.now() - BACK_MS, 0];
    for (;;) {
      const settled = clock.now() - SETTLED_MS;
      const found = await view.ledger.endedSince(ended, id, PAGE);
      const page = isLast ? found : found.filter((file) => (file.ended ?? 0) < settled);
      for (const file of page) {
        if (!(await tryOne(file))) return;
        ({ id, ended = 0 } = { id: file.id, ended: file.ended ?? 0 });
      }
      if (page.length > 0) await ledger.setMark(MARK, `${ended}/${id}`);
      if (page.length < PAGE) return;
    }
  };
  /** False where no other one can be written either. */
  const tryOne = async (file: InboxFile): Promise<boolean> => {
    let isFolderThere = false;
    try {
      await mkdir(options.folder, { recursive: true });
      isFolderThere = true;
      await writeOne(file, options);
      isSaid = false;
      return true;
    } catch (thrown) {
      const code = errorCode(thrown);
      const reason = asError(thrown).message;
      const why = isFolderThere && code !== undefined ? NEVER[code] : undefined;
      if (why !== undefined) {
        log.warn(`cannot write the log of a file: ${why}`, { path: file.path, reason });
        return true;
      }
      if (code === undefined) throw thrown;
      if (!isSaid) log.error('cannot write the logs of files; they follow', { reason });
      isSaid = true;
      return false;
    }
  };
  return {
    write,
    async run(drain) {
      do await write();
      while (await clock.sleep(EVERY_MS, drain));
    },
  };
}

function readMark(mark: string | undefined): { readonly ended: number; readonly id: number } {
  const [ended = 0, id = 0] = (mark ?? '').split('/').map(Number);
  return { ended, id };
}

async function writeOne(file: InboxFile, { view, folder, files }: LogFilesOptions): Promise<void> {
  const story = await storyOf(view, file);
  const { log, err, out } = logFilesOf(view.plan, folder, file);
  await mkdir(dirname(log), { recursive: true });
  const text = story.log === '' ? `${file.why ?? file.state}\n` : story.log;
  await writeFileAtomic(log, text, { files });
  const isBad = story.isBad || file.state === 'failed' || file.state === 'parked';
  if (isBad) await writeFileAtomic(err, text, { files });
  else await rm(err, { force: true });
  // It says that all was done which can be: not that all of it succeeded.
  if (file.state === 'done' || file.state === 'partial')
    await writeFileAtomic(out, story.out.map((path) => `${path}\n`).join(''), { files });
  else await rm(out, { force: true });
}
