import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { HUB_KEEP, sent } from '../../../test/rig/hub-threads.ts';
import { leakCheck, onEnd, TEST_VARIABLE, testStateId, tempFolder } from '../../../test/rig/leaks.ts';
import { ROOT } from '../../../test/rig/vahti.ts';
import { within } from '../../../test/rig/wait.ts';
import { openHubStore } from './hub-store.ts';
import type { Append } from './messages.ts';

const KILLS = 3;
const AGENTS = ['a1', 'a2', 'a3', 'a4'];
const BATCH = 40;

/** An agent as it is to be: it sends one batch after another, and again what was not acknowledged. */
interface Agent {
  readonly name: string;
  acked: number;
}

test(`${KILLS} kills of a hub under load lose nothing that was acknowledged, and double nothing`, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const agents: Agent[] = AGENTS.map((name) => ({ name, acked: 0 }));
  let hub: ChildProcess | undefined;
  onEnd(t, () => void hub?.kill('SIGKILL'));
  for (let kill = 0; kill < KILLS; kill++) {
    hub = fork(join(ROOT, 'test/rig/hub-main.ts'), [folder], {
      env: { ...process.env, [TEST_VARIABLE]: `${testStateId}/` },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await within(once(hub, 'message'), { what: 'the hub to begin' });
    await loadUntilKilled(hub, agents, 20 + kill * 7);
  }
  const store = await openHubStore({
    folder,
    keep: HUB_KEEP,
    clock: systemClock,
    note: (note) => assert.fail(note),
    died: (error) => {
      throw error;
    },
  });
  for (const { name, acked } of agents) {
    const last = await store.lastOf(name);
    assert.ok(acked > 0 && last >= acked, `${name}: ${acked} acknowledged, ${last} stored`);
    const page = await store.newest({ agents: [name], limit: 10_000 }, 10_000);
    assert.ok(page.ok);
    const seqs = page.value.rows.map(({ seq }) => seq).toSorted((a, b) => a - b);
    assert.deepEqual(
      seqs,
      Array.from({ length: last }, (_, index) => index + 1),
    );
  }
  await store.close();
});

/** Every agent sends as fast as it is answered; at an answer that is not known before the hub is killed, with batches on their way. */
async function loadUntilKilled(hub: ChildProcess, agents: readonly Agent[], answers: number): Promise<void> {
  let left = answers;
  const gone = once(hub, 'exit');
  const send = (agent: Agent, index: number): void => {
    const json = Buffer.from(sent(agent.acked + 1, agent.acked + BATCH)).toString();
    hub.send({ id: index, agent: agent.name, json }, () => {});
  };
  hub.on('message', ({ id, answer }: { readonly id: number; readonly answer: Append }) => {
    const agent = agents[id];
    if (agent === undefined || !answer.ok) throw new Error(`it was not taken: ${JSON.stringify(answer)}`);
    agent.acked = answer.last;
    send(agent, id);
    if (--left === 0) hub.kill('SIGKILL');
  });
  for (const [index, agent] of agents.entries()) send(agent, index);
  await within(gone, { what: 'the hub to be killed', deadlineMs: 30_000 });
}
