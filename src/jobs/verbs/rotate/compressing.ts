import { join } from 'node:path';
import { approximateSize } from '../../../core/sizes.ts';
import { readContent } from '../../files/content.ts';
import { noteTrouble, shownPath } from '../../files/outcome.ts';
import type { Root } from '../../files/root.ts';
import { durably } from '../../files/trouble.ts';
import type { Writers } from '../../files/writers.ts';
import { type Candidate, findCandidates } from '../archive/candidates.ts';
import { archiveOne, type Bench } from '../archive/one-file.ts';
import { ARCHIVE_DEFAULTS } from '../archive/options.ts';
import { type Course, isLog } from './course.ts';
import { readRotated } from './names.ts';
import { ROTATE_DEFAULTS } from './options.ts';

/**
 * Takes rotated logs into the ledger and compresses them, as `archive` does: proved by reading back before the log goes.
 * @param root as it is now; @param isOpen those that are still written to, and are left.
 */
export async function compressAll(
  course: Course,
  root: Root,
  writers: Writers,
  isOpen: (path: string) => boolean,
): Promise<void> {
  const { context, options, tally } = course;
  const to = options.to ?? ROTATE_DEFAULTS.to;
  const all = findCandidates(root, to === 'none' ? 'zst' : to, undefined).candidates.filter(
    ({ path }) => isRotated(course, path) && !isOpen(path),
  );
  let through = 0;
  for (const one of all) {
    if (context.signal.aborted) tally.end('partly', 'the run was told to end');
    if (tally.hasEnded()) return;
    try {
      if (to === 'none') await takeIn(course, one);
      else await compressOne(course, benchOf(course, writers, to), one);
    } catch (thrown) {
      noteTrouble(thrown, one.path, tally);
    }
    through += 1;
    context.progress({ done: through, total: all.length, what: one.path });
  }
}

/** Whether a path, without an archive's ending, is that of a rotated log of this job. */
export function isRotated({ options }: Pick<Course, 'options'>, path: string): boolean {
  const name = readRotated(path);
  return name !== undefined && isLog(name.log, options);
}

function benchOf(
  { root, files, packing, context, options }: Course,
  writers: Writers,
  to: 'zst' | 'gz',
): Bench {
  return {
    root: root.path,
    files,
    packing,
    ledger: context.ledger,
    writers,
    clock: context.clock,
    signal: context.signal,
    to,
    level: options.level ?? ARCHIVE_DEFAULTS.level[to],
    keepRawMs: 0,
  };
}

async function compressOne({ context, tally }: Course, bench: Bench, one: Candidate): Promise<void> {
  const { step, bytes, archiveBytes } = await archiveOne(bench, one);
  if (step === 'nothing') return;
  tally.add('compressed');
  context.say(
    `compressed ${shownPath(one.path)}, ${approximateSize(bytes)} to ${approximateSize(archiveBytes)}`,
  );
}

/** Of a log that stays as it is the ledger knows the content. */
async function takeIn({ root, files, context }: Course, { path, raw, row }: Candidate): Promise<void> {
  if (raw !== 'file' || (row !== undefined && row.purged === null && row.purging === null)) return;
  const full = join(root.path, path);
  const { sha256, bytes, look } = await readContent(full, context.signal, files);
  const fd = await files.open(full, 'read');
  try {
    await durably(full, files.datasync(fd));
  } finally {
    await files.close(fd);
  }
  context.ledger.take({ root: root.path, path, sha256, bytes, mtimeMs: look.mtimeMs });
}
