import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LANES } from './lanes.ts';
import { next } from './service-machine.ts';
import {
  initialState,
  type Effect,
  type MachineSettings,
  type ServiceEvent,
  type ServiceState,
} from './service-state.ts';

const T0 = 1_800_000_000_000;
const person = { kind: 'start', by: 'person' } as const;
const boot = { kind: 'start', by: 'boot' } as const;
const stop = { kind: 'stop', by: 'person' } as const;
const unmet = { kind: 'needs', waitsFor: ['db ready', 'cache'] } as const;
const met = { kind: 'needs', waitsFor: [] } as const;
const renew = { kind: 'renew', reason: 'db was restarted' } as const;
const ready = { kind: 'ready', afterMs: 340, sign: 'a line with "up"' } as const;
const late = { kind: 'late', withinMs: 60_000, missing: 'no line had "up"' } as const;
const timer = { kind: 'timer' } as const;
const gone = { kind: 'treeGone', killed: false } as const;
const exited = (livedMs: number) =>
  ({ kind: 'exited', exit: { kind: 'exited', code: 1 }, livedMs, random: 0.5 }) as const;

function play(
  events: readonly ServiceEvent[],
  from = initialState(T0),
  settings: Partial<MachineSettings> = {},
) {
  let state: ServiceState = from;
  const effects: Effect[] = [];
  for (const event of events) {
    const step = next(state, event, T0, { ...DEFAULT_LANES, ...settings });
    state = step.state;
    effects.push(...step.effects);
  }
  const records = effects.flatMap((effect) => (effect.kind === 'record' ? [effect.record] : []));
  return {
    state,
    messages: records.map(({ kind, message }) => `${kind}: ${message}`),
    kinds: effects.map(({ kind }) => kind).filter((kind) => kind !== 'record'),
  };
}

test('what it needs is waited for, said once, and its coming is a counted start', () => {
  const blocked = play([unmet, boot]);
  assert.deepEqual([blocked.state.state, blocked.kinds], ['blocked', []]);
  assert.deepEqual(blocked.messages, ['flip: blocked: waits for db ready and cache']);
  const less = play([{ kind: 'needs', waitsFor: ['cache'] }, boot, timer], blocked.state);
  assert.deepEqual([less.state.state, less.state.waitsFor, less.messages], ['blocked', ['cache'], []]);
  const started = play([met], less.state);
  assert.deepEqual([started.kinds, started.state.lane.starts.length], [['spawn'], 1]);
});

test('a person does not wait, unless by a reload', () => {
  assert.deepEqual(play([unmet, boot, person]).kinds, ['spawn']);
  assert.deepEqual(play([unmet, boot, { kind: 'restart', by: 'person', reason: '' }]).kinds, ['spawn']);
  assert.deepEqual(play([unmet, boot, { kind: 'restart', by: 'vahti', reason: '' }]).kinds, []);
  const slow: ServiceState = { ...initialState(T0), lane: { lane: 'slow', failures: 9, starts: [T0] } };
  const patient = play([unmet, { ...person, patient: true }], slow);
  assert.deepEqual(patient.messages, [
    'flip: fast lane again',
    'flip: blocked: waits for db ready and cache',
  ]);
  assert.deepEqual([patient.state.lane.lane, play([met], patient.state).kinds], ['fast', ['spawn']]);
});

test('what is blocked is stopped at once, and stays stopped when its needs are met', () => {
  const { state, messages } = play([unmet, boot, stop, met]);
  assert.deepEqual([state.state, state.wanted], ['stopped', false]);
  assert.equal(messages.at(-1), 'action: stop by a person');
});

test('needs that go while it runs do not touch it; its next start waits', () => {
  const running = play([met, boot, unmet]);
  assert.deepEqual([running.state.state, running.kinds], ['running', ['spawn']]);
  const fallen = play([exited(20_000), gone], running.state);
  assert.deepEqual([fallen.state.state, fallen.kinds], ['blocked', ['endTree']]);
});

