import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { createLooks, type Looks } from '../../../test/rig/looks.ts';
import { draft, open as openStore } from '../../../test/rig/store.ts';
import type { RecordDraft } from '../../core/record.ts';
import { openSqliteStoreReadOnly } from '../../hub/store/sqlite.ts';
import type { Reading } from '../../watch/kind.ts';
import { openLookHistory } from '../../watch/looks/history.ts';
import type { KeptLook } from '../../watch/looks/look.ts';
import { loadConfig } from '../config/load.ts';
import { findTried, type Wanted } from './tried-watch.ts';
import { tryWatch } from './trial.ts';

const SECOND = 1000;
const T0 = Date.parse('2026-11-22T00:00:00Z');
const CONFIG = `zone: UTC
services:
  web:
    run: [sleep, "1"]
    watch:
      size: { memory: 100M, every: 10s, fail: 2, ok: 1, grace: 0s, then: [restart] }
      fresh: { fresh: { files: "*.txt", within: 90s }, every: 10s, fail: 1, ok: 1, grace: 0s }
      errors: { record: { bad: level >= error }, every: 10s, fail: 1, ok: 1, grace: 0s }
  other:
    run: [sleep, "1"]
`;

/** A config, and a state folder in which a test puts what it likes. */
async function scene(t: TestContext, config = CONFIG) {
  const folder = tempFolder(t);
  const file = join(folder, 'vahti.yaml');
  writeFileSync(file, config);
  const loaded = await loadConfig(file);
  const { plan } = loaded;
  if (plan === undefined) throw new Error(JSON.stringify(loaded.diagnostics));
  const clock = createFakeClock(T0);
  const looks = createLooks(t, clock);
  const records = join(folder, 'records.db');
  const logs = join(plan.state, 'logs');
  mkdirSync(logs, { recursive: true });
  const wanted = (more: Partial<Wanted>): Wanted => ({
    service: 'web',
    watch: undefined,
    text: undefined,
    sets: [],
    ...more,
  });
  return {
    logs,
    looks,
    records(drafts: readonly Partial<RecordDraft>[]) {
      const store = openStore({ path: records });
      store.append(drafts.map((each) => draft({ service: 'web', ...each })));
      store.close();
    },
    find: (more: Partial<Wanted>) => findTried(loaded, plan, wanted(more)),
    run(more: Partial<Wanted>, range = { since: T0, until: T0 + 3_600_000 }) {
      const tried = findTried(loaded, plan, wanted(more));
      if (!tried.ok) throw new Error(tried.error.message);
      const history = openLookHistory(looks.path);
      const store = openSqliteStoreReadOnly(records);
      onEnd(t, () => {
        if (history.ok) history.value.close();
        if (store.ok) store.value.close();
      });
      return tryWatch(tried.value, range, {
        plan,
        history: history.ok ? history.value : undefined,
        store: store.ok ? store.value : undefined,
        heardAt: range.until,
      });
    },
  };
}

/** Puts looks of a watch into a history, one in ten seconds. */
function keep(looks: Looks, watch: string, source: readonly string[], readings: readonly Reading[]): void {
  const keeper = looks.open();
  const sink = keeper.open({ service: 'web', watch, kind: watch }, source);
  const life = { id: 'life-1', startedAt: T0, readyAt: T0, wellSince: 0 };
  for (const [index, reading] of readings.entries()) {
    const now = T0 + (index + 1) * 10 * SECOND;
    const look: KeptLook = { now, at: now, life, silence: undefined, reading, failed: '' };
    sink.add(look);
  }
  keeper.close();
}

const MIB = 1_048_576;
const bytes = (...mibs: number[]): Reading[] => mibs.map((mib) => ({ bytes: mib * MIB }));
const seconds = (at: number): number => (at - T0) / SECOND;

