import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A copy of this Node for one contestant alone. Processes share the pages of one binary, and PSS counts each only its
 * share: a supervisor would look the smaller for every other Node on the machine, the bench's own among them.
 */
export function ownNode(folder: string): string {
  const copy = join(folder, 'node');
  copyFileSync(process.execPath, copy);
  return copy;
}
