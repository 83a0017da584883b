import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '../..');

const COMPILE_MS = 120_000;

/** Builds the program as `npm run build` does, into a folder of the bench's. Returns its launcher. */
export function buildProgram(folder: string): string {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const args = [join(ROOT, 'scripts/build-program.ts'), '--out', join(folder, 'dist')];
  execFileSync(process.execPath, args, { timeout: COMPILE_MS });
  for (const file of ['package.json', 'bin/vahti.js']) copyFileSync(join(ROOT, file), join(folder, file));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'bin/vahti.js');
}
