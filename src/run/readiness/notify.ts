import { closeSync, writeSync } from 'node:fs';
import { READY_FD_VARIABLE } from './fd.ts';

/**
 * For a built-in kind in its own process: what writes the newline on the descriptor that the daemon gave it, once, and does
 * nothing where there is none. The variable is taken out of `env`: it is not for children. It counts only where it was
 * set for this `service`: inherited from somewhere else, its number could be any file of this process.
 */
export function readyOnDescriptor(env: NodeJS.ProcessEnv, service: string): () => void {
  const given = env[READY_FD_VARIABLE] ?? '';
  delete env[READY_FD_VARIABLE];
  const meant = env['VAHTI_SERVICE'] === service && /^\d{1,4}$/.test(given) && Number(given) > 2;
  let fd = meant ? Number(given) : undefined;
  return () => {
    if (fd === undefined) return;
    const open = fd;
    fd = undefined;
    try {
      writeSync(open, '\n');
      closeSync(open);
    } catch {
      // A daemon that is gone, or one that does not listen: the work goes on.
    }
  };
}
