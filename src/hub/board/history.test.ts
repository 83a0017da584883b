import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { agent, reportedService, startBoard, testSession, wholeOf } from '../../../test/rig/boards.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { createColumns, packColumns, unpackColumns } from './columns.ts';
import { createFigures, MINUTES } from './figures.ts';
import { seriesOf, sparksOf } from './history.ts';
import { loadAll, saveAll } from './remembered.ts';
import { createPresent } from './present.ts';
import { createChanges } from './changes.ts';
import { openBoardStore } from './store.ts';
import { createTracks, type Track } from './tracks.ts';

const NOON = Date.parse('2026-11-22T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

test('columns are stored as they are; what is none is refused', () => {
  const value = fc.oneof(fc.constant(Number.NaN), fc.float({ noNaN: true, noDefaultInfinity: true }));
  const figure = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('watch:a\nb', '__proto__', 'größe'));
  const points = fc.array(fc.tuple(figure, fc.nat(59), value), { maxLength: 30 });
  fc.assert(
    fc.property(points, (set) => {
      const columns = createColumns(60);
      for (const [name, point, each] of set) columns.set(name, point, each);
      const packed = packColumns(columns);
      const read = unpackColumns(packed, 60);
      assert.deepEqual(read?.names(), columns.names());
      for (const name of columns.names()) assert.deepEqual(read?.get(name), columns.get(name));
      assert.equal(unpackColumns(packed.subarray(0, -1), 60), undefined);
    }),
    { numRuns: 50 },
  );
  for (const bytes of ['', 'x', '\n', '{}\n', '["a"]\n', '["a"]'])
    assert.equal(unpackColumns(Buffer.from(bytes), 60), undefined, bytes);
});

test('a minute has the mean of what was reported, or what was last; more figures than fit are left out', () => {
  const figures = createFigures();
  figures.sample(NOON - MINUTE);
  assert.deepEqual([figures.rows(MINUTES), figures.unstored()], [[], []]);
  figures.report({ rate: 10, lag: 5 });
  figures.report({ rate: 20 });
  figures.sample(NOON);
  figures.sample(NOON + MINUTE);
  figures.silence();
  figures.sample(NOON + 2 * MINUTE);
  figures.report(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`watch:${index}`, index])));
  figures.sample(NOON + 3 * MINUTE);
  const [row] = figures.rows(MINUTES);
  const shown = (name: string): number[] => [...(row?.columns.get(name)?.subarray(0, 4) ?? [])];
  assert.deepEqual(shown('rate'), [15, 20, Number.NaN, Number.NaN]);
  assert.deepEqual(shown('lag'), [5, Number.NaN, Number.NaN, Number.NaN]);
  assert.equal(row?.columns.names().length, 64);
});

test('an agent that is away has no figures, and what is stored is stored once', (t) => {
  const opening = openBoardStore(tempFolder(t), { now: NOON, note: () => {} });
  assert.ok(opening.ok);
  const [store, tracks] = [opening.value, createTracks()];
  const present = createPresent({ clock: createFakeClock(NOON), tracks, changes: createChanges(() => {}) });
  const services = [reportedService('web', { figures: { memory: 5 } })];
  assert.ok(
    present.report('alpha', { whole: true, services, jobs: [], gone: { services: [], jobs: [] } }).ok,
  );
  const { figures } = tracks.find('alpha', 'web') as Track;
  for (const minute of [0, 1, 2]) {
    figures.sample(NOON + minute * MINUTE);
    if (minute === 1) present.lose('alpha');
  }
  const [row] = figures.rows(MINUTES);
  assert.deepEqual([...(row?.columns.get('memory')?.subarray(0, 3) ?? [])], [5, 5, Number.NaN]);
  assert.equal(figures.unstored().length, 2);
  saveAll({ store, present, tracks }, { now: NOON, turn: undefined, turns: 10 });
  assert.deepEqual([figures.unstored(), tracks.begun.size, tracks.touched['24h'].size], [[], 0, 0]);
  assert.equal(present.agents.get('alpha')?.unstored, 'nothing');
  store.close();
});

