import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DEFAULT_LANES, STARTS_IN_WINDOW, WINDOW_MS } from './lanes.ts';
import { next } from './service-machine.ts';
import { initialState, type ServiceEvent } from './service-state.ts';

const T0 = 1_800_000_000_000;
const SETTINGS = { ...DEFAULT_LANES, noRestartOn: [78] };

const exited = (code: number, livedMs = 20_000) =>
  ({ kind: 'exited', exit: { kind: 'exited', code }, livedMs, random: 0.5 }) as const;
const gone = { kind: 'treeGone', killed: false } as const;
const stuck = { kind: 'stuck', pids: [7] } as const;
const timer = { kind: 'timer' } as const;
const ready = { kind: 'ready', afterMs: 5, sign: 'a line' } as const;
const late = { kind: 'late', withinMs: 60_000, missing: 'no line' } as const;

const by = fc.constantFrom('person', 'boot', 'vahti', 'vahti', 'vahti');
const request: fc.Arbitrary<ServiceEvent> = fc.oneof(
  fc.record({ kind: fc.constant('start' as const), by }),
  fc.record({ kind: fc.constant('start' as const), by, patient: fc.constant(true) }),
  fc.record({ kind: fc.constant('stop' as const), by }),
  fc.record({ kind: fc.constant('restart' as const), by, reason: fc.constant('r') }),
);
/** What the world does next, if it can: a request, the process exits, the end of the tree is told, the timer is due. */
const move = fc.record({
  what: fc.constantFrom(
    'request',
    'exit',
    'exit',
    'tree',
    'tree',
    'timer',
    'timer',
    'noise',
    'needs',
    'life',
    'foreign',
    'refused',
  ),
  request,
  noise: fc.constantFrom<ServiceEvent>(gone, stuck, timer, exited(1)),
  code: fc.constantFrom(0, 1, 1, 1, 78),
  livedMs: fc.constantFrom(1, 1, 1, 5000, 20_000, 700_000),
  needs: fc.constantFrom<readonly string[]>([], [], ['db'], ['db ready', 'cache']),
  life: fc.constantFrom<ServiceEvent>(ready, ready, late, { kind: 'renew', reason: 'db was restarted' }),
  foreign: fc.record({ kind: fc.constant('appeared' as const), by, known: fc.boolean() }),
  stuck: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

test('over any course of events: one instance, a stop that holds, needs that are met, a timer in waiting, 12 starts in 10 minutes', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 200, size: 'max' }), fc.boolean(), (moves, mustBeReady) => {
      const settings = { ...SETTINGS, mustBeReady };
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
        const step = next(state, event, now, settings);
        state = step.state;
        if (event.kind === 'treeGone' && from.then === 'renew')
          assert.equal(state.lane.failures, from.lane.failures, 'a renewal is no failure');
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
          assert.ok(effect.by === 'person' || state.waitsFor.length === 0, 'started before its needs');
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
        if (state.state === 'blocked')
          assert.ok(state.wanted && state.waitsFor.length > 0, 'blocked by nothing');
        if (!alive)
          assert.ok(
            !['running', 'stopping', 'stuck'].includes(state.state),
            `nothing lives in ${state.state}`,
          );
      };
      for (const {
        what,
        request: asked,
        noise,
        code,
        livedMs,
        stuck: remains,
        needs,
        life,
        foreign,
      } of moves) {
        now += 1;
        if (what === 'needs') take({ kind: 'needs', waitsFor: needs });
        if (what === 'life' && main) take(life);
        // Somebody else starts it too, and ends what is not wanted only when told so.
        if (what === 'foreign' && !alive) {
          alive = true;
          main = true;
          if (foreign.by === 'person') counted = [];
          else if (!foreign.known) counted.push(now);
          if (foreign.by !== 'vahti') mayStart = true;
          const wanted = state.wanted || foreign.by !== 'vahti';
          take(foreign);
          assert.equal(state.state, wanted ? 'running' : 'stopping', 'it is seen');
        }
        if (what === 'refused' && ending && main) {
          take({ kind: 'refused' });
          if (state.state === 'running') {
            ending = false;
            mayStart = true;
          }
        }
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
