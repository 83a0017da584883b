import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildInto } from '../../scripts/testing/program.ts';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '../..');

/** Builds the program as `npm run build` does, into a folder of the bench's. Returns its launcher. */
export function buildProgram(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return buildInto(folder);
}
