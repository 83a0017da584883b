import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import {
  agent,
  HOST,
  reportedJob,
  reportedService,
  startBoard,
  testSession,
  wholeOf,
} from '../../../test/rig/boards.ts';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { silentLog } from '../../core/log.ts';
import { number, openDatabase, openDatabaseReadOnly } from '../../core/sqlite.ts';
import { openBoard } from './board.ts';
import { createChanges } from './changes.ts';
import { createPresent } from './present.ts';
import { createTracks, type Track } from './tracks.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const NOON = Date.parse('2026-11-22T12:00:00Z');

test('the next hub shows what the last one heard, and knows nothing of the time between', async (t) => {
  leakCheck(t);
  const clock = createFakeClock(NOON);
  const first = startBoard(t, { clock });
  const session = testSession(agent('alpha'));
  const web = reportedService('web', { figures: { memory: 1000 } });
  await first.report(session, wholeOf([web], [reportedJob('clean')]));
  await clock.advance(30 * MINUTE);
  await first.report(session, { services: [{ ...web, condition: 'bad', trouble: 'it failed' }] });
  await clock.advance(15 * MINUTE);
  first.close();
  await clock.advance(HOUR);
  const second = startBoard(t, { folder: first.folder, clock });
  const shown = await second.look();
  assert.deepEqual(
    [shown.agents[0]?.connected, shown.agents[0]?.since, shown.agents[0]?.host],
    [false, NOON + 30 * MINUTE, HOST],
  );
  assert.deepEqual([shown.services[0]?.trouble, shown.jobs.length], ['it failed', 1]);
  const bar = (): string => second.board.bar('alpha', 'web', '24h').bar;
  assert.equal(bar(), `${'-'.repeat(88)}oob-----`);
  await clock.advance(10_000);
  assert.equal((await second.look()).services[0]?.trouble, 'no word from alpha since 2026-11-22T12:30:00Z');
  await clock.advance(5 * MINUTE);
  await second.report(testSession(agent('alpha')), wholeOf([web]));
  await clock.advance(25 * MINUTE);
  assert.match(bar(), /-oob-{4}uoo$/);
});

test('a hub that was killed has lost a minute at most of what matters', async (t) => {
  leakCheck(t);
  const clock = createFakeClock(NOON);
  const first = startBoard(t, { clock });
  const session = testSession(agent('alpha'));
  await first.report(session, wholeOf([reportedService('web')]));
  await clock.advance(10 * MINUTE);
  await first.report(session, { services: [reportedService('web', { condition: 'bad' })] });
  await clock.advance(MINUTE + 100);
  // The other one is open still: what it has not stored is not there.
  const second = startBoard(t, { folder: first.folder, clock });
  assert.equal((await second.look()).services[0]?.condition, 'bad');
  assert.equal(second.board.bar('alpha', 'web', '24h').bar.at(-1), 'b');
  second.close();
});

test('days go by, old ones go, and who was not heard of for 100 days is forgotten', async (t) => {
  leakCheck(t);
  const begin = Date.parse('2026-01-01T00:00:00Z');
  const clock = createFakeClock(begin);
  const rig = startBoard(t, { clock });
  const session = testSession(agent('alpha'));
  const [web, old] = [reportedService('web', { figures: { memory: 5 } }), reportedService('old')];
  await rig.report(session, wholeOf([web, old]));
  const lost = testSession(agent('beta'));
  await rig.report(lost, wholeOf([reportedService('db')]));
  await clock.advance(DAY);
  lost.end();
  await rig.report(session, { gone: { services: ['old'], jobs: [] } });
  await rig.report(session, { services: [{ ...web, condition: 'bad' }] });
  await clock.advance(2 * HOUR);
  await rig.report(session, { services: [web] });
  await clock.advance(21 * HOUR);
  assert.deepEqual(rig.board.bar('alpha', 'web', '90d'), { bar: `${'-'.repeat(88)}ob`, up: 45 / 47 });
  assert.equal(rig.board.bar('alpha', 'old', '90d').bar.slice(-2), 'o-');
  assert.equal(rig.board.bar('beta', 'db', '90d').bar.slice(-2), 'ou');
  rig.close();
  /** A hub of so many days later. */
  const later = async (days: number, heard: boolean): Promise<ReturnType<typeof startBoard>> => {
    const next = startBoard(t, { folder: rig.folder, clock: createFakeClock(begin + days * DAY) });
    if (heard) await next.report(testSession(agent('alpha')), wholeOf([web]));
    await next.clock.advance(2 * HOUR);
    return next;
  };
  const agents = async (next: typeof rig): Promise<string[]> =>
    (await next.look()).agents.map(({ agent: name }) => name);
  const first = await later(80, true);
  assert.equal(first.board.bar('alpha', 'web', '90d').bar, `${'-'.repeat(9)}ob${'-'.repeat(78)}o`);
  assert.equal(first.board.bar('alpha', 'old', '90d').bar, `${'-'.repeat(9)}o${'-'.repeat(80)}`);
  first.close();
  const second = await later(100, false);
  assert.equal(second.board.bar('alpha', 'web', '90d').bar, `${'-'.repeat(69)}o${'-'.repeat(19)}u`);
  assert.deepEqual(await agents(second), ['alpha', 'beta']);
  second.close();
  const third = await later(103, true);
  assert.deepEqual(await agents(third), ['alpha']);
  for (const [name, service] of [
    ['alpha', 'old'],
    ['beta', 'db'],
  ] as const)
    assert.equal(third.board.bar(name, service, '90d').bar, '-'.repeat(90));
  third.close();
  const opened = openDatabaseReadOnly(join(rig.folder, 'board.db'), { version: 1, name: 'the board' });
  assert.ok(opened.ok);
  const count = (table: string): number =>
    opened.value.get({ n: number }, `SELECT count(*) AS n FROM ${table}`)?.n ?? -1;
  assert.deepEqual([count('agent'), count('service')], [1, 1]);
  const oldest = opened.value.get({ at: number }, 'SELECT min(at) AS at FROM slot');
  assert.ok(oldest !== undefined && oldest.at >= begin + 4 * DAY);
  assert.equal(
    opened.value.get({ n: number }, 'SELECT count(*) AS n FROM figure WHERE step = 60000 AND at < ?', [
      begin + 100 * DAY,
    ])?.n,
    0,
  );
  opened.value.close();
});

