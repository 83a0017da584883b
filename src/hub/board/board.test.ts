import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  agent,
  HOST,
  reportedJob,
  reportedService,
  startBoard,
  testSession,
  user,
  wholeOf,
} from '../../../test/rig/boards.ts';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import type { Report, ReportedService } from '../../wire/page/report.ts';
import { createChanges } from './changes.ts';
import { createPresent } from './present.ts';
import { createTracks } from './tracks.ts';

const HOUR = 3_600_000;
const NOON = Date.parse('2026-11-22T12:00:00Z');

test('an agent that goes away for a moment has no outage; one that stays away is unknown', async (t) => {
  leakCheck(t);
  const rig = startBoard(t, { clock: createFakeClock(NOON) });
  const first = testSession(agent('alpha'));
  const web = reportedService('web', { condition: 'late', trouble: 'log is late', since: NOON - 5 });
  await rig.report(first, wholeOf([web, reportedService('db')], [reportedJob('clean')]));
  assert.deepEqual((await rig.look()).agents, [
    { agent: 'alpha', connected: true, since: NOON, heardAt: NOON, host: HOST },
  ]);
  await rig.clock.advance(1000);
  first.end();
  await rig.clock.advance(9999);
  const away = await rig.look();
  assert.deepEqual(
    [away.agents[0]?.connected, away.agents[0]?.since, away.agents[0]?.heardAt],
    [false, NOON + 1000, NOON],
  );
  assert.deepEqual(away.services[0], { agent: 'alpha', ...web });
  await rig.clock.advance(1);
  const lost = await rig.look();
  assert.deepEqual(lost.services[0], {
    agent: 'alpha',
    ...web,
    condition: 'unknown',
    trouble: 'no word from alpha since 2026-11-22T12:00:01Z',
    since: NOON + 1000,
  });
  assert.deepEqual([lost.services[1]?.condition, lost.jobs[0]?.condition], ['unknown', 'unknown']);
  assert.equal(rig.board.present('alpha', 'web')?.condition, 'unknown');
  const second = testSession(agent('alpha'));
  await rig.report(second, wholeOf([web]));
  const back = await rig.look();
  assert.deepEqual(back.services, [{ agent: 'alpha', ...web }]);
  assert.deepEqual(back.jobs, []);
  // It comes back within the time: nobody ever says that it is unknown.
  second.end();
  await rig.clock.advance(9000);
  await rig.report(testSession(agent('alpha')), wholeOf([web]));
  await rig.clock.advance(HOUR);
  assert.equal((await rig.look()).services[0]?.condition, 'late');
});

test('of several connections of an agent the newest that reported speaks', async (t) => {
  leakCheck(t);
  const rig = startBoard(t);
  const [old, young, silent] = [
    testSession(agent('alpha')),
    testSession(agent('alpha')),
    testSession(agent('alpha')),
  ];
  const errorOf = async (session: typeof old, frame: object): Promise<string> => {
    const answer = await rig.act('report', session, { services: [], jobs: [], ...frame });
    return answer.ok ? '' : `${answer.error.code}: ${answer.error.message}`;
  };
  assert.equal(rig.board.agents.connection('alpha'), undefined);
  const part = { whole: false, gone: { services: ['web'], jobs: [] } };
  assert.equal(
    await errorOf(old, part),
    'invalid: cannot take the report: the first of a connection has to be whole',
  );
  await rig.report(old, wholeOf([reportedService('web')]));
  assert.equal(rig.board.agents.connection('alpha'), old);
  await rig.report(young, wholeOf([reportedService('web'), reportedService('db')]));
  assert.equal(rig.board.agents.connection('alpha'), young);
  assert.equal(
    await errorOf(old, wholeOf([])),
    'forbidden: cannot take the report: a newer connection of alpha reports',
  );
  old.end();
  silent.end();
  await rig.clock.advance(20_000);
  assert.deepEqual(
    (await rig.look()).services.map(({ name, condition }) => `${name} ${condition}`),
    ['web ok', 'db ok'],
  );
  await rig.report(young, part);
  assert.deepEqual(
    (await rig.look()).services.map(({ name }) => name),
    ['db'],
  );
  young.end();
  assert.equal(rig.board.agents.connection('alpha'), undefined);
  assert.equal((await rig.look()).agents[0]?.connected, false);
  assert.equal(await errorOf(young, wholeOf([])), 'failed: cannot take the report: the connection is over');
});

