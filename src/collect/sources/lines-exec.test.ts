import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createRig } from '../../../test/rig/child.ts';
import { leakCheck, testStateId } from '../../../test/rig/leaks.ts';
import { createLineSink, runLines } from '../../../test/rig/line-sink.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { createLog } from '../../core/log.ts';
import { processAlive, processesWithEnv } from '../../core/processes.ts';
import { createExecLinesSource, type ExecLinesOptions } from './lines-exec.ts';

const LIFE = `${testStateId}/exec-lines`;

async function setUp(t: TestContext) {
  leakCheck(t);
  const rig = await createRig(t);
  const options = { argv: rig.argv, env: rig.env, cwd: '/', life: LIFE, random: () => 0 };
  const source = (more: Partial<ExecLinesOptions> = {}) => createExecLinesSource({ ...options, ...more });
  return { rig, source };
}

/** Who lives and belongs to the command. */
function alive(): number[] {
  return processesWithEnv('VAHTI_LIFE', LIFE).map(({ pid }) => pid);
}

test('a command that ends is started again, with one gap before its next line, and only when its tree is gone', async (t) => {
  const { rig, source } = await setUp(t);
  const sink = createLineSink();
  runLines(t, source({ stopMs: 200 }), sink);
  const first = await rig.nextChild();
  assert.equal(first.life, LIFE);
  const grandchildren = [
    await first.forkGrandchild({ keepPipe: true, ignoreTerm: true }),
    await first.forkGrandchild({ keepPipe: true, setsid: true }),
  ];
  await first.print('stdout', 'one\r\n{"n":2}\nlast words');
  first.exit(3);
  const second = await rig.nextChild();
  const left = alive();
  for (const pid of grandchildren) assert.equal(left.includes(pid), false, `${pid} lives on`);
  await second.print('stdout', 'four\n');
  await sink.gather(4);
  assert.deepEqual(sink.told(), [
    'connected',
    'one',
    '{"n":2}',
    'last words',
    'disconnected',
    'connected',
    'gap',
    'four',
  ]);
  assert.equal(sink.lines[2]?.partial, true);
  assert.equal(sink.of('disconnected')[0]?.reason, 'the command ended with exit code 3');
});

test('drain ends the whole tree, keeps the last words, and is quick', async (t) => {
  const { rig, source } = await setUp(t);
  const sink = createLineSink(7);
  const running = runLines(t, source(), sink);
  const child = await rig.nextChild();
  const grandchild = await child.forkGrandchild({ keepPipe: true, setsid: true });
  const before = processesWithEnv('VAHTI_LIFE', LIFE).filter(({ pid }) => pid === grandchild);
  assert.equal(before.length, 1);
  await child.print('stdout', 'x\n');
  await sink.gather(1);
  const began = performance.now();
  await running.end();
  assert.ok(performance.now() - began < 1500, `${performance.now() - began} ms`);
  for (const identity of before) assert.equal(processAlive(identity), false);
  assert.deepEqual(alive(), []);
  assert.deepEqual(sink.told(), ['connected', 'gap', 'x']);
});

test('who ignores TERM is killed after the deadline, and at once on stop', async (t) => {
  const { rig, source } = await setUp(t);
  const running = runLines(t, source({ stopMs: 100 }), createLineSink());
  await (await rig.nextChild()).ignoreTerm();
  await running.end();
  const again = runLines(t, source({ stopMs: 60_000 }), createLineSink());
  await (await rig.nextChild()).ignoreTerm();
  await again.kill();
  assert.deepEqual(alive(), []);
});

test('a full sink stops the reading, so that the command waits at its pipe; nothing is lost, not even at its end', async (t) => {
  const { rig, source } = await setUp(t);
  const sink = createLineSink();
  runLines(t, source(), sink);
  const child = await rig.nextChild();
  sink.fill();
  const bytes = 101 * 50_000;
  const flood = child.flood('stdout', bytes);
  await assert.rejects(within(flood, { deadlineMs: 300, what: 'room' }), /in vain/);
  assert.ok(sink.lines.length < 2000, `${sink.lines.length} lines came into a full sink`);
  sink.empty();
  await flood;
  sink.fill();
  await child.print('stdout', 'in the pipe\n');
  await child.print('stdout', 'at the end\n');
  child.exit(0);
  await child.gone;
  sink.empty();
  await sink.gather(50_002);
  assert.equal(sink.lines[50_001]?.line, 'at the end');
  assert.equal(new Set(sink.lines.slice(0, 50_000).map(({ line }) => line)).size, 1);
});

test('its standard error goes to the log, so much at most', async (t) => {
  const { rig, source } = await setUp(t);
  const logged: string[] = [];
  const log = createLog('info', (line) => logged.push(line));
  const sink = createLineSink();
  const running = runLines(t, source(), sink, { log });
  const child = await rig.nextChild();
  await child.print('stderr', `${'y'.repeat(3000)}\n${'trouble\n'.repeat(200)}`);
  await until(() => logged.length >= 50, { what: 'the log' });
  await running.end();
  const said = logged.map((line) => JSON.parse(line) as { message: string; text?: string; lines?: number });
  assert.deepEqual(
    said.slice(0, 3).map(({ text }) => text?.length),
    [2048, 952, 7],
  );
  assert.equal(said.length, 51);
  assert.equal(said[50]?.lines, 152);
  assert.deepEqual(sink.lines, []);
});

test('a command that cannot be started is tried again, and makes no gap', async (t) => {
  const { source } = await setUp(t);
  const sink = createLineSink(3);
  const running = runLines(t, source({ argv: ['no-such-program'] }), sink);
  await until(() => sink.of('disconnected').length >= 3, { what: 'three attempts' });
  await running.end();
  assert.equal(sink.of('disconnected')[0]?.reason, 'cannot start "no-such-program": no such program');
  assert.deepEqual(new Set(sink.told()), new Set(['disconnected']));
});

test('a command that closed its output, or says nothing for too long, is ended and started again', async (t) => {
  const { rig, source } = await setUp(t);
  const sink = createLineSink();
  runLines(t, source({ silenceMs: 1500 }), sink);
  const first = await rig.nextChild();
  await first.closePipes();
  await within(first.gone, { what: 'the first to be ended' });
  const second = await rig.nextChild();
  await within(second.gone, { what: 'the second to be ended' });
  const third = await rig.nextChild();
  await third.print('stdout', 'x\n');
  await sink.gather(1);
  assert.deepEqual(
    sink.of('disconnected').map(({ reason }) => reason),
    ['the command closed its output', 'nothing received for 1.5s'],
  );
  assert.equal(sink.of('gap').length, 1);
});
