import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { blankText } from '../scripts/layers/blank.ts';
import { findCircles } from '../scripts/layers/circles.ts';
import { findViolations } from '../scripts/layers/rules.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** The violations of one file, without the file's own name. */
function violationsOf(path: string, text: string): string[] {
  return findViolations([{ path, text }]).map((violation) => violation.slice(path.length + 1).trim());
}

test('src keeps to the layers, to one clock, to one place that starts processes, and to 300 lines a file', () => {
  const paths = globSync('src/**/*.{ts,js,mts,cts}', { cwd: ROOT }).toSorted();
  assert.ok(paths.length > 0, `cannot find any source under ${ROOT}/src`);
  const files = paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
  const violations = findViolations(files);
  assert.equal(violations.length, 0, `${violations.length} violations:\n  ${violations.join('\n  ')}`);
});

test('no files import each other in a circle, not by their types either', () => {
  const paths = globSync('src/**/*.ts', { cwd: ROOT }).toSorted();
  const files = paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
  assert.deepEqual(findCircles(files), []);
  const planted = [
    { path: 'src/a.ts', text: `import type { B } from './b/b.ts';\nconst late = () => import('./late.ts');` },
    { path: 'src/b/b.ts', text: `import { c } from './c.ts';` },
    { path: 'src/b/c.ts', text: `export * from "../a.ts";` },
    { path: 'src/late.ts', text: `import './a.ts'; import { a } from './a.ts';` },
  ];
  assert.deepEqual(findCircles(planted), ['src/a.ts → src/b/b.ts → src/b/c.ts → src/a.ts']);
});

test('an import to the right, between features, or out of src is found in every form', () => {
  const planted: readonly (readonly [path: string, text: string, found: string])[] = [
    ['src/core/a.ts', `import { x } from '../wire/x.ts';`, '1: imports ../wire/x.ts: core is below wire'],
    ['src/core/a.ts', `\nimport type { X } from "../app/x.ts";`, '2: imports ../app/x.ts: core is below app'],
    ['src/wire/a/b.ts', `export * from '../../hub/x.ts';`, '1: imports ../../hub/x.ts: wire is below hub'],
    ['src/app/a.ts', `const m = await import('../cli/x.ts');`, '1: imports ../cli/x.ts: app is below cli'],
    ['src/app/a.ts', 'const m = await import(`../cli/x.ts`);', '1: imports ../cli/x.ts: app is below cli'],
    ['src/run/a.ts', `import '../watch/x.ts';`, '1: imports ../watch/x.ts: features never import each other'],
    [
      'src/run/a.test.ts',
      `import {\n  x,\n} from '../jobs/x.ts';`,
      '3: imports ../jobs/x.ts: features never import each other',
    ],
    [
      'src/cli/a.ts',
      `import { x } from '../../test/rig/x.ts';`,
      '1: imports ../../test/rig/x.ts: src never imports test/',
    ],
    [
      'src/cli/a.ts',
      `import { x } from '../../scripts/x.ts';`,
      '1: imports ../../scripts/x.ts: scripts/x.ts is outside src/',
    ],
    [
      'src/cli/a.ts',
      `import { x } from '../odd/x.ts';`,
      '1: imports ../odd/x.ts: src/odd/x.ts is in none of the layers',
    ],
    ['src/odd/a.ts', ``, 'is in none of the layers'],
    ['src/a.ts', ``, 'is in none of the layers'],
  ];
  for (const [path, text, found] of planted) assert.deepEqual(violationsOf(path, text), [found], text);
});

test('time and processes outside their one place are found', () => {
  const clock = 'only src/core/clock.ts keeps time';
  const planted: readonly (readonly [text: string, found: string])[] = [
    ['const t = Date.now();', `1: uses Date.now: ${clock}`],
    ['const now = Date.now;', `1: uses Date.now: ${clock}`],
    ['const t = `at ${{ a: new Date( ) }.a} ${1}`;', `1: uses new Date(): ${clock}`],
    ['const t = new Date;', `1: uses new Date(): ${clock}`],
    ['setTimeout(f, 1);', `1: uses setTimeout or setInterval: ${clock}`],
    ['globalThis.setInterval(f, 1);', `1: uses setTimeout or setInterval: ${clock}`],
    [
      `import { setTimeout as sleep } from 'node:timers/promises';`,
      `1: imports node:timers/promises: ${clock}`,
    ],
    [
      `import { spawn } from 'node:child_process';`,
      '1: imports node:child_process: only src/core/processes.ts starts processes',
    ],
    [
      `import { spawn } from 'child_process';`,
      '1: imports child_process: only src/core/processes.ts starts processes',
    ],
  ];
  for (const [text, found] of planted) {
    assert.ok(violationsOf('src/cli/a.ts', text).includes(found), text);
    assert.deepEqual(violationsOf('src/cli/a.test.ts', text), [], `${text} in a unit test`);
  }
  assert.deepEqual(violationsOf('src/core/clock.ts', 'setTimeout(() => Date.now(), 1);'), []);
  assert.deepEqual(violationsOf('src/core/processes.ts', `import { spawn } from 'node:child_process';`), []);
});

test('every violation is shown at once, with its line', () => {
  const text = `import '../hub/x.ts';\n// a comment\nconst t = [Date.now(), new Date()];\n`;
  const files = [
    { path: 'src/core/a.ts', text },
    { path: 'src/core/b.ts', text: '\n'.repeat(301) },
  ];
  const found = findViolations(files);
  assert.equal(found.length, 4, found.join('\n'));
  assert.match(found.join('\n'), /a\.ts:1: .*\n.*a\.ts:3: .*\n.*a\.ts:3: .*\n.*b\.ts: has 301 lines/);
});

test('what is allowed is not reported', () => {
  const allowed: readonly (readonly [path: string, text: string])[] = [
    [
      'src/cli/a.ts',
      `import { x } from '../app/x.ts';\nimport { y } from '../core/y.ts';\nimport { z } from './z.ts';`,
    ],
    ['src/hub/store/a.ts', `import { x } from '../tail/x.ts';\nimport { y } from '../../wire/y.ts';`],
    ['src/run/a.test.ts', `import { x } from '../../test/rig/x.ts';`],
    [
      'src/core/a.ts',
      `// import '../cli/x.ts'\n/* Date.now() */ const a = 'setTimeout(f)'; const b = "import '../cli/x.ts'";`,
    ],
    [
      'src/core/a.ts',
      "const a = `Date.now() ${b /* setTimeout */} from '../cli/x.ts'`; const r = /[/\"]setTimeout`/;",
    ],
    [
      'src/core/a.ts',
      `const d = [new Date(ms).toISOString(), Date.parse(text), new Date(text)]; clock.setTimeout(1);`,
    ],
    [
      'src/core/a.ts',
      `const t: Date = x; const o = { setTimeout: 1 }; const r = a / b / c; const s = 'it\\'s';`,
    ],
    ['src/core/a.ts', '\n'.repeat(300)],
  ];
  for (const [path, text] of allowed) assert.deepEqual(violationsOf(path, text), [], text);
});

test('blanking keeps every offset and every line', () => {
  for (const path of globSync('{src,test,scripts}/**/*.ts', { cwd: ROOT })) {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const code = blankText(text);
    assert.equal(code.length, text.length, path);
    assert.equal(code.split('\n').length, text.split('\n').length, path);
  }
});
