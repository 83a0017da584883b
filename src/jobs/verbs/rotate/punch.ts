import { join } from 'node:path';
import { disk, type Files } from '../../../core/files.ts';
import { temporaryPath } from '../../../core/atomic-file.ts';
import { type Programs, runProgram } from '../../program.ts';
import type { Punch } from './course.ts';

/** fallocate(1) of util-linux may take so long, milliseconds. */
const PUNCH_MS = 120_000;
const PROBE_BYTES = 65_536;
/** The file that holes are tried on, while it is in the making. */
export const PROBE = 'hole';

/**
 * Punches holes by fallocate(1) of util-linux (fallocate(2) with FALLOC_FL_PUNCH_HOLE and FALLOC_FL_KEEP_SIZE). It is given the open
 * file itself, by /proc, never its name: that may be another file's by now.
 */
export function createPunch(programs: Programs): Punch {
  return async (fd, from, to) => {
    const argv = [
      'fallocate',
      '--punch-hole',
      '--keep-size',
      '--offset',
      String(from),
      '--length',
      String(to - from),
      `/proc/${process.pid}/fd/${fd}`,
    ];
    const { exit, said } = await runProgram({ argv, idleMs: PUNCH_MS, deadlineMs: PUNCH_MS }, programs);
    if (exit.kind === 'exited' && exit.code === 0) return undefined;
    if (exit.kind === 'failed') return `${exit.error} (Debian: util-linux)`;
    const last = said.at(-1) ?? 'fallocate failed';
    return /not supported/i.test(last) ? 'its file system knows no holes' : last;
  };
}

/** Whether the file system of a folder knows holes, by trying it on a file of our own. The error says why not. */
export async function punchProblem(
  folder: string,
  punch: Punch,
  files: Pick<Files, 'unlink'> = disk,
): Promise<string | undefined> {
  const path = temporaryPath(join(folder, PROBE));
  const fd = await disk.open(path, 'create');
  try {
    await disk.write(fd, Buffer.alloc(PROBE_BYTES, 'x'), 0);
    return await punch(fd, 0, PROBE_BYTES);
  } finally {
    await disk.close(fd);
    await files.unlink(path);
  }
}
