import { statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../core/result.ts';
import type { StatePaths } from '../state.ts';

/** The folder of a pipeline: its ledger, what its runs printed, and their private folders. */
export function pipelineFolder(paths: Pick<StatePaths, 'folder'>, name: string): string {
  return join(paths.folder, 'pipelines', name);
}

/** Whether there surely is no ledger in a pipeline's folder: one that may not be looked at is something else. */
export function isWithoutLedger(folder: string): boolean {
  try {
    statSync(join(folder, 'ledger.db'));
    return false;
  } catch (thrown) {
    return errorCode(thrown) === 'ENOENT';
  }
}
