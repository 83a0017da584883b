import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The version in package.json, which lies two folders above both `src/cli` and `dist/cli`. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** How this very program is started: the same Node, the same launcher. */
export function ownProgram(): readonly string[] {
  return [process.execPath, fileURLToPath(new URL('../../bin/vahti.js', import.meta.url))];
}
