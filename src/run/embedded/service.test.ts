import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { createTestService } from '../../../test/rig/embedded.ts';
import { onEnd, testStateId as stateId } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { groupAlive, lookupUser } from '../../core/processes.ts';
import type { RecordDraft } from '../../core/record.ts';

test('a service runs, is captured, and comes back with a new life after it fell', async (t) => {
  const { service, rig, drafts, messages, logText } = await createTestService(t);
  service.start('person');
  const first = await rig.nextChild();
  const { life, pid, state } = service.snapshot();
  assert.deepEqual(
    [state, pid, first.life, first.service],
    ['running', first.pid, `${stateId}/svc/${life}`, 'svc'],
  );
  await first.print('stdout', 'hello\n');
  await first.print('stderr', 'ERROR the last words\n');
  first.exit(3);
  const second = await rig.nextChild();
  assert.notEqual(second.life, first.life);
  const exit = drafts.find(({ kind }) => kind === 'exit');
  assert.match(exit?.message ?? '', /^exited with code 3 after /);
  assert.deepEqual([exit?.life, exit?.level], [life, 17]);
  assert.deepEqual((exit?.fields?.['tail'] as string[] | undefined)?.toSorted(), [
    'ERROR the last words',
    'hello',
  ]);
  assert.deepEqual(messages('start'), [
    `started, life ${life}, pid ${first.pid}`,
    `started, life ${second.life.split('/')[2]}, pid ${second.pid}`,
  ]);
  assert.deepEqual(
    drafts.filter(({ kind }) => kind !== 'log').map(({ kind }) => kind),
    ['start', 'exit', 'start'],
  );
  const lastExit = service.snapshot().lastExit;
  assert.deepEqual([lastExit?.life, lastExit?.message], [life, exit?.message]);
  await until(() => /stdout hello\n/.test(logText()) && /stderr ERROR the last words\n/.test(logText()), {
    what: 'the log',
  });
});

test('a death by signal is told in words', async (t) => {
  const { service, rig, messages } = await createTestService(t);
  service.start('person');
  (await rig.nextChild()).signal('SIGKILL');
  await rig.nextChild();
  assert.match(messages('exit')[0] ?? '', /^ended by SIGKILL after /);
});

test('a stop holds, within its deadline, with the whole tree gone', async (t) => {
  const { service, rig, messages, persisted } = await createTestService(t, { spec: { stopMs: 200 } });
  service.start('person');
  const child = await rig.nextChild();
  await child.ignoreTerm();
  const grandchild = await child.forkGrandchild({ setsid: true, ignoreTerm: true });
  const begun = performance.now();
  service.stop('person');
  assert.equal(persisted.at(-1)?.wanted, false, 'written down before anything is done');
  await within(service.ended(), { what: 'the end' });
  const took = performance.now() - begun;
  assert.ok(took >= 200 && took < 2000, `it took ${took} ms`);
  assert.equal(groupAlive(grandchild), false);
  service.start('vahti');
  service.restart('vahti', 'a watch is bad');
  assert.deepEqual([service.snapshot().state, service.snapshot().pid], ['stopped', null]);
  assert.match(messages('exit')[0] ?? '', /, killed at the stop deadline$/);
  assert.deepEqual(messages('action'), ['stop by a person']);
  assert.equal(persisted.at(-1)?.process, null);
});

test('a restart that was asked for ends the old life first', async (t) => {
  const { service, rig, messages, drafts } = await createTestService(t);
  service.start('person');
  const first = await rig.nextChild();
  service.restart('person', 'new config');
  service.restart('person', 'new config');
  await first.gone;
  await rig.nextChild();
  assert.deepEqual(messages('action'), [
    'restart by a person: new config',
    'restart by a person: new config',
  ]);
  assert.equal(drafts.find(({ kind }) => kind === 'exit')?.level, 9);
  assert.equal(messages('start').length, 2);
  assert.equal(service.snapshot().startsInWindow, 0);
});

test('what is left of a life is ended before the next one starts', async (t) => {
  const { service, rig, messages } = await createTestService(t, { spec: { stopMs: 300 } });
  service.start('person');
  const child = await rig.nextChild();
  const inside = await child.forkGrandchild({ keepPipe: true, ignoreTerm: true });
  const outside = await child.forkGrandchild({ setsid: true });
  child.exit(1);
  await rig.nextChild();
  for (const pid of [inside, outside]) assert.equal(fs.existsSync(`/proc/${pid}/exe`), false);
  assert.match(messages('exit')[0] ?? '', /; the rest of its processes had to be killed$/);
});

