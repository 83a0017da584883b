import { join } from 'node:path';
import type { InboxFile } from '../ledger/types.ts';
import type { PipelinePlan } from '../plan.ts';

/** The three files that tell of a file of an inbox. Absolute. */
export interface LogFiles {
  readonly log: string;
  readonly err: string;
  readonly out: string;
}

/**
 * Where the log files of a file go: below the folder by its path in the inbox, so that two of one name never meet; below the name of
 * its inbox where there are several.
 */
export function logFilesOf(
  { inboxes }: Pick<PipelinePlan, 'inboxes'>,
  folder: string,
  { origin, path }: Pick<InboxFile, 'origin' | 'path'>,
): LogFiles {
  const isOnly = inboxes.filter(({ reference }) => !reference).length < 2;
  const base = isOnly ? join(folder, path) : join(folder, origin, path);
  return { log: `${base}.log`, err: `${base}.log.err`, out: `${base}.out` };
}

export function errFileOf(
  plan: Pick<PipelinePlan, 'inboxes'>,
  folder: string,
  file: Pick<InboxFile, 'origin' | 'path'>,
): string {
  return logFilesOf(plan, folder, file).err;
}
