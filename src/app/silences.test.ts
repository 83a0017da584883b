import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock, type FakeClock } from '../../test/rig/fake-clock.ts';
import { silentLog } from '../core/log.ts';
import type { PlannedJob } from '../jobs/job.ts';
import type { RecordDraft } from '../core/record.ts';
import { parseWindow } from '../core/windows.ts';
import type { Plan, PlannedService } from './plan.ts';
import type { KeptSilences, SilenceStore } from './silence-store.ts';
import { createSilences } from './silences.ts';

const HOUR = 3_600_000;

function createScene(clock: FakeClock = createFakeClock(), kept: KeptSilences = { snoozes: [], acks: [] }) {
  const records: RecordDraft[] = [];
  let stored = kept;
  const store: SilenceStore = {
    load: () => stored,
    save: (silences) => {
      stored = JSON.parse(JSON.stringify(silences)) as KeptSilences;
    },
  };
  const silences = createSilences({
    clock,
    log: silentLog,
    store,
    records: (drafts) => records.push(...drafts),
    trouble: () => undefined,
  });
  const told = (): string[] => records.map(({ service, message }) => `${service}: ${message}`);
  return { clock, silences, records, told, stored: () => stored };
}

function planOf(services: Partial<PlannedService>[], quiet: string[] = []): Plan {
  const windows = quiet.map((text) => {
    const read = parseWindow(text);
    return read.ok ? { window: read.value, why: text } : assert.fail(read.error);
  });
  return { quiet: windows, services } as unknown as Plan;
}

const ANN = { who: 'ann', why: 'work' };
const WEB = { service: 'web', watch: null };
const ALIVE = { service: 'web', watch: 'alive' };

test('a snooze is stored and told, ends by itself, and says so', async () => {
  const { clock, silences, told, stored } = createScene();
  const until = clock.now() + 2 * HOUR;
  silences.snooze(WEB, { ...ANN, until });
  assert.equal(stored().snoozes.length, 1);
  assert.deepEqual(silences.silenceOf('web', 'alive', clock.now()), { by: 'snooze', ...ANN, until });
  assert.equal(silences.silenceOf('db', null, clock.now()), undefined);
  silences.snooze(WEB, { ...ANN, until: until + HOUR });
  assert.equal(stored().snoozes.length, 1, 'in the place of the first');
  await clock.advance(3 * HOUR);
  assert.equal(silences.silenceOf('web', null, clock.now()), undefined);
  assert.deepEqual(stored().snoozes, []);
  assert.deepEqual(told(), [
    'web: snooze by ann until 2026-11-22T02:00:00Z: work',
    'web: snooze by ann until 2026-11-22T03:00:00Z: work',
    'web: snooze by ann is over: work',
  ]);
  assert.equal(clock.nextTimer(), undefined);
});

test('the next daemon goes on with what was said; what ran out meanwhile is told', async () => {
  const first = createScene();
  first.silences.snooze(WEB, { ...ANN, until: first.clock.now() + HOUR });
  first.silences.snooze({ service: null, watch: null }, { ...ANN, until: first.clock.now() + 3 * HOUR });
  first.silences.ack(ALIVE, { who: 'bob', why: '' });
  first.silences.close();
  await first.clock.advance(2 * HOUR);
  const second = createScene(first.clock, first.stored());
  await second.clock.advance(0);
  assert.deepEqual(second.told(), ['web: snooze by ann is over: work']);
  assert.deepEqual(
    second.silences.silencesOf(ALIVE, second.clock.now()).map(({ by, who }) => `${by} ${who}`),
    ['snooze ann', 'ack bob'],
  );
  second.silences.close();
});

test('a snooze is ended by a person, and one that is not there is not', () => {
  const { clock, silences, told } = createScene();
  silences.snooze(ALIVE, { ...ANN, until: clock.now() + HOUR });
  assert.equal(silences.endSnooze(WEB, { who: 'bob', why: '' }), false);
  assert.equal(silences.endSnooze(ALIVE, { who: 'bob', why: 'done' }), true);
  assert.equal(silences.endSnooze(ALIVE, { who: 'bob', why: 'done' }), false);
  assert.deepEqual(told().slice(1), ['web: snooze of alive ended by bob: done']);
  assert.equal(clock.nextTimer(), undefined);
});

test('an ack is over with its incident, once; that of another subject is not', () => {
  const { clock, silences, told, stored } = createScene();
  silences.ack(ALIVE, { who: 'bob', why: 'known' });
  silences.ack(WEB, { who: 'bob', why: '' });
  silences.over(ALIVE);
  silences.over(ALIVE);
  assert.equal(silences.silenceOf('web', 'alive', clock.now()), undefined);
  assert.equal(silences.silenceOf('web', null, clock.now())?.by, 'ack');
  assert.equal(stored().acks.length, 1);
  assert.deepEqual(told(), [
    'web: ack of alive by bob: known',
    'web: ack by bob',
    'web: ack of alive by bob is over',
  ]);
});

test('windows are those of the plan; what is said of what is not in it any more is forgotten', () => {
  const { clock, silences } = createScene();
  const web = { name: 'web', watch: [{ name: 'alive' }] } as unknown as PlannedService;
  const night = planOf([], ['Sun 00:00-01:00', 'Mon 00:00-01:00']).quiet ?? [];
  silences.use({ ...planOf([{ ...web, quiet: night }, { name: 'db' }]), quiet: night.slice(0, 1) });
  const until = clock.now() + HOUR;
  assert.deepEqual(silences.silenceOf('web', 'alive', clock.now())?.until, until);
  assert.equal(silences.silenceOf('db', null, clock.now()), undefined, 'its plan has none');
  assert.equal(
    silences.silenceOf('job/archive', null, clock.now())?.by,
    'quiet',
    'what is no service has those for all',
  );
  const dump = { name: 'dump', quiet: planOf([], ['Sun 00:00-02:00']).quiet } as unknown as PlannedJob;
  silences.use({ ...planOf([]), jobs: [dump] });
  assert.deepEqual(silences.silenceOf('job/dump', null, clock.now())?.until, clock.now() + 2 * HOUR);
  assert.deepEqual(
    silences.windows().map(({ service }) => service),
    ['job/dump'],
  );
  silences.use({ ...planOf([{ ...web, quiet: night }, { name: 'db' }]), quiet: night.slice(0, 1) });
  assert.deepEqual(
    silences.list(clock.now()).map(({ by, service }) => [by, service]),
    [['quiet', null]],
  );
  assert.deepEqual(
    silences.windows().map(({ service, why }) => [service, why]),
    [
      [null, 'Sun 00:00-01:00'],
      ['web', 'Mon 00:00-01:00'],
    ],
  );
  for (const subject of [ALIVE, WEB, { service: 'db', watch: null }]) {
    silences.ack(subject, { who: 'bob', why: '' });
    silences.snooze(subject, { ...ANN, until: clock.now() + 2 * HOUR });
  }
  silences.use(planOf([{ name: 'web' }]));
  const left = silences.kept();
  assert.deepEqual(
    [left.snoozes.map(({ watch }) => watch), left.acks.map(({ watch }) => watch)],
    [[null], [null]],
  );
  assert.equal(silences.silenceOf('web', 'alive', clock.now())?.by, 'snooze');
  silences.close();
});
