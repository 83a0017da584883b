import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig, untilTraced } from '../../test/rig/pipeline.ts';
import { until, within } from '../../test/rig/wait.ts';
import { disk, type Files } from '../core/files.ts';
import type { Ledger } from './ledger/ledger.ts';
import { answerStatus } from './status/commands.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-c', script, 'sh', ...words];
const COPY = { from: 'inbox', run: ['cp', '{in}', '{out}/{name}'] };

/** Every call of a ledger, by name. */
function counted(calls: string[]): (ledger: Ledger) => Ledger {
  return (ledger) =>
    new Proxy(ledger, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function') return value;
        return (...words: unknown[]): unknown => {
          calls.push(String(name));
          return (value as (...all: unknown[]) => unknown).apply(target, words);
        };
      },
    });
}

/** Calls that change something when there is something to change. */
const WRITES = [
  'sight',
  'arrive',
  'gone',
  'claim',
  'intend',
  'succeed',
  'end',
  'add',
  'retry',
  'setMark',
  'finalise',
  'prune',
  'missed',
  'again',
];

test('B9 the newest file that was done may go: nothing is done again, and what comes is', async (t) => {
  leakCheck(t);
  const steps = { A: { ...COPY, run: sh('echo "$1" >> "$TRACE"; cp "$2" "$3"', '{name}', '{in}', '{out}') } };
  const rig = pipelineRig(t, { steps });
  for (const name of ['a', 'b', 'c']) rig.deliver(`${name}.in`, name);
  await rig.work();
  for (const name of ['a', 'c']) rmSync(join(rig.folder, `incoming/${name}.in`));
  rig.deliver('d.in', 'd');
  await rig.work();
  assert.deepEqual(rig.trace().slice(3), ['d.in']);
  // Neither does an empty inbox, nor one that is another folder by now.
  rmSync(join(rig.folder, 'incoming'), { recursive: true });
  mkdirSync(join(rig.folder, 'incoming'));
  rig.deliver('e.in', 'e');
  await rig.work();
  assert.deepEqual(rig.trace().slice(4), ['e.in']);
});

test('C11 an input of which nothing is made costs three transactions and no operation on the disk; idle costs none', async (t) => {
  leakCheck(t);
  const calls: string[] = [];
  const operations: string[] = [];
  const files = new Proxy(disk, {
    get(target, name: keyof Files) {
      const operation = target[name] as (...given: readonly unknown[]) => unknown;
      return (...given: readonly unknown[]) => {
        operations.push(name);
        return operation(...given);
      };
    },
  });
  const rig = pipelineRig(t, { parallel: 1, steps: { A: { from: 'inbox', run: ['true'] } } });
  const COUNT = 20;
  for (let index = 0; index < COUNT; index++) rig.deliver(`${index}.in`, 'x');
  await rig.work(undefined, { files, around: counted(calls) });
  const writes = calls.filter((name) => WRITES.includes(name));
  const of = (name: string): number => writes.filter((each) => each === name).length;
  assert.deepEqual([of('succeed'), of('intend'), of('end')], [COUNT, 0, 0]);
  assert.ok(of('arrive') <= 2 && of('sight') <= 2, `${of('arrive')} arrivals, ${of('sight')} sightings`);
  // One claim for each, and one that finds nothing; a few for what woke it besides.
  assert.ok(of('claim') <= COUNT + 6, `${of('claim')} claims`);
  assert.ok(calls.length <= 12 * COUNT, `${calls.length} calls of the ledger`);
  assert.deepEqual(operations, []);
});

test('C11 a pipeline that has nothing to do looks once a minute, and writes nothing', async (t) => {
  leakCheck(t);
  const calls: string[] = [];
  const clock = createFakeClock();
  const rig = pipelineRig(t);
  mkdirSync(join(rig.folder, 'nothing'));
  const config = { inbox: { root: 'nothing', scan: '60d' }, steps: { A: COPY } };
  const running = rig.start(config, { clock, around: counted(calls) });
  await running.pipeline.settled(AbortSignal.timeout(20_000));
  await clock.advance(1000);
  calls.length = 0;
  const MINUTES = 30;
  await clock.advance(MINUTES * 60_000);
  const claims = calls.filter((name) => name === 'claim').length;
  assert.ok(claims >= 1 && claims <= MINUTES + 2, `${claims} claims in ${MINUTES} minutes`);
  const others = calls.filter((name) => WRITES.includes(name) && name !== 'claim' && name !== 'prune');
  assert.deepEqual(others, []);
  // Once it looks for what may be forgotten.
  assert.ok(calls.filter((name) => name === 'prune').length <= 2);
  await running.stop();
});

test('I4 inputs that hang hold up others by the room that they take, and nothing else', async (t) => {
  leakCheck(t);
  const run = sh(
    'case $1 in bad*) echo "hangs $1" >> "$TRACE"; sleep 300;; esac; cp "$2" "$3"',
    '{name}',
    '{in}',
    '{out}',
  );
  const rig = pipelineRig(t, {
    parallel: 2,
    steps: { A: { from: 'inbox', run, concurrency: 2, timeout: '1h', stop: '0s' } },
  });
  rig.deliver('bad.in', 'x');
  const running = rig.start();
  await running.pipeline.look();
  await untilTraced(rig, 'hangs bad.in');
  for (let index = 0; index < 5; index++) rig.deliver(`good${index}.in`, 'x');
  await running.pipeline.look();
  await until(async () => (await running.pipeline.figures()).files['done'] === 5, {
    what: 'the others to be done',
  });
  // They are done before their folders are gone.
  await until(() => running.pipeline.running().length === 1, { what: 'only one to run' });
  assert.equal(running.pipeline.running()[0]?.first, join(rig.folder, 'incoming/bad.in'));
  await running.stop();
});

