import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { leakCheck, onEnd, tempFolder } from '../../test/rig/leaks.ts';
import { until } from '../../test/rig/wait.ts';
import { systemClock } from '../core/clock.ts';
import { watchFiles } from './file-watch.ts';
import { findFiles, parsePatterns } from './watched-files.ts';

function write(folder: string, files: readonly string[], text = 'x'): void {
  for (const file of files) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
}

const TREE = [
  'main.js',
  'main.py',
  'src/a.js',
  'src/deep/er/b.js',
  'src/.hidden.js',
  '.config/app.js',
  'node_modules/lib/index.js',
  'src/node_modules/x.js',
];

const GLOBS: readonly (readonly [globs: readonly string[], found: readonly string[]])[] = [
  [['**/*.js'], ['main.js', 'src/a.js', 'src/deep/er/b.js']],
  [['*.js'], ['main.js']],
  [['src/*.js'], ['src/a.js']],
  [['src'], ['src/a.js', 'src/deep/er/b.js']],
  [
    ['main.py', 'src/a.js'],
    ['main.py', 'src/a.js'],
  ],
  [['*.{js,py}'], ['main.js', 'main.py']],
  [['.config/**'], ['.config/app.js']],
  [['node_modules/lib/*.js'], ['node_modules/lib/index.js']],
  [['**/node_modules/*.js'], ['src/node_modules/x.js']],
  [['gone/**'], []],
];

for (const [globs, expected] of GLOBS)
  test(`${globs.join(' ')} finds ${expected.join(', ') || 'nothing'}`, async (t) => {
    const folder = path.join(tempFolder(t), 'odd [name]');
    write(folder, TREE);
    const { files } = await findFiles(parsePatterns(globs, folder));
    assert.deepEqual([...files.keys()].map((file) => path.relative(folder, file)).sort(), expected);
    const whole = await findFiles(parsePatterns([path.join(path.dirname(folder), 'odd*', 'main.py')], '/'));
    assert.equal(whole.files.size, 1);
  });

function watch(t: TestContext, folder: string, clock = systemClock, globs = ['**/*.js']) {
  const changes: string[][] = [];
  const troubles: string[] = [];
  const watching = watchFiles({
    globs,
    cwd: folder,
    clock,
    onChange: (files) => changes.push(files.map((file) => path.relative(folder, file))),
    onTrouble: (message) => troubles.push(message),
  });
  onEnd(t, () => watching.close());
  return { changes, troubles, watching };
}

test('changes, new and deleted files are told once, together, in new folders too', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  write(folder, ['a.js', 'sub/b.js', 'notes.txt']);
  const { changes } = watch(t, folder);
  const found = await findFiles(parsePatterns(['**'], folder));
  assert.equal(found.folders.size, 2);
  await until(() => fs.readdirSync('/proc/self/fdinfo').some((fd) => inotifies(fd) >= 2), {
    what: 'two watches',
  });
  write(folder, ['a.js', 'new/c.js', 'notes.txt'], 'changed');
  fs.rmSync(path.join(folder, 'sub/b.js'));
  await until(() => changes.length > 0, { what: 'the changes' });
  assert.deepEqual(changes, [['a.js', 'new/c.js', 'sub/b.js']]);
  fs.writeFileSync(path.join(folder, 'new/c.js.tmp'), 'renamed over it');
  fs.renameSync(path.join(folder, 'new/c.js.tmp'), path.join(folder, 'new/c.js'));
  await until(() => changes.length > 1, { what: 'the second change' });
  assert.deepEqual(changes[1], ['new/c.js']);
});

/** How many folders an inotify descriptor watches, proc(5). */
function inotifies(fd: string): number {
  try {
    return fs
      .readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('inotify')).length;
  } catch {
    return 0;
  }
}

test('what the kernel does not tell is found by a look, and settles first', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const clock = createFakeClock();
  const { changes } = watch(t, folder, clock, ['far/*.js']);
  const turn = (ms: number, what: string, done: () => boolean) =>
    until(
      async () => {
        if (!done()) await clock.advance(ms);
        return done();
      },
      { what },
    );
  await turn(0, 'the first look', () => clock.nextTimer() === 10_000);
  // The folder was not there, so that nothing watches it.
  write(folder, ['far/a.js']);
  assert.deepEqual(changes, []);
  await clock.advance(10_000);
  await turn(0, 'the second look', () => clock.nextTimer() === 300);
  assert.deepEqual(changes, []);
  await clock.advance(300);
  await turn(0, 'the change', () => changes.length > 0);
  assert.deepEqual(changes, [['far/a.js']]);
});

test('more folders than are watched are told once', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  for (let number = 0; number < 1005; number++) fs.mkdirSync(path.join(folder, String(number)));
  const { troubles } = watch(t, folder);
  await until(() => troubles.length > 0, { what: 'the trouble' });
  assert.deepEqual(troubles, ['cannot watch all of its files: more than 1000 folders or 10000 files']);
});
