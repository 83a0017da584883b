import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasIncron, runBare, runIncron, runLoop, runMake, type Cost } from './rivals.ts';
import { hold, makeFiles, makePipeline, type Program, startRunner, timesOf, until } from './runner.ts';

/** Who works on the same files. Each makes a product of every file, but for those called `true`. */
export interface Contestant {
  readonly title: string;
  readonly run: (folder: string, files: number) => Promise<Cost>;
}

/** A command that stays: it answers each run at once. */
const WORKER = `while read -r line; do echo '{"done": {}}'; done`;
const COPY = ['cp', '{in}', '{out}'];

/** In the order in which they run; a bare start stands beside what is measured against it. */
export function contestants(program: Program): readonly Contestant[] {
  const vahti = (title: string, atOnce: number, step: Readonly<Record<string, unknown>>): Contestant => ({
    title: `Vahti, ${title}, ${atOnce} at once`,
    run: (folder, files) => runVahti(folder, files, { ...step, concurrency: atOnce }, program),
  });
  const bare = (title: string, atOnce: number, argv: readonly string[]): Contestant => ({
    title: `bare start by Node, ${title}, ${atOnce} at once`,
    run: (folder, files) => runBare(folder, argv, files, atOnce),
  });
  const copy = ['cp', 'incoming/{file}', 'out/{file}'];
  return [
    bare('cp', 1, copy),
    vahti('cp', 1, { run: COPY }),
    bare('cp', 2, copy),
    vahti('cp', 2, { run: COPY }),
    bare('true', 1, ['true']),
    vahti('true', 1, { run: ['true'] }),
    bare('true', 2, ['true']),
    vahti('true', 2, { run: ['true'] }),
    vahti('worker', 1, { run: ['sh', '-c', WORKER], worker: true }),
    vahti('worker', 2, { run: ['sh', '-c', WORKER], worker: true }),
    { title: 'shell loop, cp, 1 at once', run: runLoop },
    { title: 'make -j2, cp', run: runMake },
    ...(hasIncron() ? [{ title: 'incron, cp, as many at once as come', run: runIncron }] : []),
  ];
}

/** Takes all files in first, and counts from the first start to the last end. */
async function runVahti(
  folder: string,
  files: number,
  step: Readonly<Record<string, unknown>>,
  program: Program,
): Promise<Cost> {
  mkdirSync(folder, { recursive: true });
  makePipeline(folder, {
    inbox: { root: 'incoming', match: '*.in', settle: '0s' },
    parallel: 2,
    steps: { S: { from: 'inbox', ...step } },
  });
  makeFiles(join(folder, 'incoming'), files);
  hold(folder, program);
  const runner = await startRunner(folder, program);
  try {
    await until('all files to be taken in', () => runner.count('ready') === files);
    const before = timesOf(runner.pid);
    await runner.resume();
    await until('all files to be done', () => runner.count('done') === files, 50);
    const after = timesOf(runner.pid);
    const { first = 0, last = 0 } = runner.row('SELECT min(started) AS first, max(ended) AS last FROM run');
    const ownMs = after.own - before.own;
    return { wallMs: last - first, ownMs, allMs: ownMs + after.children - before.children };
  } finally {
    await runner.stop();
  }
}
