import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { silentLog } from '../../core/log.ts';
import type { RecordDraft } from '../../core/record.ts';
import type { WatchContext } from '../kind.ts';
import { beat, beatRules } from '../kinds/beat.ts';
import type { WatchedService } from '../watched-service.ts';
import { createWatching } from '../watching.ts';
import type { Signal } from './beat.ts';
import { createInbox } from './inbox.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A service with a watch of its beats, each life of which ends when it is asked to. It is looked at once an hour. */
function createScene(hours?: { readonly from: number; readonly to: number }) {
  const clock = createFakeClock();
  const records: RecordDraft[] = [];
  const restarts: number[] = [];
  const scene = { lives: 1, startedAt: clock.now() };
  const begin = clock.now();
  const service: WatchedService = {
    name: 'web',
    snapshot: () => ({
      state: 'running',
      wanted: true,
      ready: null,
      life: `life-${scene.lives}`,
      pid: 42,
      startedAt: scene.startedAt,
      readyAt: null,
      lastExit: null,
    }),
    restart() {
      restarts.push(clock.now() - begin);
      scene.lives += 1;
      scene.startedAt = clock.now();
      watching.serviceChanged();
    },
    stop: () => {},
    restartDependents: () => {},
    run: () => Promise.resolve('ran'),
    tail: () => [],
  };
  const options = { within: 2 * MINUTE };
  const inbox = createInbox(beatRules(options), { load: () => undefined, save: () => {} });
  const settings = {
    name: 'alive',
    kind: 'beat',
    everyMs: HOUR,
    timeoutMs: 5 * SECOND,
    gate: { fail: { times: 1, of: 1 }, ok: 1, graceMs: 0 },
    steps: [{ do: 'restart' }] as const,
    ...(hours === undefined ? {} : { hours: { days: [0, 1, 2, 3, 4, 5, 6], zone: 'UTC', ...hours } }),
  };
  const context = { beats: inbox, graceMs: 10 * SECOND } as unknown as WatchContext;
  const watching = createWatching(
    service,
    [{ settings, watcher: beat.open(options, context), fingerprint: '' }],
    {
      clock,
      log: silentLog,
      random: () => 0.5,
      records: (drafts) => records.push(...drafts),
      restored: undefined,
      persist: () => {},
    },
  );
  const say = async (word: Signal['word']): Promise<void> => {
    const signal = { word, code: null, message: '', rid: '' };
    assert.ok(inbox.take(signal, { at: clock.now(), life: `life-${scene.lives}` }).ok);
    await clock.advance(50);
  };
  const shown = () => {
    const [figures] = watching.figures();
    return {
      state: figures?.state,
      verdict: figures?.verdict,
      dueAt: (figures?.dueAt ?? Number.NaN) - begin,
    };
  };
  const flips = () => records.filter(({ kind }) => kind === 'flip').map(({ fields }) => fields?.['to']);
  /** A life ends by itself, and another one begins. */
  const crash = (): void => {
    scene.lives += 1;
    scene.startedAt = clock.now();
    watching.serviceChanged();
  };
  return { clock, begin, records, restarts, watching, say, shown, flips, crash };
}

test('silence is shown as late at its deadline, is bad after its grace, and is acted on once, however seldom it looks', async () => {
  const { clock, begin, restarts, watching, say, shown, flips } = createScene();
  await clock.advance(0);
  assert.deepEqual(shown(), { state: 'new', verdict: 'unknown', dueAt: 2 * MINUTE }, 'at once');
  await clock.advance(MINUTE);
  await say('success');
  assert.deepEqual(shown(), { state: 'ok', verdict: 'ok', dueAt: 3 * MINUTE });
  await clock.advance(3 * MINUTE - 1 - (clock.now() - begin));
  assert.equal(shown().state, 'ok');
  await clock.advance(1);
  assert.deepEqual(shown(), { state: 'late', verdict: 'late', dueAt: 3 * MINUTE });
  const [late] = watching.figures();
  assert.deepEqual(late?.nextAction, { what: 'restart', at: begin + 3 * MINUTE + 10 * SECOND });
  assert.equal(late?.since, begin + 3 * MINUTE);
  assert.deepEqual([restarts, flips()], [[], []], 'late is shown, no more');
  await clock.advance(10 * SECOND);
  assert.deepEqual([restarts, flips()], [[3 * MINUTE + 10 * SECOND], ['bad']]);
  await clock.advance(50);
  assert.deepEqual(shown(), { state: 'bad', verdict: 'unknown', dueAt: 5 * MINUTE + 10 * SECOND });
  await clock.advance(MINUTE);
  await say('success');
  assert.deepEqual([shown().state, flips()], ['ok', ['bad', 'ok']]);
  await clock.advance(MINUTE);
  assert.equal(restarts.length, 1);
  await watching.close();
});

test('a new life is looked at as soon as it is there, so that its first deadline is not missed either', async () => {
  const { clock, watching, shown, crash, say } = createScene();
  await say('success');
  await clock.advance(MINUTE);
  crash();
  await clock.advance(50);
  assert.equal(shown().verdict, 'unknown');
  await watching.close();
});

test('a life that stays silent is restarted anew, each time after its own time', async () => {
  const { clock, restarts, watching } = createScene();
  await clock.advance(6 * MINUTE);
  const each = 2 * MINUTE + 10 * SECOND;
  assert.deepEqual(restarts, [each, 2 * each]);
  await watching.close();
});

test('beats that are always a little late are no incident, and never flapping', async () => {
  const { clock, records, restarts, watching, say, shown } = createScene();
  for (let beats = 0; beats < 60; beats++) {
    await clock.advance(2 * MINUTE + 5 * SECOND);
    assert.equal(shown().state, 'late');
    await say('success');
    assert.equal(shown().state, 'ok');
  }
  assert.deepEqual([records, restarts], [[], []]);
  await watching.close();
});

test('a failure is judged at once, is bad until the next success, and is not held against the next life', async () => {
  const { clock, restarts, watching, say, shown, flips } = createScene();
  await say('success');
  await say('fail');
  assert.deepEqual(
    [shown().state, shown().verdict, flips(), restarts.length],
    ['bad', 'unknown', ['bad'], 1],
  );
  await clock.advance(90 * SECOND);
  assert.equal(restarts.length, 1);
  await say('success');
  assert.deepEqual(flips(), ['bad', 'ok']);
  await watching.close();
});

test('outside of its hours nothing is missed, and what was due then counts from their begin', async () => {
  const { clock, begin, restarts, watching, shown } = createScene({ from: 60, to: 120 });
  await clock.advance(HOUR);
  assert.deepEqual([restarts, shown().dueAt], [[], HOUR + 2 * MINUTE]);
  await clock.advance(2 * MINUTE);
  assert.equal(shown().state, 'late');
  await clock.advance(10 * SECOND);
  assert.equal(restarts[0], clock.now() - begin);
  await watching.close();
});