test('names and values that do not fit are said, with what was probably meant', async (t) => {
  const { find } = await scene(t);
  for (const [wanted, kind, message] of [
    [
      { service: 'wbe', watch: 'size' },
      'unknown',
      'cannot find a service "wbe", did you mean "web"? (there are web, other)',
    ],
    [
      { watch: 'siz' },
      'unknown',
      'cannot find a watch "siz" of web, did you mean "size"? (there are size, fresh, errors)',
    ],
    [{ service: 'other', watch: 'x' }, 'unknown', 'cannot find a watch "x" of other (there are none)'],
    [{ watch: 'size', sets: ['max'] }, 'usage', 'cannot read --set max: write KEY=VALUE, such as within=60s'],
    [
      { watch: 'size', sets: ['mx=1G'] },
      'usage',
      'cannot use the key "mx" in services.web.watch.size, did you mean "max"?',
    ],
    [{ text: 'frsh: { files: a }' }, 'usage', /^cannot tell what .* did you mean "fresh"\? \(column 1\)$/],
    [{ text: 'fresh: { files: a, within: 2 }' }, 'usage', /^cannot .* \(column 28\)$/],
    [{ text: 'fresh: { files: a' }, 'usage', /^cannot read this as YAML: .* \(column \d+\)$/],
    [{ text: '[1]' }, 'usage', /^cannot use this for trial: it takes keys and values/],
    [{ text: 'fresh: { within: 2s }' }, 'usage', /^cannot tell what is fresh without "files"/],
  ] as const) {
    const found = find(wanted);
    assert.ok(!found.ok, JSON.stringify(wanted));
    assert.equal(found.error.kind, kind);
    if (typeof message === 'string') assert.equal(found.error.message, message);
    else assert.match(found.error.message, message);
  }
});

test('keys are changed wherever they stand; values are text, numbers or lists', async (t) => {
  const { find } = await scene(t);
  const changed = (watch: string, ...sets: string[]) => {
    const found = find({ watch, sets });
    assert.ok(found.ok, found.ok ? '' : found.error.message);
    return found.value.watch;
  };
  assert.deepEqual(changed('fresh', 'within=5s').options, { files: '*.txt', within: '5s' });
  assert.deepEqual(changed('size', 'max=1G', 'fail=3/5', 'every=30s').gate.fail, { times: 3, of: 5 });
  assert.deepEqual(changed('size', 'memory=1G').options, { max: '1G' });
  assert.deepEqual(changed('size', 'then=[note, {run: [mend, it]}]').steps, [
    { do: 'note' },
    { do: 'run', argv: ['mend', 'it'] },
  ]);
  assert.deepEqual(changed('errors', 'bad=code == "a: b"').options, { bad: 'code == "a: b"' });
  assert.deepEqual(changed('size', 'hours=Mon-Fri 08:00-18:00').hours?.from, 480);
  const added = find({ text: 'lag: { field: time, max: 5m }' });
  assert.ok(added.ok);
  assert.deepEqual([added.value.watch.name, added.value.configured], ['lag', undefined]);
});

test('a watch is judged again by what it read, or by what another one did', async (t) => {
  const { looks, records, run } = await scene(t);
  keep(looks, 'size', ['memory'], bytes(50, 120, 130, 90, 95, 80));
  records([{ kind: 'start', life: 'life-1', time: T0 * 1000, message: 'started' }]);
  const as = run({ watch: 'size' });
  assert.ok(as.ok, as.ok ? '' : as.error);
  assert.deepEqual(
    as.value.flips.map(({ at, from, to }) => [seconds(at), from, to]),
    [
      [30, 'ok', 'bad'],
      [40, 'bad', 'ok'],
    ],
  );
  assert.deepEqual(
    as.value.actions.map(({ at, step }) => [seconds(at), step]),
    [[30, 'restart']],
  );
  assert.deepEqual(
    [as.value.from, as.value.looks, as.value.lives, as.value.pauseMs],
    ['looks', 6, 1, 10_000],
  );
  const higher = run({ watch: 'size', sets: ['max=200M'] });
  assert.ok(higher.ok);
  assert.deepEqual([higher.value.flips, higher.value.alarms, higher.value.notes], [[], [], []]);
  const added = run({ text: 'memory: { max: 85M, every: 10s, fail: 1, ok: 1, grace: 0s }' });
  assert.ok(added.ok);
  assert.deepEqual(
    added.value.flips.map(({ at }) => seconds(at)),
    [20, 60],
  );
  assert.deepEqual(added.value.notes, ['it is judged by what the watch size read']);
  const slower = run({ watch: 'size', sets: ['every=30s', 'fail=1'] });
  assert.ok(slower.ok);
  assert.deepEqual([slower.value.looks, slower.value.flips.length], [2, 0]);
  const quicker = run({ watch: 'size', sets: ['every=1s'] });
  assert.ok(quicker.ok);
  assert.match(quicker.value.notes.join(), /looked less often/);
});