test('who is no agent does not report, the old protocol neither', async (t) => {
  leakCheck(t);
  const rig = startBoard(t);
  const errorOf = async (session: ReturnType<typeof testSession>, frame: object): Promise<string> => {
    const whole = { services: [], jobs: [], gone: { services: [], jobs: [] }, ...frame };
    const answer = await rig.act('report', session, whole);
    return answer.ok ? '' : `${answer.error.code}: ${answer.error.message}`;
  };
  assert.equal(
    await errorOf(testSession(user('root')), wholeOf([])),
    'forbidden: cannot take the report: only agents report',
  );
  assert.equal(
    await errorOf(testSession(agent('alpha'), 1), wholeOf([])),
    'invalid: cannot use report: it needs version 2',
  );
});

test('nobody reports without bounds; of a report that is refused nothing is taken', () => {
  const tracks = createTracks();
  const present = createPresent({ clock: createFakeClock(NOON), tracks, changes: createChanges(() => {}) });
  const errorOf = (parts: Partial<Report>): string => {
    const report = { whole: false, services: [], jobs: [], gone: { services: [], jobs: [] }, ...parts };
    const taken = present.report('alpha', report);
    return taken.ok ? '' : taken.error;
  };
  const many = (count: number, from = 0): ReportedService[] =>
    Array.from({ length: count }, (_, index) => reportedService(`s${from + index}`));
  assert.equal(errorOf({ whole: true, services: many(9999) }), '');
  assert.equal(
    errorOf({ services: many(2, 9999) }),
    'it has 10001 services, and 10000 are the most of an agent',
  );
  assert.equal(errorOf({ services: many(2, 9999), gone: { services: ['s0'], jobs: [] } }), '');
  const large = (name: string, count: number) =>
    reportedService(name, { waitsFor: Array.from({ length: count }, () => 'x'.repeat(4000)) });
  assert.match(
    errorOf({ services: [large('s1', 60)] }),
    /^"s1" has 240\d{3} bytes, and 200000 are the most$/,
  );
  let [refused, turns] = ['', 0];
  for (; refused === ''; turns++)
    refused = errorOf({
      services: Array.from({ length: 20 }, (_, each) => large(`s${1 + 20 * turns + each}`, 45)),
    });
  assert.match(refused, /^there would be \d+ bytes of it, and 32000000 are the most$/);
  assert.ok(turns > 2 && turns < 9);
  const state = present.agents.get('alpha');
  assert.equal(state?.services.size, 10_000);
  assert.equal(state?.services.get(`s${20 * turns}`)?.waitsFor.length, 0);
  // What is large may be changed, and go.
  assert.equal(errorOf({ services: [large('s1', 45)] }), '');
  assert.equal(errorOf({ whole: true, services: many(1) }), '');
});

test('names that come and go do not fill the memory', () => {
  const tracks = createTracks();
  const present = createPresent({ clock: createFakeClock(NOON), tracks, changes: createChanges(() => {}) });
  for (let turn = 0; turn < 3; turn++) {
    const services = Array.from({ length: 6000 }, (_, index) => reportedService(`s${turn}-${index}`));
    const report = { whole: true, services, jobs: [], gone: { services: [], jobs: [] } };
    assert.ok(present.report('alpha', report).ok);
  }
  assert.equal(tracks.size, 10_000);
  assert.ok(tracks.find('alpha', 's2-0') !== undefined && tracks.find('alpha', 's0-0') === undefined);
});