test('I7 status is answered within a second, whatever the workers do', async (t) => {
  leakCheck(t);
  // One takes a processor, one prints without an end, one leaves many files.
  const run = sh(
    'echo "busy $1" >> "$TRACE"; case $1 in spin*) while :; do :; done;; print*) exec yes "a line of output";; *) i=0; while :; do i=$((i+1)); : > "$2/$i"; done;; esac',
    '{name}',
    '{out}',
  );
  const step = { from: 'inbox', run, concurrency: 3, timeout: '1h', stop: '0s' };
  const rig = pipelineRig(t, { parallel: 3, steps: { A: step } });
  for (const name of ['spin', 'print', 'files']) rig.deliver(`${name}.in`, 'x');
  const running = rig.start();
  await running.pipeline.look();
  for (const name of ['spin', 'print', 'files']) await untilTraced(rig, `busy ${name}.in`);
  const view = running.pipeline;
  for (let round = 0; round < 5; round++)
    for (const line of ['next', 'last', 'current', 'error', 'open', 'health', 'config']) {
      const answer = answerStatus(line, { view, now: 0, program: '1' });
      const text = await within(answer, { what: `the answer to ${line}`, deadlineMs: 1000 });
      if (line === 'current') assert.equal(text.split('\n').length, 6);
    }
  await running.stop();
});

test('I8 nothing open and nothing current is said only when nothing runs and nothing is left to be done', async (t) => {
  leakCheck(t);
  const next = (from: string): object => ({ from, run: ['cp', '{in}', '{out}/{name}.x'] });
  const rig = pipelineRig(t, { parallel: 2, steps: { A: next('inbox'), B: next('A'), C: next('B') } });
  const running = rig.start();
  await running.pipeline.hold('until all are there');
  for (let index = 0; index < 6; index++) rig.deliver(`${index}.in`, 'x');
  await running.settle();
  const say = (line: string): Promise<string> =>
    answerStatus(line, { view: running.pipeline, now: 0, program: '1' });
  await running.pipeline.resume();
  let looks = 0;
  await until(
    async () => {
      for (let burst = 0; burst < 50; burst++) {
        looks++;
        const [open, current] = [await say('next'), await say('current')];
        if (open !== 'open files: 0' || !current.startsWith('None')) continue;
        assert.equal(running.pipeline.running().length, 0);
        assert.equal(Object.keys(rig.products()).length, 18, `idle after ${looks} looks`);
        return true;
      }
      return false;
    },
    { what: 'it to be idle' },
  );
  await running.stop();
});

test('I8 while something runs it is never idle, nor when all that is left waits to be tried again', async (t) => {
  leakCheck(t);
  const run = sh('echo "began" >> "$TRACE"; until [ -e go ]; do sleep 0.02; done; exit 1', '{in}');
  const rig = pipelineRig(t, { steps: { A: { from: 'inbox', run, retry: '1 every 1h' } } });
  rig.deliver('a.in', 'x');
  const running = rig.start();
  const say = (line: string): Promise<string> =>
    answerStatus(line, { view: running.pipeline, now: 0, program: '1' });
  await running.pipeline.look();
  await untilTraced(rig, 'began');
  assert.equal(await say('next'), 'open files: 0');
  assert.match(await say('current'), /^\/.*a\.in\n/);
  writeFileSync(join(rig.folder, 'go'), '');
  await running.settle();
  assert.equal(await say('next'), 'open files: 1');
  await running.stop();
});

test('I9 the engine knows no instrument: its sources speak of files, keys and commands', () => {
  const words =
    /stix|solo_|telemetry|telecommand|spice|\bfits\.?\b(?=['"`*]|\/)|\.fits|scet|\bidl\b|soop|\besa\b|\bapid\b|pkttm|packet|instrument|spacecraft|detector|neutron/i;
  const found = globSync('src/pipeline/**/*.ts', { cwd: join(import.meta.dirname, '../..') })
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) =>
      readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
        .split('\n')
        .flatMap((line, index) => (words.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    );
  assert.deepEqual(found, []);
});

test('what came first goes all its way before the next begins: at the same order the deeper level is first', async (t) => {
  leakCheck(t);
  const traced = (what: string): string => `echo "${what} $1" >> "$TRACE"; `;
  const rig = pipelineRig(t, {
    parallel: 1,
    steps: {
      A: { from: 'inbox', run: sh('for i in 1 2 3; do cp "$1" "$2/$i.a"; done', '{in}', '{out}') },
      B: { from: 'A', run: sh(`${traced('B')} cp "$2" "$3/$1.b"`, '{stem}', '{in}', '{out}') },
      C: { from: 'B', run: sh(`${traced('C')} :`, '{stem}') },
    },
  });
  rig.deliver('a.in', 'x');
  await rig.work();
  assert.deepEqual(
    rig.trace(),
    ['B 1', 'C 1.a', 'B 2', 'C 2.a', 'B 3', 'C 3.a'].map((line) => line.replace('.a', '')),
  );
});
