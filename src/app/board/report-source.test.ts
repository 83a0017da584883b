import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';
import { silentLog } from '../../core/log.ts';
import type { ServiceSnapshot } from '../../core/runner.ts';
import type { StoredRecord } from '../../core/record.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import type { WatchFigures } from '../../watch/watch-figures.ts';
import { report as reportSchema, type Report } from '../../wire/page/report.ts';
import { statePaths } from '../state.ts';
import type { Supervised } from '../supervision.ts';
import { createNoticed } from './noticed.ts';
import { createReportSource } from './report-source.ts';

const LONG = 'x'.repeat(10_000);

function snapshotOf(name: string, now: number, part: Partial<ServiceSnapshot> = {}): ServiceSnapshot {
  return {
    name,
    state: 'stopped',
    since: now,
    wanted: true,
    life: null,
    pid: null,
    startedAt: null,
    ready: null,
    readyAt: null,
    waitsFor: [],
    lane: 'fast',
    failures: 0,
    startsInWindow: 0,
    nextStartAt: null,
    lastExit: null,
    logPath: '/x',
    memory: null,
    ...part,
  };
}

/** Services whose states the test says, and what is said of them. */
function createRig(t: TestContext, ...names: string[]) {
  const clock = createFakeClock();
  const states = new Map(names.map((name) => [name, snapshotOf(name, clock.now())]));
  const watches = new Map<string, WatchFigures[]>();
  const noticed = createNoticed();
  let looks = 0;
  let isBroken = false;
  const broken = (): void => {
    if (isBroken) throw new DatabaseError('busy', 'it is locked');
  };
  const supervised = (name: string): Supervised =>
    ({
      planned: { name, kind: 'command', argv: ['run', LONG], needs: [], restart: {} },
      service: {
        snapshot() {
          looks++;
          return states.get(name);
        },
      },
      boot() {
        broken();
        return { starts: true, by: 'default', why: null };
      },
      watches: () => ({ watches: watches.get(name) ?? [], restarts: [] }),
      silences: () => [],
    }) as unknown as Supervised;
  const source = createReportSource({
    supervision: {
      all: () => [...states.keys()].map(supervised),
      get: (name) => (states.has(name) ? supervised(name) : undefined),
    },
    jobs: { scheduler: { all: () => [] } } as never,
    notifier: {
      view() {
        broken();
        return { channels: [{ pending: 2 }, { pending: 1 }], incidents: [], messages: [] } as never;
      },
    },
    noticed,
    clock,
    log: silentLog,
    paths: statePaths(tempFolder(t)),
    stateId: 'test',
    version: '1',
    since: clock.now(),
    config: '/etc/vahti.yaml',
    acts: true,
  });
  const said: Report[] = [];
  const reporting = source.begin(() => {
    const report = reporting.changes();
    if (report !== undefined) said.push(v.parse(reportSchema, report));
  });
  t.after(() => reporting.end());
  return {
    clock,
    reporting,
    said: () => said.splice(0).map(({ services, gone }) => ({ services, gone: gone.services })),
    looks: () => looks,
    breaks(is: boolean) {
      isBroken = is;
    },
    set(name: string, part: Partial<ServiceSnapshot>) {
      states.set(name, snapshotOf(name, clock.now(), { ...states.get(name), ...part }));
    },
    sees(name: string, watch: Partial<WatchFigures>) {
      const figures = {
        name: 'log',
        kind: 'log',
        state: 'ok',
        since: 1,
        verdict: 'ok',
        value: null,
        reason: null,
      };
      const times = {
        lookedAt: clock.now(),
        dueAt: null,
        nextLookAt: clock.now() + 15_000,
        countsFrom: null,
      };
      watches.set(name, [
        { ...figures, ...times, nextAction: null, silence: null, ...watch } as WatchFigures,
      ]);
    },
    drop: (name: string) => states.delete(name),
    tell: (service: string, kind = 'flip') => noticed.stored([{ service, kind } as StoredRecord]),
    /** The first look at memory and disk is over: its disk is a real one. */
    measured: () => until(() => said.length > 0, { what: 'the first figures' }).then(() => said.splice(0)),
  };
}

