import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DEFAULT_LANES, STARTS_IN_WINDOW, WINDOW_MS } from './lanes.ts';
import { next, TABLE } from './service-machine.ts';
import { initialState, shiftTimes } from './service-state.ts';
import type { Effect, EventKind, ServiceEvent, ServiceState, StateName } from './service-state.ts';

const T0 = 1_800_000_000_000;
const SETTINGS = { ...DEFAULT_LANES, noRestartOn: [78] };
const STATES: StateName[] = ['stopped', 'waiting', 'running', 'stopping', 'done', 'stuck'];
const EVENTS: EventKind[] = ['start', 'stop', 'restart', 'exited', 'treeGone', 'stuck', 'timer', 'shutdown'];

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

const by = fc.constantFrom('person', 'boot', 'vahti', 'vahti', 'vahti');
const request: fc.Arbitrary<ServiceEvent> = fc.oneof(
  fc.record({ kind: fc.constant('start' as const), by }),
  fc.record({ kind: fc.constant('stop' as const), by }),
  fc.record({ kind: fc.constant('restart' as const), by, reason: fc.constant('r') }),
);
/** What the world does next, if it can: a request, the process exits, the end of the tree is told, the timer is due. */
const move = fc.record({
  what: fc.constantFrom('request', 'exit', 'exit', 'tree', 'tree', 'timer', 'timer', 'noise'),
  request,
  noise: fc.constantFrom<ServiceEvent>(gone, stuck, timer, exited(1)),
  code: fc.constantFrom(0, 1, 1, 1, 78),
  livedMs: fc.constantFrom(1, 1, 1, 5000, 20_000, 700_000),
  stuck: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

test('over any course of events: one instance, a stop that holds, a timer in waiting, 12 starts in 10 minutes', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 200, size: 'max' }), (moves) => {
      let state = initialState(T0);
      let now = T0;
      let alive = false; // a tree may be
      let main = false; // the main process is
      let ending = false;
      let dueAt: number | undefined;
      let mayStart = true;
      let counted: number[] = [];
      const take = (event: ServiceEvent): void => {
        const from = state;
        const step = next(state, event, now, SETTINGS);
        state = step.state;
        if (from.state !== state.state) dueAt = undefined;
        if (event.kind === 'treeGone' && !main) alive = false;
        if ((event.kind === 'start' || event.kind === 'restart') && event.by !== 'vahti') mayStart = true;
        if (event.kind === 'stop') mayStart = false;
        for (const effect of step.effects) {
          if (effect.kind === 'armTimer') dueAt = now + effect.delayMs;
          if (effect.kind === 'endTree') ending = true;
          if (effect.kind !== 'spawn') continue;
          assert.ok(!alive, 'a second instance');
          assert.ok(mayStart, 'started although it was stopped on purpose');
          alive = true;
          main = true;
          if (effect.by === 'person') counted = [];
          else counted.push(now);
          assert.ok(
            counted.filter((at) => at > now - WINDOW_MS).length <= STARTS_IN_WINDOW,
            'too many starts',
          );
        }
        if (state.state === 'waiting')
          assert.ok(dueAt !== undefined && state.dueAt === dueAt, 'waits without a timer');
        if (!alive)
          assert.ok(
            !['running', 'stopping', 'stuck'].includes(state.state),
            `nothing lives in ${state.state}`,
          );
      };
      for (const { what, request: asked, noise, code, livedMs, stuck: remains } of moves) {
        now += 1;
        if (what === 'request') take(asked);
        if (what === 'timer' && dueAt !== undefined) {
          now = Math.max(now, dueAt);
          dueAt = undefined;
          take(timer);
        }
        if (what === 'exit' && main) {
          main = false;
          now += livedMs;
          take(exited(code, livedMs));
        }
        if (what === 'tree' && ending) {
          ending = false;
          if (remains) take(stuck);
          else {
            if (main) now += livedMs;
            if (main) take(exited(code, livedMs));
            main = false;
            take(gone);
          }
        }
        // What cannot come in this state must change nothing.
        if (what === 'noise' && ['stopped', 'done'].includes(state.state)) {
          assert.deepEqual(next(state, noise, now, SETTINGS), { state, effects: [] });
        }
      }
    }),
    { numRuns: 1000 },
  );
});