test('lives that ended badly are counted, each once; those that were meant to are not', () => {
  const clock = createFakeClock(NOON);
  const tracks = createTracks();
  const present = createPresent({ clock, tracks, changes: createChanges(() => {}) });
  const tell = (whole: boolean, exit: { at: number; level: number } | null): void => {
    const lastExit = exit === null ? null : { ...exit, text: 'exited with code 1' };
    const services = [reportedService('web', { lastExit })];
    const report = { whole, services, jobs: [], gone: { services: [], jobs: [] } };
    assert.ok(present.report('alpha', report).ok);
  };
  const exits = (): number => {
    const { slots } = (tracks.find('alpha', 'web') as Track).bars.slots('24h', clock.now());
    return slots.at(-1)?.exits ?? -1;
  };
  // Of the first that is heard nobody knows when it was.
  tell(true, { at: 1, level: 17 });
  assert.equal(exits(), 0);
  tell(false, { at: 2, level: 17 });
  tell(false, { at: 2, level: 17 });
  assert.equal(exits(), 1);
  tell(true, { at: 3, level: 13 });
  tell(false, { at: 4, level: 9 });
  tell(false, null);
  assert.equal(exits(), 2);
});

test('while the machine sleeps nothing is known', async (t) => {
  leakCheck(t);
  const rig = startBoard(t, { clock: createFakeClock(NOON) });
  await rig.report(testSession(agent('alpha')), wholeOf([reportedService('web')]));
  await rig.clock.advance(15 * MINUTE);
  rig.clock.jumpWall(2 * HOUR);
  await rig.clock.advance(20 * MINUTE);
  assert.equal(rig.board.bar('alpha', 'web', '24h').bar.slice(-11), '-o--------oo'.slice(-11));
});

test('a damaged board.db is put aside, and one of the future is refused', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'board.db'), 'this is no database, and it is long enough to see that');
  const rig = startBoard(t, { folder, clock: createFakeClock(NOON) });
  assert.match(rig.lines.join(''), /board\.db is damaged and was put aside as .*board\.db\.damaged-/);
  assert.ok(existsSync(join(folder, `board.db.damaged-${NOON}`)), readdirSync(folder).join());
  await rig.report(testSession(agent('alpha')), wholeOf([reportedService('web')]));
  rig.close();
  const opened = openDatabase(join(folder, 'board.db'), {
    migrations: ['', ''],
    synchronous: 'normal',
    name: 'it',
  });
  assert.ok(opened.ok);
  opened.value.close();
  const newer = openBoard({ folder, version: '1', clock: rig.clock, log: silentLog });
  assert.match(newer.ok ? '' : newer.error, /^cannot open the board: written by a newer Vahti/);
});

test('where it cannot be stored that is told once, and nothing is missing when it can be again', async (t) => {
  leakCheck(t);
  const clock = createFakeClock(NOON);
  const rig = startBoard(t, { clock });
  const session = testSession(agent('alpha'));
  await rig.report(session, wholeOf([reportedService('web', { figures: { memory: 5 } })]));
  const other = new DatabaseSync(join(rig.folder, 'board.db'));
  onEnd(t, () => other.isOpen && other.close());
  other.exec('BEGIN IMMEDIATE');
  await clock.advance(12 * MINUTE);
  assert.equal(rig.lines.filter((line) => line.includes('cannot store the board')).length, 1);
  await rig.report(session, { services: [reportedService('web', { condition: 'bad' })] });
  other.exec('COMMIT');
  await clock.advance(11 * MINUTE);
  assert.equal(rig.lines.filter((line) => line.includes('the board is stored again')).length, 1);
  const [slot] = other.prepare('SELECT data FROM slot WHERE step = 900000 ORDER BY at').all();
  const data = slot?.['data'] as Uint8Array;
  const numbers = [...new Uint32Array(data.slice().buffer)];
  assert.deepEqual(numbers, [1, 12 * MINUTE, 0, 0, 0, 3 * MINUTE, 0]);
  assert.equal(other.prepare('SELECT count(*) AS n FROM figure').get()?.['n'], 2);
});
