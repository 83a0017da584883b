import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig } from '../../test/rig/pipeline.ts';
import { until } from '../../test/rig/wait.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-ec', script, 'sh', ...words];

test('versions stand in names, the older ones are left alone, and a new one never merges with them', async (t) => {
  leakCheck(t);
  const A = {
    from: 'inbox',
    names: '{day}_{part}.in',
    key: '{day}',
    each: 'group',
    merge: true,
    run: sh(
      'touch "$1"; { cat "$1"; xargs cat < "$2"; } > "$3/$4.day"',
      '{target}',
      '{list}',
      '{out}',
      '{key}',
    ),
    to: 'L0/{stem}_V{version:02}.day',
  };
  const rig = pipelineRig(t);
  rig.deliver('mon_1.in', '1\n');
  await rig.work({ version: 2, steps: { A } });
  rig.deliver('mon_2.in', '2\n');
  await rig.work({ version: 2, steps: { A: { ...A, version: 3 } } });
  rig.deliver('mon_3.in', '3\n');
  await rig.work({ version: 4, steps: { A: { ...A, version: 3 } } });
  assert.deepEqual(rig.products(), {
    'L0/mon_V02.day': '1\n',
    'L0/mon_V03.day': '2\n',
    'L0/mon_V04.day': '3\n',
  });
});

test('exit codes mean what the config says: warnings, skip, ignore and defer', async (t) => {
  leakCheck(t);
  const run = sh('cp "$1" "$2"; exit $(cat "$1")', '{in}', '{out}');
  const rig = pipelineRig(t, {
    steps: {
      A: { from: 'inbox', run, exit: { 3: 'warnings', 10: 'skip', 11: 'ignore', 12: 'defer' } },
      B: { from: 'A', run: ['cp', '{in}', '{out}/{name}.b'] },
    },
  });
  for (const code of [0, 3, 10, 11, 12]) rig.deliver(`${code}.in`, `${code}\n`);
  const running = rig.start();
  await running.settle();
  const { tasks = {} } = (await running.pipeline.figures()).steps[0] ?? {};
  await running.stop();
  assert.deepEqual(tasks, { deferred: 1, done: 1, ignored: 1, skipped: 1, warned: 1 });
  assert.deepEqual(Object.keys(rig.products()), ['0.in', '0.in.b', '3.in', '3.in.b']);
  assert.deepEqual([await rig.state('10.in'), await rig.state('12.in')], ['done', 'ready']);
});

test('what a reference inbox brings only wakes what was deferred', async (t) => {
  leakCheck(t);
  const run = sh('[ -e incoming/kernel.ref ] || exit 12; cp "$1" "$2"', '{in}', '{out}');
  const common = { root: 'incoming', settle: '10ms', scan: '1h' };
  const rig = pipelineRig(t, {
    inbox: undefined,
    inboxes: {
      tm: { ...common, match: '*.in' },
      kernels: { ...common, match: '*.ref', reference: true },
    },
    steps: { A: { from: 'tm', run, exit: { 12: 'defer' } } },
  });
  rig.deliver('a.in', 'x\n');
  const running = rig.start();
  await running.settle();
  assert.deepEqual(rig.products(), {});
  rig.deliver('kernel.ref', '');
  await until(
    async () => {
      await running.settle();
      return Object.keys(rig.products()).length === 1;
    },
    { what: 'the deferred file to be done' },
  );
  await running.stop();
});

test('a periodic step goes over the latest version of each product at its times, and over each once', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const A = { from: 'inbox', run: ['cp', '{in}', '{out}'], to: '{stem}_V{version:02}.a' };
  const P = {
    from: 'A',
    at: '0 8 * * *',
    run: sh('echo "$2" >> "$TRACE"; exit $(cat "$1")', '{in}', '{name}'),
    exit: { 10: 'skip' },
  };
  const rig = pipelineRig(t);
  rig.deliver('a.in', '0\n');
  rig.deliver('b.in', '10\n');
  await rig.work({ steps: { A } });
  rig.deliver('a.in', '0 \n');
  await rig.work({ version: 2, steps: { A } });
  const inbox = { root: 'nothing', scan: '60d' };
  mkdirSync(join(rig.folder, 'nothing'));
  const running = rig.start({ inbox, version: 2, steps: { A, P } }, { clock });
  const settle = () => running.pipeline.settled(AbortSignal.timeout(20_000));
  await settle();
  assert.deepEqual(rig.trace(), []);
  const traced = (lines: readonly string[]) =>
    until(() => JSON.stringify(rig.trace().toSorted()) === JSON.stringify(lines), {
      what: `the trace ${lines.join()}`,
    });
  await clock.advance(8 * 3_600_000 + 60_000);
  await traced(['a_V02.a', 'b_V01.a']);
  await settle();
  await clock.advance(24 * 3_600_000);
  await traced(['a_V02.a', 'b_V01.a', 'b_V01.a']);
  await settle();
  await running.stop();
});

