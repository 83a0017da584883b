import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LANES, WINDOW_MS } from './lanes.ts';
import { next, TABLE } from './service-machine.ts';
import { initialState, shiftTimes } from './service-state.ts';
import type { Effect, EventKind, ServiceEvent, ServiceState, StateName } from './service-state.ts';

const T0 = 1_800_000_000_000;
const SETTINGS = { ...DEFAULT_LANES, noRestartOn: [78] };
const STATES: StateName[] = ['stopped', 'waiting', 'blocked', 'running', 'stopping', 'done', 'stuck'];
const EVENTS: EventKind[] = [
  ...([
    'start',
    'stop',
    'restart',
    'renew',
    'needs',
    'ready',
    'late',
    'exited',
    'treeGone',
    'stuck',
    'appeared',
    'refused',
  ] as const),
  ...(['timer', 'retire', 'shutdown'] as const),
];

const start = { kind: 'start', by: 'person' } as const;
const stop = { kind: 'stop', by: 'person' } as const;
const exited = (code: number, livedMs = 20_000) =>
  ({ kind: 'exited', exit: { kind: 'exited', code }, livedMs, random: 0.5 }) as const;
const gone = { kind: 'treeGone', killed: false } as const;
const stuck = { kind: 'stuck', pids: [7] } as const;
const timer = { kind: 'timer' } as const;

function play(events: readonly ServiceEvent[], from: ServiceState = initialState(T0), now = T0) {
  let state = from;
  const effects: Effect[] = [];
  for (const event of events) {
    const step = next(state, event, now, SETTINGS);
    state = step.state;
    effects.push(...step.effects);
  }
  const messages = effects.flatMap((effect) =>
    effect.kind === 'record' ? [`${effect.record.kind}: ${effect.record.message}`] : [],
  );
  return {
    state,
    effects,
    messages,
    kinds: effects.map((effect) => effect.kind).filter((kind) => kind !== 'record'),
  };
}

test('every state answers every event', () => {
  assert.deepEqual(Object.keys(TABLE).sort(), [...STATES].sort());
  for (const state of STATES) assert.deepEqual(Object.keys(TABLE[state]).sort(), [...EVENTS].sort(), state);
});

test('a life that nobody here began counts, unless a person began it or it is known; behind a stop on purpose it is ended', () => {
  const appeared = (by: 'person' | 'vahti', known = false) => ({ kind: 'appeared', by, known }) as const;
  const { state, kinds } = play([appeared('vahti')]);
  assert.deepEqual([state.state, state.lane.starts.length, kinds], ['running', 1, []]);
  assert.equal(play([appeared('vahti', true)]).state.lane.starts.length, 0);
  const { state: paced } = play([
    start,
    exited(1, 1),
    gone,
    exited(1, 1),
    gone,
    exited(1, 1),
    gone,
    exited(1, 1),
    gone,
  ]);
  assert.deepEqual([paced.state, paced.lane.lane], ['waiting', 'backoff']);
  const again = play([appeared('vahti')], paced);
  assert.deepEqual([again.state.state, again.state.dueAt, again.kinds], ['running', null, ['armTimer']]);
  assert.deepEqual(play([appeared('person')], paced).state.lane.lane, 'fast');
  const stopped = play([start, stop, exited(0), gone]).state;
  assert.deepEqual(play([appeared('vahti')], stopped).kinds, ['endTree']);
  assert.equal(play([appeared('vahti'), exited(0), gone], stopped).state.state, 'stopped');
  assert.equal(play([appeared('person')], stopped).state.wanted, true);
});

test('what was to end and does not goes on as it was', () => {
  const { state, kinds } = play([start, stop, { kind: 'refused' }]);
  assert.deepEqual([state.state, state.wanted, kinds], ['running', true, ['spawn', 'endTree']]);
  assert.deepEqual(play([exited(1), gone], state).kinds, ['endTree', 'spawn'], 'it is followed as any');
});

test('an unexpected exit ends the rest of the tree before the next spawn', () => {
  const { kinds, messages, state } = play([start, exited(3), gone]);
  assert.deepEqual(kinds, ['spawn', 'endTree', 'spawn']);
  assert.deepEqual(messages, ['exit: exited with code 3 after 20s']);
  assert.equal(state.state, 'running');
});

test('a stop on purpose holds against a watch, and ends with a person or a boot', () => {
  const stopped = play([start, stop, exited(0), gone]);
  assert.equal(stopped.state.state, 'stopped');
  assert.deepEqual(
    play(
      [{ kind: 'restart', by: 'vahti', reason: 'x' }, { kind: 'start', by: 'vahti' }, timer],
      stopped.state,
    ).kinds,
    [],
  );
  for (const by of ['person', 'boot'] as const) {
    assert.deepEqual(play([{ kind: 'start', by }], stopped.state).kinds, ['spawn']);
  }
});