test('a wait that is over while its needs are not met becomes a block', () => {
  const short = [exited(1), gone] as const;
  const waiting = play([boot, ...short, ...short, ...short, ...short]);
  assert.equal(waiting.state.state, 'waiting');
  assert.deepEqual(play([unmet, timer], waiting.state).state.state, 'blocked');
  assert.deepEqual(play([unmet, met, timer], waiting.state).kinds, ['spawn', 'armTimer']);
});

test('a renewal ends what runs and starts it again, as no failure; what does not run is left alone', () => {
  const { kinds, messages, state } = play([boot, renew, renew, exited(5), gone]);
  assert.deepEqual(kinds, ['spawn', 'endTree', 'spawn']);
  assert.deepEqual(messages, [
    'action: restart by vahti: db was restarted',
    'exit: exited with code 1 after 5ms, as asked',
  ]);
  assert.deepEqual([state.lane.failures, state.lane.starts.length], [0, 2]);
  assert.deepEqual(play([renew]).kinds, []);
  assert.deepEqual(play([unmet, boot, renew]).kinds, []);
  assert.equal(play([boot, renew, stop, exited(5), gone]).state.state, 'stopped');
  assert.equal(play([boot, renew, unmet, exited(5), gone]).state.state, 'blocked');
});

test('a renewal is paced: after 12 starts in 10 minutes it waits', () => {
  const cycle = [renew, exited(5), gone] as const;
  const { state } = play([boot, ...Array.from({ length: 12 }, () => cycle).flat()]);
  assert.deepEqual([state.state, state.lane.lane, state.lane.failures], ['waiting', 'slow', 0]);
});

test('a life that is ready says so once, and is not late any more', () => {
  const { state, messages } = play([boot, ready, ready, late]);
  assert.deepEqual([state.state, state.ready], ['running', true]);
  assert.deepEqual(messages, ['flip: ready after 340ms: a line with "up"']);
  assert.equal(
    play([exited(20_000), gone], state).state.ready,
    false,
    'the next life has to be ready by itself',
  );
});

test('a life that is late is ended and has failed, however long it lived: the lanes pace the next', () => {
  const round = [late, exited(60_000), gone] as const;
  const first = play([boot, ...round], undefined, { mustBeReady: true });
  assert.deepEqual(first.kinds, ['spawn', 'endTree', 'spawn']);
  assert.deepEqual(first.messages.slice(0, 1), ['flip: not ready within 1m: no line had "up"']);
  assert.equal(first.state.lane.failures, 1);
  const fourth = play([...round, ...round, ...round], first.state, { mustBeReady: true });
  assert.deepEqual([fourth.state.state, fourth.state.lane.lane], ['waiting', 'backoff']);
});

test('a life that was never ready was never healthy; its lane is left a while after it is', () => {
  const settings = { mustBeReady: true };
  const dead = play([boot, exited(3_600_000), gone], undefined, settings);
  assert.equal(dead.state.lane.failures, 1);
  const backoff: ServiceState = { ...initialState(T0), lane: { lane: 'backoff', failures: 5, starts: [] } };
  const started = play([boot], backoff, settings);
  assert.deepEqual(started.kinds, ['spawn'], 'no timer before it is ready');
  const proven = play([ready, timer], started.state, settings);
  assert.deepEqual(proven.kinds, ['armTimer']);
  assert.deepEqual([proven.state.lane.lane, proven.state.lane.failures], ['fast', 0]);
  assert.equal(play([boot, ready, exited(20_000), gone], undefined, settings).state.lane.failures, 0);
});

test('what retires goes on, and nothing follows it; what was due stays due', () => {
  const retire = { kind: 'retire' } as const;
  const running = play([boot, retire]);
  assert.equal(running.state.state, 'running');
  const fallen = play([exited(1), gone], running.state);
  assert.deepEqual([fallen.state.state, fallen.state.wanted, fallen.kinds], ['stopped', true, ['endTree']]);
  assert.notEqual(fallen.state.dueAt, null);
  assert.deepEqual(play([unmet, boot, retire, met]).kinds, []);
  assert.deepEqual(play([boot, renew, retire, exited(1), gone]).state.state, 'stopped');
});
