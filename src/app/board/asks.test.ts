import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { createLog } from '../../core/log.ts';
import { type RpcMethods, RpcError } from '../../core/rpc.ts';
import { ASKS, type AskMethod } from '../../wire/page/asks.ts';
import type { ControlApi } from '../control-api.ts';
import { type AskSources, createAskHandler } from './asks.ts';
import type { PipelineAsks } from './pipeline-asks.ts';

/** Methods that keep what they are called with; what they do is the test's. */
function createRig({
  acts = true,
  does,
}: {
  acts?: boolean;
  does?: (method: string, params: unknown) => unknown;
} = {}) {
  const clock = createFakeClock();
  const lines: string[] = [];
  const called: [string, unknown][] = [];
  const methods = new Proxy(
    {},
    {
      get: (_target, method: string) => ({
        params: v.unknown(),
        async handle(params: unknown) {
          called.push([method, params]);
          return does === undefined ? [] : does(method, params);
        },
      }),
    },
  ) as RpcMethods<ControlApi>;
  const pipelines = Object.fromEntries(
    (Object.keys(ASKS) as AskMethod[])
      .filter((method) => method.startsWith('pipeline-'))
      .map((method) => [
        method,
        async (params: object, { who, why }: { who: string; why: string }) => {
          called.push([method, { ...params, who, why }]);
          return does === undefined ? [] : does(method, params);
        },
      ]),
  ) as unknown as PipelineAsks;
  const handler = createAskHandler({
    methods,
    pipelines,
    acts,
    clock,
    log: createLog('info', (line) => lines.push(line)),
    looks: {} as AskSources['looks'],
  });
  const ask = (method: unknown, params: unknown, why = 'a reason', who = 'ada') =>
    handler({ event: 'ask', ask: 'q', method, params, who, why }, new AbortController().signal);
  return { clock, lines, called, ask };
}

const NAMES = { names: ['web'] };
/** Params for each act. */
const ACTS: Partial<Record<AskMethod, object>> = {
  start: NAMES,
  stop: NAMES,
  restart: NAMES,
  snooze: { ...NAMES, until: 1e12 },
  'snooze-end': NAMES,
  ack: NAMES,
  'job-run': { name: 'dump', dryRun: false },
  'job-pause': NAMES,
  'job-resume': NAMES,
  'notification-retry': { id: 'x-1' },
  'notification-drop': { id: 'x-1' },
  'notify-test': { channel: 'ops' },
  'pipeline-retry': { name: 'dump' },
  'pipeline-hold': { name: 'dump' },
  'pipeline-drain': { name: 'dump' },
  'pipeline-resume': { name: 'dump' },
  'pipeline-adopt': { name: 'dump', file: '#1' },
};

test('every act needs a reason, and leave to act; nothing is done without', async () => {
  const acts = (Object.keys(ASKS) as AskMethod[]).filter((method) => ASKS[method].role === 'operate');
  assert.deepEqual(Object.keys(ACTS).sort(), [...acts].sort());
  const rig = createRig({ does: () => ({ run: null, lines: [], map: () => [] }) });
  const held = createRig({ acts: false });
  for (const method of acts) {
    const answer = await rig.ask(method, ACTS[method], '  ');
    assert.equal('error' in answer && answer.error.message, `cannot do ${method}: say why`);
    const refused = await held.ask(method, ACTS[method]);
    assert.match(
      'error' in refused ? refused.error.message : '',
      /^cannot [a-z ]+ (web|dump|x-1|ops): this machine takes no actions from its hub; "hub: \{ act: true \}" in its config allows it$/,
    );
  }
  assert.deepEqual([rig.called, held.called], [[], []]);
  assert.ok('value' in (await held.ask('silences', {})), 'to look is always allowed');
});

test('who and why go with every act, bounded', async () => {
  const rig = createRig({ does: (method) => (method === 'job-run' ? { run: 'r', lines: [] } : []) });
  const long = 'w'.repeat(300);
  for (const [method, params] of Object.entries(ACTS)) await rig.ask(method, params, 'y'.repeat(900), long);
  assert.equal(rig.called.length, Object.keys(ACTS).length);
  for (const [method, params] of rig.called) {
    if (method === 'notify-test') continue;
    const { who } = params as { who: string };
    assert.match(who, /^w{180} via hub/, method);
    assert.ok(who.length <= 200, method);
  }
});

test('what is no ask, or no params of one, is refused', async () => {
  const rig = createRig();
  for (const [method, params] of [
    ['reload', {}],
    ['down', {}],
    ['constructor', {}],
    [undefined, {}],
    ['start', { names: [] }],
    ['start', { names: ['a'], who: 'me' }],
    ['start', { names: Array.from({ length: 101 }, () => 'a') }],
    ['job-history', { names: [], limit: 1e9 }],
    ['explain', []],
  ]) {
    const answer = await rig.ask(method, params);
    assert.equal('error' in answer && answer.error.code, 'invalid', JSON.stringify([method, params]));
  }
  assert.deepEqual(rig.called, []);
});

test('a stop that takes its time is said to be under way; what a method refuses, and what breaks it', async () => {
  const slow = createRig({ does: () => new Promise(() => {}) });
  const answer = slow.ask('stop', NAMES);
  await slow.clock.advance(15_000);
  assert.deepEqual(await answer, {
    value: [{ name: 'web', done: true, message: 'is under way: it takes its time' }],
  });
  const refuses = createRig({
    does() {
      throw new RpcError('unknown-service', 'cannot find a service "web"');
    },
  });
  assert.deepEqual(await refuses.ask('stop', NAMES), {
    error: { code: 'unknown-service', message: 'cannot find a service "web"' },
  });
  assert.equal(refuses.clock.nextTimer(), undefined);
  const breaks = createRig({
    does() {
      throw new Error('secret /etc/path');
    },
  });
  const broken = await breaks.ask('explain', { name: 'web' });
  assert.doesNotMatch(JSON.stringify(broken), /secret/);
  assert.match(breaks.lines.join(''), /secret/);
});