const namesOf = (reports: readonly { services: readonly { name: string }[] }[]): string[][] =>
  reports.map(({ services }) => services.map(({ name }) => name));

test('all of it first, within what the hub takes; then what a record tells of, 100 ms after it, together', async (t) => {
  const rig = createRig(t, 'a', 'b', 'c');
  const whole = v.parse(reportSchema, rig.reporting.whole());
  assert.deepEqual([whole.whole, whole.services.length, whole.host?.messages], [true, 3, 3]);
  assert.equal(whole.services[0]?.about.length, 4000);
  await rig.measured();
  const before = rig.looks();
  rig.set('a', { state: 'running', life: 'l1', pid: 1 });
  rig.tell('a');
  rig.set('b', { state: 'stuck' });
  rig.tell('b');
  rig.tell('c', 'log');
  await rig.clock.advance(99);
  assert.deepEqual(rig.said(), []);
  await rig.clock.advance(1);
  const [change, ...more] = rig.said();
  assert.deepEqual(more, []);
  assert.deepEqual(
    change?.services.map(({ name, condition }) => [name, condition]),
    [
      ['a', 'ok'],
      ['b', 'bad'],
    ],
  );
  assert.equal(rig.looks() - before, 2, 'nothing else was looked at');
});

test('what no record tells of is seen within two seconds; what is gone is told once', async (t) => {
  const rig = createRig(t, 'a', 'b');
  rig.reporting.whole();
  await rig.measured();
  rig.set('b', { state: 'blocked', waitsFor: ['db'] });
  rig.drop('a');
  await rig.clock.advance(2000);
  const said = rig.said();
  assert.deepEqual(
    said.flatMap(({ gone }) => gone),
    ['a'],
  );
  assert.deepEqual(
    said.flatMap(({ services }) => services.map(({ trouble }) => trouble)),
    ['it waits for db'],
  );
  await rig.clock.advance(5000);
  assert.deepEqual(rig.said(), []);
});

test('looks and figures of watches are told each 10 s, their states at once', async (t) => {
  const rig = createRig(t, 'a', 'b');
  rig.set('a', { state: 'running', life: 'l', since: 1 });
  rig.sees('a', { value: '1s old' });
  rig.reporting.whole();
  await rig.measured();
  rig.sees('a', { value: '2s old' });
  await rig.clock.advance(3000);
  assert.deepEqual(rig.said(), [], 'only a value is another one');
  rig.sees('a', { state: 'late', since: 5, value: '5m old', reason: 'nothing for 5m' });
  await rig.clock.advance(2000);
  const late = rig.said().flatMap(({ services }) => services.map(({ name, trouble }) => [name, trouble]));
  assert.deepEqual(late, [['a', 'log is late: nothing for 5m']]);
  rig.sees('a', { state: 'late', since: 5, value: '6m old', reason: 'nothing for 5m' });
  await rig.clock.advance(10_000);
  await turn();
  const figures = await until(() => rig.said().find(({ services }) => services.length > 0), {
    what: 'figures',
  });
  assert.deepEqual(namesOf([figures]), [['a']]);
  assert.equal(figures.services[0]?.figures['watch:log'], 360_000);
});

test('a database that cannot be read keeps nobody from being told of the rest', async (t) => {
  const rig = createRig(t, 'a');
  rig.reporting.whole();
  await rig.measured();
  rig.breaks(true);
  rig.set('a', { state: 'failed' });
  rig.tell('a');
  await rig.clock.advance(100);
  assert.deepEqual(namesOf(rig.said()), [['a']]);
  rig.breaks(false);
});

test('at its end no timer is left', async (t) => {
  const rig = createRig(t, 'a');
  rig.reporting.whole();
  await rig.measured();
  rig.tell('a');
  rig.reporting.end();
  assert.equal(rig.clock.nextTimer(), undefined);
});
