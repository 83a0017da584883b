import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { until } from '../../../../test/rig/wait.ts';
import { batchFrame, startWatchdogHub } from '../../../../test/rig/watchdog-hub.ts';
import { anyText } from '../../../../test/rig/any-text.ts';

const RUNS = Number(process.env['VAHTI_FUZZ'] ?? 80);

/** What no answer may have in it: paths, stacks, SQL. */
const INNARDS = /\.ts\b|\/src\/|node_modules|at \w+ \(|SELECT |sqlite|Error:/;

const entry = { level: 30, time: 1_700_000_000.5, sender: 's', message: 'm' };
const row = { level: 9, time: 1_700_000_000_000_000, sender: 's', message: 'm', fields: { a: 1 } };
const VALID: readonly Record<string, unknown>[] = [
  { action: 'ping', id: 1 },
  { action: 'keepalive' },
  { action: 'uploadLogs', logs: [entry, entry] },
  { action: 'uploadLogs', id: 2, logs: [row], key: 'k' },
  { action: 'uploadNotifications', notifications: [entry] },
  { action: 'uploadNotifications', id: 3, notifications: [row] },
  { action: 'getLogs', timewindow: 60, sender: 's', level: 10 },
  { action: 'getLogs', id: 4, limit: 10, cursor: '1.1', since: 0, until: 5 },
  { action: 'getNotifications', timewindow: 60, wdcode: 'fuzz' },
  { action: 'getConfig', info: {} },
  { action: 'insertConfig', info: { config: { a: 1 } } },
  { action: 'insertConfig', id: 5, config: { a: 1 }, version: 1 },
];
const RECORD = {
  seq: 1,
  time: 1,
  host: 'h',
  service: 's',
  life: '',
  kind: 'notification',
  level: 9,
  sender: '',
  message: 'm',
};

type Sent = string | Buffer;

/** A valid value in which somewhere something else stands, or is missing. */
function mutated(value: unknown): fc.Arbitrary<unknown> {
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom(
      null,
      -1,
      0,
      1.5,
      1e300,
      '',
      '\u0000',
      '\ud800',
      '__proto__',
      'x'.repeat(70_000),
      [],
      {},
      true,
    ),
  );
  if (typeof value !== 'object' || value === null) return anything;
  const keys = Object.keys(value);
  if (keys.length === 0) return anything;
  return fc.constantFrom(...keys).chain((key) => {
    const inner = (value as Record<string, unknown>)[key];
    const copy = (change: (made: Record<string, unknown>) => void): unknown => {
      const made = structuredClone(value) as Record<string, unknown>;
      change(made);
      return made;
    };
    return fc.oneof(
      anything.map((other) => copy((made) => (made[key] = other))),
      mutated(inner).map((other) => copy((made) => (made[key] = other))),
      fc.constant(copy((made) => delete made[key])),
      fc.tuple(fc.string(), anything).map(([name, other]) => copy((made) => (made[name] = other))),
    );
  });
}

function isAnswer({ event, action, notifications }: Record<string, unknown>): boolean {
  return event === undefined && (action !== 'uploadNotifications' || notifications === undefined);
}

const valid = fc.constantFrom(...VALID);
const text = fc.oneof(
  { weight: 4, arbitrary: valid.chain(mutated).map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: valid.map((value) => JSON.stringify(value)) },
  valid.chain((value) =>
    fc.nat(JSON.stringify(value).length).map((end) => JSON.stringify(value).slice(0, end)),
  ),
  fc.json(),
  anyText().map((value) => value.toWellFormed()),
  fc.constantFrom(
    '['.repeat(20_000),
    `{"action":"insertConfig","info":{"config":${'['.repeat(9000)}${']'.repeat(9000)}}}`,
  ),
);
const binary = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(fc.nat(5), mutated([RECORD])).map(([after, value]) => batchFrame(after, value ?? 0)),
  fc
    .tuple(fc.nat(5), fc.uint8Array({ maxLength: 40 }))
    .map(([after, bytes]) => batchFrame(after, Buffer.from(bytes))),
);
const frames: fc.Arbitrary<readonly Sent[]> = fc.array(fc.oneof({ weight: 3, arbitrary: text }, binary), {
  minLength: 1,
  maxLength: 12,
});

test('whatever frames come, before and behind auth, the hub answers, tells nothing of itself, and goes on', async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t, { socketOptions: { most: 5000 } });
  const steady = await hub.join(hub.agentToken('steady'), { v: 2 });
  const tokens = { agent: hub.agentToken('fuzz'), user: hub.userToken('u', 'operate', ['fuzz', 'fuzz-2']) };
  const auths: readonly (Record<string, unknown> | undefined)[] = [
    undefined,
    { token: tokens.agent },
    { token: tokens.user },
    { token: tokens.agent, v: 2 },
    { token: tokens.agent, v: 2, series: 's' },
    { token: tokens.user, v: 2 },
  ];
  let [answers, sentFrames] = [0, 0];
  const auth = fc.oneof(
    fc.constantFrom(...auths),
    fc
      .constantFrom(...auths.slice(1))
      .chain((value) => mutated({ action: 'auth', ...value })) as fc.Arbitrary<Record<string, unknown>>,
  );
  await fc.assert(
    fc.asyncProperty(auth, frames, async (first, rest) => {
      const client = await hub.open();
      if (first !== undefined)
        client.send(
          typeof first === 'object' && first !== null ? { action: 'auth', ...first } : JSON.stringify(first),
        );
      for (const frame of rest) if (client.ws.readyState === client.ws.OPEN) client.send(frame);
      client.send({ action: 'ping', id: 'last' });
      const isDone = (): boolean =>
        client.ws.readyState === client.ws.CLOSED ||
        client.frames.some(({ action, id }) => action === 'ping' && id === 'last') ||
        // Version 1 gives no id back.
        client.frames.filter(isAnswer).length > rest.length + 1;
      await until(isDone, { what: `an answer to ${JSON.stringify([first, rest.map(String)])}` });
      sentFrames += rest.length;
      answers += client.frames.length;
      for (const frame of client.frames) assert.doesNotMatch(JSON.stringify(frame), INNARDS);
      client.ws.terminate();
      assert.deepEqual(await steady.ask({ action: 'ping', id: 1 }), { action: 'ping', id: 1, success: true });
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  t.diagnostic(`${RUNS} connections, ${sentFrames} frames, ${answers} answers`);
  await until(() => hub.sockets.count() === 1, { what: 'all connections to be gone' });
  assert.deepEqual(
    hub.lines.filter((line) => line.includes('"level":"error"')),
    [],
  );
});