test('live alarms, signs of trouble and actions of other watches are set beside', async (t) => {
  const { looks, records, run } = await scene(t);
  keep(looks, 'size', ['memory'], bytes(50, 120, 130, 90));
  const at = (second: number): number => (T0 + second * SECOND) * 1000;
  const flip = (second: number, watch: string, to: string): Partial<RecordDraft> => ({
    kind: 'flip',
    time: at(second),
    message: `${watch} is ${to}`,
    fields: { subject: 'watch', watch, to },
  });
  const acted = (second: number, action: string): Partial<RecordDraft> => ({
    kind: 'action',
    time: at(second),
    message: `${action} by the watch x`,
    fields: { action, watch: 'x' },
  });
  records([
    flip(20, 'size', 'bad'),
    flip(25, 'x', 'late'),
    acted(26, 'restart'),
    flip(40, 'size', 'ok'),
    flip(2000, 'size', 'late'),
    flip(2100, 'size', 'ok'),
    { kind: 'exit', time: at(1500), level: 17, message: 'exited with code 3', fields: { asked: false } },
  ]);
  const tried = run({ watch: 'size' }, { since: T0, until: T0 + 3_600_000 });
  assert.ok(tried.ok);
  const { alarms, actions, gone, unseen } = tried.value;
  assert.deepEqual(
    alarms.map(({ live, signs }) => [live, signs.map(({ text }) => text)]),
    [[true, ['x is late']]],
  );
  assert.deepEqual(actions, [], 'the cool-down of another watch');
  assert.deepEqual([gone.length, unseen.length], [0, 0], 'nothing was seen of the time after the last look');
});

test('where no look was kept, or not what is judged by, the output is read again', async (t) => {
  const { logs, looks, records, run } = await scene(t);
  const line = (second: number, text: string): string =>
    `${new Date(T0 + second * SECOND).toISOString()} stdout ${text}\n`;
  writeFileSync(
    join(logs, 'web.log.1'),
    line(-5, '{"level":"error","n":0}') + line(5, '{"level":"info","n":1}'),
  );
  writeFileSync(
    join(logs, 'web.log'),
    line(25, 'text') + line(26, '{"level":"error","n":7}') + line(45, '{"level":"info","n":8}'),
  );
  records([
    { kind: 'start', life: 'life-1', time: T0 * 1000, message: 'started' },
    { kind: 'exit', life: 'life-1', time: (T0 + 62 * SECOND) * 1000, message: 'exited' },
  ]);
  const from = (wanted: Partial<Wanted>) => {
    const tried = run(wanted);
    assert.ok(tried.ok, tried.ok ? '' : tried.error);
    return [tried.value.from, ...tried.value.flips.map(({ at, to }) => `${seconds(at)} ${to}`)];
  };
  assert.deepEqual(from({ watch: 'errors' }), ['output', '0 unknown', '10 ok', '30 bad', '50 ok']);
  const log = 'log: { within: 12s, every: 10s, fail: 1, ok: 1, grace: 0s }';
  assert.deepEqual(from({ text: log }), [
    'output',
    '0 unknown',
    '10 ok',
    '20 late',
    '30 ok',
    '40 late',
    '50 ok',
    '60 flapping',
  ]);
  const lag = 'lag: { field: n, max: 5m, every: 10s, fail: 1, grace: 0s }';
  assert.deepEqual(from({ text: lag }), ['output', '0 unknown', '10 late']);
  const record = (n: number, level: string) => ({
    ok: true,
    value: { missing: false, record: { summary: 'x', inputs: { paths: ['level'], values: { level, n } } } },
  });
  keep(
    looks,
    'errors',
    ['record', '', '', ''],
    [1, 1, 7, 7, 8, 8].map((n) => record(n, n === 7 ? 'error' : 'info')),
  );
  assert.deepEqual(from({ watch: 'errors' }), ['looks', '30 bad', '50 ok']);
  assert.deepEqual(from({ watch: 'errors', sets: ['bad=n == 8'] }), [
    'output',
    '0 unknown',
    '10 ok',
    '50 bad',
  ]);
});

test('where there is no history it is said of what there is some, and from when to when', async (t) => {
  const { looks, run } = await scene(t);
  const error = (wanted: Partial<Wanted>, since = T0): string => {
    const tried = run(wanted, { since, until: since + 3_600_000 });
    assert.ok(!tried.ok);
    return tried.error;
  };
  assert.equal(
    error({ watch: 'fresh' }),
    'cannot find any history for web/fresh: no watch has looked at that; nothing is kept of any watch of it',
  );
  keep(looks, 'size', ['memory'], bytes(1, 2, 3));
  assert.match(error({ watch: 'fresh' }), /: no watch has looked at that; it is kept what these saw: size$/);
  assert.equal(
    error({ watch: 'size' }, T0 + 1e9),
    'cannot find any history for web/size between 2026-12-03T13:46:40Z and 2026-12-03T14:46:40Z; there is some from 2026-11-22T00:00:10Z to 2026-11-22T00:00:30Z',
  );
});
