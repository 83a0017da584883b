import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import {
  changesOf,
  firstOther,
  isInside,
  type Zone,
  ZONES,
  type ZonedHours,
} from '../../test/rig/local-time.ts';
import { silentLog } from '../core/log.ts';
import type { LookRequest } from './kind.ts';
import type { WatchedService } from './watched-service.ts';
import { createWatching } from './watching.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const YEAR = 2027;
const EVERY_MS = 45 * MINUTE;

/** A service in one long life, to which nothing happens. */
function longLife(startedAt: number): WatchedService {
  return {
    name: 'svc',
    snapshot: () => ({
      state: 'running',
      wanted: true,
      life: 'life-1',
      pid: 42,
      startedAt,
      ready: null,
      readyAt: null,
      lastExit: null,
    }),
    restart: () => {},
    stop: () => {},
    restartDependents: () => {},
    run: () => Promise.resolve(''),
    tail: () => [],
  };
}

/** Two weeks around a change of the clocks, looked at; answers with all looks. */
async function watchFortnight(hours: ZonedHours, change: number): Promise<readonly LookRequest[]> {
  const start = change - 7 * DAY;
  const clock = createFakeClock(start);
  const looks: LookRequest[] = [];
  const look = (request: LookRequest) => {
    looks.push(request);
    return Promise.resolve({ verdict: 'ok' as const, value: null, reason: 'well' });
  };
  const gate = { fail: { times: 1, of: 1 }, ok: 1, graceMs: 0 };
  const settings = { name: 'w', kind: 'test', everyMs: EVERY_MS, timeoutMs: MINUTE, gate, hours, steps: [] };
  const watching = createWatching(longLife(start - DAY), [{ settings, watcher: { look }, fingerprint: '' }], {
    clock,
    log: silentLog,
    random: () => 0.5,
    records: () => {},
    restored: undefined,
    persist: () => {},
  });
  await clock.advance(14 * DAY);
  const [figures] = watching.figures();
  await watching.close();
  const next = figures?.nextLookAt ?? 0;
  assert.ok(isInside(hours, next) && next >= clock.now(), 'its next look is within its hours');
  return looks;
}

for (const zone of ZONES) {
  test(`in ${zone} it looks within its hours, all of them and nothing else, whatever its clocks do`, async () => {
    for (const [from, to, days] of [
      [130, 150, [0, 6]],
      [150, 1320, [0, 1, 2, 3, 4, 5, 6]],
      [1380, 165, [0, 6]],
    ] as const)
      for (const change of changesOf(zone, YEAR))
        await checkFortnight({ days, from, to, zone }, change, zone);
  });
}

async function checkFortnight(hours: ZonedHours, change: number, zone: Zone): Promise<void> {
  const looks = await watchFortnight(hours, change);
  // Every 45 minutes, from half of that on: the fake clock misses none.
  const first = change - 7 * DAY + Math.min(EVERY_MS, 30_000) / 2;
  const due = Array.from({ length: Math.ceil((14 * DAY) / EVERY_MS) }, (_, nth) => first + nth * EVERY_MS);
  const expected = due.filter((at) => isInside(hours, at) && at <= change + 7 * DAY);
  assert.deepEqual(
    looks.map(({ now }) => new Date(now).toISOString()),
    expected.map((at) => new Date(at).toISOString()),
    zone,
  );
  for (const { now, life } of looks) {
    const before = firstOther(hours, now, -1, 1440);
    assert.equal(
      life.startedAt,
      (before ?? Number.NaN) + MINUTE,
      'for the watch the life began with the hours',
    );
  }
}

test('a wall clock that is set back by days blinds no watch: the grace of a life is no longer than it is', async () => {
  const clock = createFakeClock(Date.UTC(YEAR, 5, 1));
  const gate = { fail: { times: 2, of: 2 }, ok: 1, graceMs: 10 * MINUTE };
  const settings = { name: 'w', kind: 'test', everyMs: MINUTE, timeoutMs: MINUTE / 2, gate, steps: [] };
  const began: number[] = [];
  const look = ({ now, life }: LookRequest) => {
    began.push(now - life.startedAt);
    return Promise.resolve({ verdict: 'bad' as const, value: null, reason: 'wrong' });
  };
  const watching = createWatching(longLife(clock.now()), [{ settings, watcher: { look }, fingerprint: '' }], {
    clock,
    log: silentLog,
    random: () => 0.5,
    records: () => {},
    restored: undefined,
    persist: () => {},
  });
  await clock.advance(5 * MINUTE);
  clock.jumpWall(-3 * DAY);
  await clock.advance(13 * MINUTE);
  assert.equal(watching.figures()[0]?.state, 'bad');
  assert.ok(
    began.every((age) => age >= 0 && age < 20 * MINUTE),
    'a life began before it is looked at',
  );
  await watching.close();
});
