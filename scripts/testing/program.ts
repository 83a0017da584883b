import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const BUILD_MS = 120_000;

/** Where tests find the program that they start: its launcher. */
export const PROGRAM_VARIABLE = 'VAHTI_TEST_PROGRAM';

/**
 * Builds the program as it is installed, with nothing of its source beside it, so that what tests start is what people get; it starts
 * in half the time, too. Answers with its launcher. Throws where it cannot be built.
 */
export function stageProgram(): string {
  const folder = join(ROOT, 'node_modules/.cache/vahti-tests/program');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const args = [join(ROOT, 'scripts/build-program.ts'), '--out', join(folder, 'dist')];
  execFileSync(process.execPath, args, { timeout: BUILD_MS, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const file of ['package.json', 'bin/vahti.js']) copyFileSync(join(ROOT, file), join(folder, file));
  for (const [below, to] of [
    ['node_modules', 'node_modules'],
    ['schema', 'schema'],
    // Tests of the page build it where it is.
    ['dist/web', 'dist/web'],
  ] as const)
    symlinkSync(join(ROOT, to), join(folder, below));
  return join(folder, 'bin/vahti.js');
}
