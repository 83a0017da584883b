import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** Every file that one imports at run time, and what it imports that is none. */
function reach(path: string, files: Set<string>, strangers: Set<string>): void {
  if (files.has(path)) return;
  files.add(path);
  const text = readFileSync(path, 'utf8');
  for (const [, specifier = ''] of text.matchAll(/^(?:import|export|\}) .*from '([^']+)';$/gm)) {
    if (specifier.startsWith('.')) reach(join(path, '..', specifier), files, strangers);
    else strangers.add(`${path}: ${specifier}`);
  }
  // The fewest words of Node's own that would break a browser.
  for (const [word] of text.matchAll(/\b(?:Buffer|process|require|setImmediate)\b[.(]/g))
    strangers.add(`${path}: ${word}`);
}

test('the client needs nothing but itself: no module of Node, no package', () => {
  const [files, strangers] = [new Set<string>(), new Set<string>()];
  reach(join(import.meta.dirname, 'index.ts'), files, strangers);
  assert.ok(files.size >= 15, `${files.size} files are too few to be all`);
  assert.deepEqual([...strangers], []);
});