/** The board's parts that charts come from, as the next hub has them. */
function opened(folder: string, now: number) {
  const store = openBoardStore(folder, { now, note: () => {} });
  assert.ok(store.ok);
  const clock = createFakeClock(now);
  const tracks = createTracks();
  const present = createPresent({ clock, tracks, changes: createChanges(() => {}) });
  loadAll({ store: store.value, present, tracks }, now);
  return { store: store.value, web: tracks.find('alpha', 'web') as Track };
}

test('charts: minutes for days, hours for months, through a restart', async (t) => {
  leakCheck(t);
  const clock = createFakeClock(NOON);
  const first = startBoard(t, { clock, folder: tempFolder(t) });
  const session = testSession(agent('alpha'));
  await first.report(session, wholeOf([reportedService('web')]));
  await clock.advance(MINUTE / 2);
  // Each hour has its number, each minute of it a bit more.
  for (let minute = 0; minute < 150; minute++) {
    const figures = { memory: 1000 * Math.floor(minute / 60) + (minute % 60), 'watch:big': 123_456_789 };
    await first.report(session, { services: [reportedService('web', { figures })] });
    await clock.advance(MINUTE);
  }
  first.close();
  const now = clock.now();
  const { store, web } = opened(first.folder, now);
  const all = seriesOf(web, store, { since: NOON, until: now + HOUR, now });
  assert.deepEqual([all.since, all.step, all.times.length], [NOON, MINUTE, 151]);
  assert.deepEqual(all.times.slice(0, 2), [NOON, NOON + MINUTE]);
  const memory = all.figures['memory'] ?? [];
  assert.deepEqual([memory[0], memory[59], memory[60], memory[149], memory[150]], [0, 59, 1000, 2029, null]);
  // Four bytes each: seven digits hold.
  assert.equal(all.figures['watch:big']?.[0], 123_456_800);
  const part = seriesOf(web, store, { since: NOON + 30 * MINUTE + 1, until: NOON + 61 * MINUTE, now });
  assert.deepEqual(
    [part.times.length, part.figures['memory']?.[0], part.figures['memory']?.[30]],
    [31, 30, 1000],
  );
  const hours = seriesOf(web, store, { since: NOON - 4 * DAY, until: now, now });
  assert.equal(hours.step, HOUR);
  assert.deepEqual(hours.figures['memory']?.slice(-4), [null, 29.5, 1029.5, 2014.5]);
  assert.deepEqual(seriesOf(web, store, { since: now + DAY, until: now + 2 * DAY, now }).times, []);
  assert.deepEqual(seriesOf(web, store, { since: NOON - DAY, until: NOON - HOUR, now }).figures, {});
  const sparks = sparksOf([web], now);
  assert.equal(sparks.since, NOON + 90 * MINUTE);
  const spark = sparks.services[0]?.figures['memory'] ?? [];
  assert.deepEqual([spark.length, spark[0], spark[29], spark[30], spark[59]], [60, 1030, 1059, 2000, 2029]);
  assert.deepEqual(sparksOf([web], now + 5 * HOUR).services[0]?.figures, {});
  store.close();
  // Days later the minutes are gone once something new comes, and the hours are there.
  const second = startBoard(t, { folder: first.folder, clock: createFakeClock(NOON + 4 * DAY) });
  await second.report(
    testSession(agent('alpha')),
    wholeOf([reportedService('web', { figures: { memory: 7 } })]),
  );
  await second.clock.advance(11 * MINUTE);
  second.close();
  const later = opened(first.folder, second.clock.now());
  assert.deepEqual(later.store.figures(web.id, MINUTES, NOON, NOON + DAY), []);
  const kept = seriesOf(later.web, later.store, {
    since: NOON - DAY,
    until: NOON + 5 * DAY,
    now: second.clock.now(),
  });
  assert.deepEqual(kept.figures['memory']?.slice(24, 28), [29.5, 1029.5, 2014.5, null]);
  assert.equal(kept.figures['memory']?.at(-1), 7);
  later.store.close();
});