test('a stop while it waits cancels the next try', () => {
  const waiting = play([
    start,
    exited(1, 1),
    gone,
    exited(1, 1),
    gone,
    exited(1, 1),
    gone,
    exited(1, 1),
    gone,
  ]);
  assert.equal(waiting.state.state, 'waiting');
  assert.equal(play([stop, timer], waiting.state).state.state, 'stopped');
  assert.deepEqual(play([start], waiting.state).kinds, ['spawn']);
});

test('an exit code of no-restart-on is done, and a person can start it again', () => {
  const { state, messages } = play([start, exited(78), gone]);
  assert.equal(state.state, 'done');
  assert.match(messages[1] ?? '', /^flip: done: exit code 78/);
  assert.deepEqual(play([{ kind: 'start', by: 'vahti' }], state).kinds, []);
  assert.deepEqual(play([start], state).kinds, ['spawn']);
});

test('a restart while it stops starts it after the tree is gone', () => {
  const { kinds, state } = play([
    start,
    stop,
    { kind: 'restart', by: 'person', reason: '' },
    exited(0),
    gone,
  ]);
  assert.deepEqual(kinds, ['spawn', 'endTree', 'spawn']);
  assert.equal(state.wanted, true);
});

test("a watch's restart counts as a start and is paced, a person's is not", () => {
  const paced = play([start, { kind: 'restart', by: 'vahti', reason: 'late' }, exited(0), gone]).state;
  assert.equal(paced.lane.starts.length, 1);
  const free = play([{ kind: 'restart', by: 'person', reason: '' }, exited(0), gone], paced).state;
  assert.equal(free.lane.starts.length, 0);
});

test('what is stuck is told once, looked at again, and followed by what was wanted', () => {
  const first = play([start, exited(1), stuck]);
  assert.deepEqual(first.messages, [
    'exit: exited with code 1 after 20s; the rest of its processes had to be killed',
    'flip: stuck: SIGKILL does not end process 7; nothing new starts until they are gone',
  ]);
  const later = play([timer, stuck, timer, stuck], first.state);
  assert.deepEqual(later.messages, []);
  assert.deepEqual(later.kinds, ['endTree', 'armTimer', 'endTree', 'armTimer']);
  assert.equal(play([gone], later.state).state.state === 'stuck', false);
});

test('the lane changes are told with the time of the next try', () => {
  const loop = Array.from({ length: 12 }, () => [exited(1, 1), gone, timer] as const).flat();
  const { messages, state } = play([{ kind: 'start', by: 'vahti' }, ...loop]);
  assert.deepEqual(
    messages.filter((message) => message.startsWith('flip')),
    [
      `flip: backoff lane: 4 failures in a row; next try at ${new Date(T0 + 1050).toISOString()}`,
      `flip: slow lane: 12 starts in 10 minutes; next try at ${new Date(T0 + 900_000).toISOString()}`,
    ],
  );
  assert.equal(state.lane.lane, 'slow');
});

test('a service in the slow lane says when it is well again', () => {
  const slow: ServiceState = {
    ...initialState(T0),
    lane: { lane: 'slow', failures: 9, starts: [T0] },
    state: 'waiting',
    dueAt: T0,
  };
  const { effects, messages, state } = play([timer, timer], slow);
  assert.ok(effects.some((effect) => effect.kind === 'armTimer' && effect.delayMs === WINDOW_MS));
  assert.deepEqual(messages, ['flip: fast lane again']);
  assert.equal(state.lane.lane, 'fast');
});

test('starts that no exit preceded count too', () => {
  const cycle = [{ kind: 'start', by: 'boot' }, stop, exited(0), gone] as const;
  const twelve = play(Array.from({ length: 12 }, () => cycle).flat());
  assert.equal(twelve.state.lane.starts.length, 12);
  const { state, messages } = play([{ kind: 'start', by: 'boot' }], twelve.state);
  assert.equal(state.state, 'waiting');
  assert.match(messages[0] ?? '', /^flip: slow lane: 12 starts in 10 minutes/);
});

test('a shutdown leaves what is wanted and due to the next daemon', () => {
  const running = play([start, { kind: 'shutdown' }, exited(0), gone]);
  assert.deepEqual([running.state.state, running.state.wanted], ['stopped', true]);
  const slow: ServiceState = {
    ...initialState(T0),
    lane: { lane: 'slow', failures: 9, starts: [] },
    state: 'waiting',
    dueAt: T0 + 500_000,
  };
  const rested = play([{ kind: 'shutdown' }], slow).state;
  const again = play([{ kind: 'start', by: 'vahti' }], rested, T0 + 100_000);
  assert.deepEqual(again.effects, [{ kind: 'armTimer', delayMs: 400_000 }]);
  assert.deepEqual(play([{ kind: 'start', by: 'boot' }], rested).kinds, ['spawn', 'armTimer']);
});

test('a step of the clock moves all times along', () => {
  const state: ServiceState = {
    ...initialState(T0),
    dueAt: T0 + 5,
    lane: { lane: 'slow', failures: 1, starts: [T0] },
  };
  const shifted = shiftTimes(state, -1000);
  assert.deepEqual([shifted.since, shifted.dueAt, shifted.lane.starts], [T0 - 1000, T0 - 995, [T0 - 1000]]);
});
