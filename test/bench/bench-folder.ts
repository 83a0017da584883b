import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder that a bench builds and runs in: deleted at its end, unless somebody chose it or wants to keep it. */
export function benchFolder(options: { readonly temp: string | undefined; readonly keep: boolean }): string {
  const temp = options.temp ?? mkdtempSync(join(tmpdir(), 'vahti-bench-'));
  mkdirSync(temp, { recursive: true });
  const clear = options.temp === undefined && !options.keep;
  process.on('exit', () => clear && rmSync(temp, { recursive: true, force: true }));
  // Ends through 'exit', which ends what was started too.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
  return temp;
}