test('breadth first makes the same products, level by level', async (t) => {
  leakCheck(t);
  const steps = {
    A: { from: 'inbox', run: sh('echo "A" >> "$TRACE"; cp "$1" "$2"', '{in}', '{out}') },
    B: { from: 'A', run: sh('echo "B" >> "$TRACE"; cp "$1" "$2/$3.b"', '{in}', '{out}', '{name}') },
  };
  const rig = pipelineRig(t, { parallel: 1, steps });
  for (const name of ['x', 'y', 'z']) rig.deliver(`${name}.in`, `${name}\n`);
  await rig.work(undefined, { order: 'breadth' });
  assert.deepEqual(rig.trace(), ['A', 'A', 'A', 'B', 'B', 'B']);
  assert.equal(Object.keys(rig.products()).length, 6);
});

test('a step has its own temporary files where it asks for that, and they are gone with the run', async (t) => {
  leakCheck(t);
  const run = sh('mktemp > "$1/where"', '{out}');
  const rig = pipelineRig(t, { steps: { A: { from: 'inbox', run, tmp: 'private' } } });
  rig.deliver('a.in', 'x\n');
  await rig.work();
  const where = rig.products()['where']?.trim() ?? '';
  assert.ok(where.startsWith(join(rig.folder, 'state/work/1.1/tmp/')), where);
  assert.equal(existsSync(where), false);
});

test('a run that takes more memory than it may is ended, and has failed', async (t) => {
  leakCheck(t);
  const run = [
    process.execPath,
    '-e',
    'const all = []; setInterval(() => all.push(Buffer.alloc(8e6, 1)), 10)',
  ];
  const rig = pipelineRig(t, { steps: { A: { from: 'inbox', run, memory: '150M', stop: '100ms' } } });
  rig.deliver('a.in', 'x\n');
  await rig.work();
  assert.match((await rig.failures())[0] ?? '', /^A: took \d+M of memory, 150M at most$/);
});

const WORKER = `
const { copyFileSync, readFileSync } = require('node:fs');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { run } = JSON.parse(line);
  const [{ path, name }] = run.inputs;
  const text = readFileSync(path, 'utf8').trim();
  if (text === 'die') process.exit(3);
  if (text === 'hang') return;
  console.log('works on ' + name);
  copyFileSync(path, run.out + '/' + name + '.' + process.pid);
  console.log(JSON.stringify({ done: { exit: text === 'bad' ? 7 : 0 } }));
});`;

test('a worker takes one run after another, and one that dies or hangs is replaced', async (t) => {
  leakCheck(t);
  const step = {
    from: 'inbox',
    run: [process.execPath, 'worker.cjs'],
    worker: true,
    timeout: '2s',
    stop: '200ms',
  };
  const rig = pipelineRig(t, { parallel: 1, steps: { A: step } });
  writeFileSync(join(rig.folder, 'worker.cjs'), WORKER);
  for (const [name, text] of Object.entries({
    a: 'x',
    b: 'bad',
    c: 'x',
    d: 'die',
    e: 'x',
    f: 'hang',
    g: 'x',
  }))
    rig.deliver(`${name}.in`, text);
  await rig.work();
  assert.deepEqual(await rig.failures(), [
    'A: exit code 7: works on b.in',
    'A: the worker ended with code 3 within the run',
    'A: timed out after 2s',
  ]);
  const pids = new Map(Object.keys(rig.products()).map((path) => path.split('.in.') as [string, string]));
  assert.deepEqual([...pids.keys()], ['a', 'c', 'e', 'g']);
  assert.equal(pids.get('a'), pids.get('c'));
  assert.equal(new Set(pids.values()).size, 3);
});

test('a long output is kept with its beginning and its end, and no more', async (t) => {
  leakCheck(t);
  const run = sh('echo first; yes abcdefghijklmnopqrstuvwxyz | head -c 5000000; echo last; exit 1');
  const rig = pipelineRig(t, { steps: { A: { from: 'inbox', run } } });
  rig.deliver('a.in', 'x\n');
  await rig.work();
  const text = readFileSync(join(rig.folder, 'state/logs/1.1.log'), 'utf8');
  assert.ok(text.startsWith('first\n') && text.endsWith('last\n'));
  assert.match(text, /… \d+ bytes left out …/);
  assert.ok(text.length < 1_200_000);
});
