import { join } from 'node:path';
import type { StatePaths } from '../state.ts';

/** The folder of a pipeline: its ledger, what its runs printed, and their private folders. */
export function pipelineFolder(paths: Pick<StatePaths, 'folder'>, name: string): string {
  return join(paths.folder, 'pipelines', name);
}
