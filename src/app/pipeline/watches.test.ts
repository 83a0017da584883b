import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { silentLog } from '../../core/log.ts';
import type { RecordDraft } from '../../core/record.ts';
import type { WatchContext } from '../../watch/kind.ts';
import { WATCH_KINDS } from '../../watch/kinds/registry.ts';
import type { WatchedService } from '../../watch/watched-service.ts';
import { createWatching } from '../../watch/watching.ts';
import type { PipelineFigures } from '../../pipeline/pipeline.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Seen = Pick<PipelineFigures, 'backlog' | 'oldest' | 'progressed'>;

/** A watch of a pipeline, as it looks at what the service says of itself. */
function scene(kindName: 'backlog' | 'progress', options: Readonly<Record<string, string>>, everyMs: number) {
  const clock = createFakeClock();
  const records: RecordDraft[] = [];
  const kind = WATCH_KINDS.find(({ kind: each }) => each === kindName);
  assert.ok(kind !== undefined);
  const state: { seen: Seen | undefined } = { seen: { backlog: 0, oldest: null, progressed: null } };
  const context: WatchContext = {
    service: 'tm',
    clock,
    folder: '/',
    env: {},
    capturedLog: '/none',
    figures: async () => state.seen,
    graceMs: 0,
    beats: undefined,
  };
  const startedAt = clock.now();
  const service: WatchedService = {
    name: 'tm',
    snapshot: () => ({
      state: 'running',
      wanted: true,
      ready: true,
      life: 'life-1',
      pid: 42,
      startedAt,
      readyAt: startedAt,
      lastExit: null,
    }),
    restart: () => {},
    stop: () => {},
    restartDependents: () => {},
    run: () => Promise.resolve(''),
    tail: () => [],
  };
  const settings = {
    name: kindName,
    kind: kindName,
    everyMs,
    timeoutMs: 5000,
    gate: { fail: { times: 1, of: 1 }, ok: 1, graceMs: 0 },
    steps: [],
  };
  const watching = createWatching(
    service,
    [{ settings, watcher: kind.open(v.parse(kind.options, options), context), fingerprint: kindName }],
    {
      clock,
      log: silentLog,
      random: () => 0,
      records: (drafts) => records.push(...drafts),
      restored: undefined,
      persist: () => {},
    },
  );
  return {
    clock,
    watching,
    say: (seen: Seen | undefined) => (state.seen = seen),
    /** What the watch flipped to, so far. */
    flips: () => records.filter(({ kind: each }) => each === 'flip').map(({ fields }) => fields?.['to']),
  };
}

/** Figures of a pipeline in which so many wait. */
const waiting = (backlog: number, oldest: number | null = backlog === 0 ? null : 1): Seen => ({
  backlog,
  oldest,
  progressed: null,
});

/** What each look sees, one after the other. */
async function course(everyMs: number, counts: readonly number[], jitterMs = 0): Promise<readonly unknown[]> {
  const { clock, watching, say, flips } = scene('backlog', { growing: '24h' }, everyMs);
  for (const [index, count] of counts.entries()) {
    say(waiting(count));
    await clock.advance(index === 0 ? 1 : everyMs + (index % 2 === 0 ? jitterMs : -jitterMs));
  }
  await watching.close();
  return flips();
}

test('D6 over 24 hours some always wait and they get no fewer: told once, whatever the rate of looks, and once more when it is over', async () => {
  const nine = Array<number>(9).fill(5);
  assert.deepEqual(await course(3 * HOUR, nine.slice(0, 8)), [], 'not yet 24 hours');
  assert.deepEqual(await course(3 * HOUR, nine), ['late']);
  assert.deepEqual(await course(3 * HOUR, [...nine, 5, 5, 6, 6]), ['late'], 'once');
  assert.deepEqual(await course(3 * HOUR, [1, 2, 3, 4, 5, 6, 7, 8, 9]), ['late']);
  // Hourly, and every few minutes.
  assert.deepEqual(await course(HOUR, Array<number>(24).fill(5)), []);
  assert.deepEqual(await course(HOUR, Array<number>(26).fill(5)), ['late']);
  assert.deepEqual(await course(10 * MINUTE, Array<number>(146).fill(3)), ['late']);
  // They get fewer, or none is left for a moment.
  assert.deepEqual(await course(3 * HOUR, [5, 5, 5, 5, 5, 5, 5, 5, 4]), []);
  assert.deepEqual(await course(3 * HOUR, [0, 1, 1, 1, 1, 1, 1, 1, 1]), []);
  assert.deepEqual(await course(3 * HOUR, [5, 5, 5, 5, 0, 5, 5, 5, 5]), []);
  assert.deepEqual(await course(3 * HOUR, [...nine, 3, 2, 1, 0]), ['late', 'ok']);
});

test('D6 looks that come half a second early or late change nothing', async () => {
  assert.deepEqual(await course(3 * HOUR, Array<number>(10).fill(5), 500), ['late']);
});

test('D6 a pipeline that gives no answer is told, too, and that it does again', async () => {
  const { clock, watching, say, flips } = scene('backlog', { growing: '24h' }, HOUR);
  say(waiting(1));
  await clock.advance(2 * HOUR);
  say(undefined);
  await clock.advance(5 * HOUR);
  assert.deepEqual(flips(), ['unknown']);
  say(waiting(0));
  await clock.advance(2 * HOUR);
  assert.deepEqual(flips(), ['unknown', 'ok']);
  await watching.close();
});

test('D7 stuck: something waits and nothing comes to its end for too long, however few there are', async () => {
  const { clock, watching, say, flips } = scene('progress', { within: '2h' }, 10 * MINUTE);
  // Nothing to do is no reason to worry.
  await clock.advance(30 * HOUR);
  assert.deepEqual(flips(), []);
  const came = clock.now();
  say({ backlog: 1, oldest: came, progressed: came - HOUR });
  await clock.advance(119 * MINUTE);
  assert.deepEqual(flips(), []);
  await clock.advance(30 * MINUTE);
  assert.deepEqual(flips(), ['late']);
  // A run came to its end: the rest has its time again.
  say({ backlog: 1, oldest: came, progressed: clock.now() });
  await clock.advance(100 * MINUTE);
  assert.deepEqual(flips(), ['late', 'ok']);
  await watching.close();
});

test('D7 starvation: the oldest that waits waits for too long, though something is done all the time', async () => {
  const { clock, watching, say, flips } = scene('backlog', { oldest: '6h' }, 10 * MINUTE);
  const came = clock.now();
  for (let hour = 0; hour < 6; hour++) {
    say({ backlog: 3, oldest: came, progressed: clock.now() });
    await clock.advance(HOUR - 1000);
  }
  assert.deepEqual(flips(), []);
  await clock.advance(20 * MINUTE);
  assert.deepEqual(flips(), ['late']);
  await watching.close();
});