test('a stranger that holds the pipes does not delay the next life', async (t) => {
  const { service, rig } = await createTestService(t);
  service.start('person');
  const child = await rig.nextChild();
  const stranger = await child.forkGrandchild({ keepPipe: true, setsid: true, clearEnv: true });
  onEnd(t, () => process.kill(stranger, 'SIGKILL'));
  child.exit(1);
  await rig.nextChild(5000);
  assert.ok(groupAlive(stranger));
});

test('a life that closes its pipes goes on', async (t) => {
  const { service, rig } = await createTestService(t);
  service.start('person');
  const child = await rig.nextChild();
  await child.closePipes();
  assert.equal((await child.env())['VAHTI_SERVICE'], 'svc');
  assert.equal(service.snapshot().pid, child.pid);
});

test('the end of the daemon ends the life and leaves it wanted', async (t) => {
  const { service, rig, persisted, messages } = await createTestService(t);
  service.start('person');
  const child = await rig.nextChild();
  await service.dispose();
  await child.gone;
  assert.deepEqual([persisted.at(-1)?.wanted, persisted.at(-1)?.process], [true, null]);
  assert.match(messages('exit')[0] ?? '', /, as asked$/);
  service.start('person');
  assert.equal(service.snapshot().state, 'stopped');
});

test('who takes the records may ask for something at once', async (t) => {
  let asked = false;
  const box: { service?: Awaited<ReturnType<typeof createTestService>>['service'] } = {};
  const drafts: RecordDraft[] = [];
  const records = (batch: readonly RecordDraft[]): void => {
    drafts.push(...batch);
    if (!asked && batch.some(({ kind }) => kind === 'start')) {
      asked = true;
      box.service?.restart('vahti', 'at once');
    }
  };
  const { service, rig } = await createTestService(t, { deps: { records } });
  box.service = service;
  service.start('person');
  await rig.nextChild();
  await until(() => drafts.filter(({ kind }) => kind === 'start').length === 2, { what: 'the second start' });
});

test('a service runs as its user', { skip: process.getuid?.() !== 0 && 'needs root' }, async (t) => {
  const user = await lookupUser('nobody');
  assert.ok(user !== undefined);
  const { service, drafts } = await createTestService(t, {
    spec: {
      user,
      argv: ['sh', '-c', 'id -u; cat /proc/$$/environ | tr "\\0" "\\n" | grep VAHTI_LIFE; exec sleep 1000'],
    },
  });
  service.start('person');
  await until(() => drafts.filter(({ kind }) => kind === 'log').length === 2, { what: 'two lines' });
  const said = drafts.filter(({ kind }) => kind === 'log').map(({ message }) => message);
  assert.deepEqual(said, [String(user.uid), `VAHTI_LIFE=${stateId}/svc/${service.snapshot().life}`]);
  service.stop('person');
  await within(service.ended(), { what: 'the end' });
});

test('the restart of a life that fell takes no waiting', async (t) => {
  const pidFile = path.join(os.tmpdir(), `${stateId}.pid`);
  onEnd(t, () => fs.rmSync(pidFile, { force: true }));
  const { service } = await createTestService(t, {
    spec: {
      argv: ['sh', '-c', `echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 1000`],
      restart: { fast: 10 },
    },
  });
  service.start('person');
  const pidIn = () => (fs.existsSync(pidFile) ? Number(fs.readFileSync(pidFile, 'utf8')) : 0);
  await until(() => pidIn() > 0, { what: 'the first pid' });
  const took: number[] = [];
  for (let fall = 0; fall < 10; fall++) {
    const pid = pidIn();
    const begun = performance.now();
    process.kill(pid, 'SIGKILL');
    while (pidIn() === pid && performance.now() < begun + 5000)
      await new Promise((resolve) => setImmediate(resolve));
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  t.diagnostic(
    `from SIGKILL to the successor's pid file: median ${took[5]?.toFixed(1)} ms, slowest ${took[9]?.toFixed(1)} ms`,
  );
  assert.ok((took[5] ?? 0) < 200, `median ${took[5]} ms`);
});
