import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  globSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/vahti-tests');
const BUILD_MS = 120_000;
/** What no run has used for so long goes. */
const KEEP_MS = 86_400_000;

/** Where tests find the program that they start: its launcher. */
export const PROGRAM_VARIABLE = 'VAHTI_TEST_PROGRAM';

/**
 * Builds the program as it is installed, with nothing of its source beside it, so that what tests start is what people get; it starts
 * in half the time, too. It lies in a folder that is named after what is in it, so that runs beside each other do not disturb each other.
 * Answers with its launcher. Throws where it cannot be built.
 */
export function stageProgram(): string {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'building-'));
  try {
    buildInto(folder);
    const named = join(CACHE, `program-${sumOf(folder)}`);
    if (!existsSync(named)) renameSync(folder, named);
    utimesSync(named, new Date(), new Date());
    for (const old of globSync('{program,building}-*', { cwd: CACHE }))
      if (statSync(join(CACHE, old)).mtimeMs < Date.now() - KEEP_MS)
        rmSync(join(CACHE, old), { recursive: true, force: true });
    return join(named, 'bin/vahti.js');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes the program in a folder as it is installed, but with the checkout's packages and page. Answers with its launcher. Throws where it cannot be built. */
export function buildInto(folder: string): string {
  // Some of what starts it is another user.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'bin'));
  const args = [join(ROOT, 'scripts/build-program.ts'), '--out', join(folder, 'dist')];
  execFileSync(process.execPath, args, { timeout: BUILD_MS, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const file of ['package.json', 'bin/vahti.js']) copyFileSync(join(ROOT, file), join(folder, file));
  // Tests of the page build it where it is.
  for (const name of ['node_modules', 'schema', 'dist/web'])
    symlinkSync(join(ROOT, name), join(folder, name));
  return join(folder, 'bin/vahti.js');
}

function sumOf(folder: string): string {
  const sum = createHash('sha256');
  for (const file of globSync('{package.json,bin/*,dist/**/*.js}', {
    cwd: folder,
    exclude: ['dist/web/**'],
  }).toSorted())
    sum.update(`${file}\0`).update(readFileSync(join(folder, file)));
  return sum.digest('hex').slice(0, 16);
}
