import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { openHubStore } from '../../src/hub/threads/hub-store.ts';
import { HUB_KEEP } from '../rig/hub-threads.ts';
import { leakCheck, onEnd, TEST_VARIABLE, testStateId, tempFolder } from '../rig/leaks.ts';
import { linesOf, messagesOf, upTo } from '../rig/shipping.ts';
import { ROOT } from '../rig/vahti.ts';
import { within } from '../rig/wait.ts';

/**
 * The way from a host to its hub with real processes (docs/fault-model.md): SIGKILL of the hub before a batch is stored, or when it is
 * and nobody knows; of the agent instead of saving how far it is, just after, or while lines are written; a hub without room. What
 * died is started again and goes on. The oracle: the hub has every line once, in order.
 */
const CASES = Number(process.env['VAHTI_HUB_KILLS'] ?? 6);
/** Lines of each case. */
const LINES = 1_500;

const MOMENTS = [
  'hub stored',
  'agent unsaved',
  'hub full',
  'agent line',
  'hub before',
  'agent saved',
] as const;

/** A process, and another one in its place when it has killed itself. */
function keep(t: TestContext, script: string, argsOf: () => readonly string[]) {
  let child: ChildProcess;
  let isOver = false;
  onEnd(t, () => {
    isOver = true;
    child.kill('SIGKILL');
  });
  const start = (): void => {
    const begun = fork(join(ROOT, 'test/rig', script), argsOf(), {
      env: { ...process.env, [TEST_VARIABLE]: `${testStateId}/` },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child = begun;
    begun.on('exit', (_code, signal) => assert.ok(isOver || signal === 'SIGKILL', `${script} ended`));
  };
  start();
  return {
    start,
    send: (message: object) => child.send(message, () => {}),
    async told<T>(): Promise<T> {
      const [message] = await within(once(child, 'message'), {
        what: `${script} to tell`,
        deadlineMs: 60_000,
      });
      return message as T;
    },
    killed: () => within(once(child, 'exit'), { what: `${script} to kill itself`, deadlineMs: 60_000 }),
    async end() {
      isOver = true;
      const gone = once(child, 'exit');
      child.disconnect();
      await within(gone, { what: `${script} to end` });
    },
  };
}

interface Facts {
  readonly line: number;
  readonly deferred: number;
}

test(`${CASES} kills of hub or agent between storing, answering and remembering, or full disks, lose and double nothing`, async (t) => {
  leakCheck(t);
  const [folder, host] = [tempFolder(t), tempFolder(t)];
  let port = 0;
  const hub = keep(t, 'hub-process.ts', () => [folder, `${port}`]);
  port = (await hub.told<{ readonly port: number }>()).port;
  const agent = keep(t, 'agent-process.ts', () => [host, `${port}`]);
  let lines = 0;
  for (let index = 0; index < CASES; index++) {
    const [victim, moment = ''] = (MOMENTS[index % MOMENTS.length] ?? '').split(' ');
    lines += LINES;
    if (victim === 'hub') {
      // Each round at another batch.
      hub.send({ crash: `${moment}:${1 + (Math.floor(index / MOMENTS.length) % 3)}` });
      const gone = moment === 'full' ? undefined : hub.killed();
      agent.send({ lines, crash: '' });
      await gone;
      if (gone !== undefined) hub.start();
    } else {
      agent.send({ lines, crash: moment });
      await agent.killed();
      agent.start();
      agent.send({ lines, crash: '' });
    }
    const facts = await agent.told<Facts>();
    assert.equal(facts.line, lines);
    if (moment === 'full') assert.ok(facts.deferred > 0, 'nothing was ever refused');
  }
  await agent.end();
  await hub.end();
  const store = await openHubStore({
    folder: `${folder}/store`,
    keep: HUB_KEEP,
    clock: systemClock,
    note: (note) => assert.fail(note),
    died: (error) => {
      throw error;
    },
  });
  onEnd(t, () => store.close());
  assert.deepEqual(linesOf(await messagesOf(store, 'alpha')), upTo(lines), 'lost, doubled, or out of order');
});
