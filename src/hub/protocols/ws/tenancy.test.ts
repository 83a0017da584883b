import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { until } from '../../../../test/rig/wait.ts';
import { batchFrame, startWatchdogHub, type TestClient } from '../../../../test/rig/watchdog-hub.ts';
import { queryActions } from '../../queries/actions.ts';

const AGENTS = ['ape', 'bee', 'cat', 'dog'];

/** Whatever an agent stores or sets has its mark in it. */
const markOf = (agent: string): string => `mark-of-${agent}`;

interface Who {
  readonly name: string;
  readonly isUser: boolean;
  readonly version: 1 | 2;
  /** Undefined: all. */
  readonly sees: readonly string[] | undefined;
}

const agent = fc.constantFrom(...AGENTS);
const who: fc.Arbitrary<Who> = fc.oneof(
  fc
    .record({ name: agent, isUser: fc.constant(false), version: fc.constantFrom(1, 2) })
    .map((one) => ({ ...one, sees: [one.name] })),
  fc.record({
    name: fc.constantFrom('u1', 'u2'),
    isUser: fc.constant(true),
    version: fc.constantFrom(1, 2),
    sees: fc.oneof(fc.uniqueArray(agent, { minLength: 1, maxLength: 3 }), fc.constant(undefined)),
  }),
);

/** What may be asked, of whomever it names. */
function asking(naming: Record<string, unknown>): fc.Arbitrary<Record<string, unknown>> {
  const time = Date.now();
  return fc.constantFrom<Record<string, unknown>>(
    { action: 'getLogs', timewindow: 1e9, ...naming },
    { action: 'getNotifications', timewindow: 1e9, ...naming },
    { action: 'getConfig', ...naming },
    { action: 'insertConfig', config: 'mark', info: { config: 'mark' }, ...naming },
    { action: 'uploadLogs', logs: [{ time: time / 1000, level: 10, sender: 's', message: 'mark' }] },
    { action: 'uploadLogs', logs: [{ level: 10, message: 'mark' }] },
    {
      action: 'uploadNotifications',
      notifications: [{ time: time / 1000, level: 10, sender: 's', message: 'mark' }],
    },
    { action: 'uploadNotifications', notifications: [{ level: 10, message: 'mark', service: 's' }] },
    { action: 'query', limit: 50 },
    { action: 'query', limit: 50, agents: [naming['agent'] ?? 'ape'] },
    { action: 'tail', filter: {} },
    { action: 'tail', agents: [naming['agent'] ?? 'bee'] },
  );
}

const step = fc
  .tuple(
    fc.nat(5),
    fc.oneof(
      fc.constant({}),
      agent.map((name) => ({ agent: name })),
      agent.map((name) => ({ wdcode: name })),
    ),
  )
  .chain(([index, naming]) => asking(naming).map((frame) => ({ index, frame })));

test('whatever is asked, in whatever order: nobody is shown what is of an agent that he may not see', async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t, {
    actions: (doors) => queryActions(doors),
    socketOptions: { most: 10_000 },
  });
  let shown = 0;
  const check = (client: TestClient, { sees }: Who): void => {
    const text = JSON.stringify(client.frames);
    for (const name of AGENTS) {
      const has = text.includes(markOf(name));
      if (sees?.includes(name) === false) assert.equal(has, false, `${name} is shown: ${text}`);
      if (has) shown++;
    }
  };
  for (const name of AGENTS) {
    const shipping = await hub.join(hub.agentToken(name), { v: 2, series: 's' });
    const record = {
      seq: 1,
      time: Date.now() * 1000,
      host: name,
      service: 's',
      life: '',
      kind: 'notification',
      level: 9,
      sender: '',
      message: markOf(name),
    };
    await shipping.ask(batchFrame(0, [record]));
    await shipping.ask({ action: 'insertConfig', config: markOf(name) });
    await shipping.close();
  }
  const run = async (
    people: readonly Who[],
    steps: readonly { index: number; frame: Record<string, unknown> }[],
  ): Promise<void> => {
    const clients = await Promise.all(
      people.map(async (one) => {
        const token = one.isUser ? hub.userToken(one.name, 'operate', one.sees) : hub.agentToken(one.name);
        return hub.join(token, { v: one.version });
      }),
    );
    for (const { index, frame } of steps) {
      const one = people[index % people.length] as Who;
      const client = clients[index % people.length] as TestClient;
      // Agents mark what they store; what a user sets is nobody's secret.
      client.send(JSON.stringify(frame).replaceAll('mark', one.isUser ? 'none' : markOf(one.name)));
    }
    for (const client of clients) {
      client.send({ action: 'ping', id: 'last' });
      await until(() => client.frames.some(({ action }) => action === 'ping'), { what: 'the last answer' });
    }
    for (const [index, client] of clients.entries()) check(client, people[index] as Who);
    await Promise.all(clients.map((client) => client.close()));
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(who, { minLength: 2, maxLength: 5 }),
      fc.array(step, { minLength: 1, maxLength: 15 }),
      run,
    ),
    { numRuns: Number(process.env['VAHTI_FUZZ'] ?? 25), endOnFailure: true },
  );
  assert.ok(shown > 0);
  t.diagnostic(`marks shown to those who may see them: ${shown}`);
});
