import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { comparePlans, isMadeAnew } from '../plan.ts';
import { loadConfig } from './load.ts';

/** Loads a config on a machine whose systemd says of every unit what `load` says; without it there is no systemd. */
async function load(t: TestContext, text: string, loadState?: string) {
  leakCheck(t);
  const folder = tempFolder(t);
  const file = join(folder, 'vahti.yaml');
  writeFileSync(file, text);
  const answer =
    loadState === undefined
      ? 'echo "System has not been booted with systemd as init system (PID 1). Can\'t operate." >&2; exit 1'
      : `while [ "$1" != -- ]; do shift; done; shift
         for unit; do printf 'Names=%s\\nLoadState=${loadState}\\nActiveState=inactive\\n\\n' "$unit"; done`;
  writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\n${answer}\n`);
  chmodSync(join(folder, 'systemctl'), 0o755);
  const path = process.env['PATH'];
  process.env['PATH'] = `${folder}:${path}`;
  try {
    const { plan, diagnostics } = await loadConfig(file);
    const said = diagnostics.map(
      ({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`,
    );
    return { plan, said };
  } finally {
    process.env['PATH'] = path;
  }
}

test('a unit needs no more than its name; the suffix may be left out', async (t) => {
  const { plan, said } = await load(
    t,
    `services:
  livereduce:
    unit: livereduce
    needs: [db ready]
    restart: { watches: { most: 1 } }
    log: { budget: 16M }
    watch: { log: { within: 5m, then: restart } }
  db: { unit: postgresql@15-main.service }
`,
    'loaded',
  );
  assert.deepEqual(said, []);
  const [livereduce, db] = plan?.services ?? [];
  assert.deepEqual([livereduce?.kind, livereduce?.unit], ['unit', 'livereduce.service']);
  assert.equal(db?.unit, 'postgresql@15-main.service');
  assert.equal(livereduce?.watchLimits?.mostRestarts, 1);
});

test('what systemd does with a unit cannot be written, and what is no service cannot be followed', async (t) => {
  const { plan, said } = await load(
    t,
    `services:
  a:
    unit: a.service
    env: { A: b }
    boot: true
    memory: 1G
    ready: { line: x }
    restart: { fast: 3 }
  b: { unit: b.timer }
  c: { unit: "x y.service" }
  d: { unit: t@.service }
  e: { unit: e, run: date }
  f: { unit: twice }
  g: { unit: twice.service }
`,
    'loaded',
  );
  assert.equal(plan, undefined);
  const unit = 'write the name of a service of systemd such as livereduce.service';
  assert.deepEqual(said.toSorted(), [
    'error 10:14 cannot follow the unit "x y.service": ' + unit,
    'error 11:14 cannot follow the unit "t@.service": ' + unit,
    'error 12:3 cannot tell what "e" is: write exactly one of run, collect, pipeline, unit; it has run and unit',
    'error 14:14 cannot follow twice.service twice: f does so already',
    'error 4:5 cannot use env for "a": systemd runs it; set it in the unit: systemctl edit a.service',
    'error 5:5 cannot use boot for "a": systemd runs it; write systemctl enable, or disable',
    'error 6:5 cannot use memory for "a": systemd runs it; set it in the unit: systemctl edit a.service',
    'error 7:5 cannot use ready for "a": systemd runs it; its Type says when it is ready',
    'error 8:5 cannot use restart for "a": systemd runs it; Restart= and StartLimit of the unit pace it; only `watches` is for Vahti',
    'error 9:14 cannot follow the unit "b.timer": ' +
      unit +
      '; other units can be looked at by a watch: { unit: … }',
  ]);
});

test('a unit that is not there, and a machine without systemd, are warnings: both may come', async (t) => {
  const text = 'services: { a: { unit: a.service } }\n';
  const missing = await load(t, text, 'not-found');
  assert.deepEqual(missing.said, ['warning 1:24 there is no unit a.service here']);
  assert.ok(missing.plan !== undefined);
  const masked = await load(t, text, 'masked');
  assert.deepEqual(masked.said, ['warning 1:24 a.service cannot be started now: it is masked']);
  const without = await load(t, text);
  assert.deepEqual(without.said, [
    'warning 1:24 cannot see whether there is a unit a.service: cannot ask systemd: systemd does not run here',
  ]);
  assert.ok(without.plan !== undefined);
});

test('a reload never restarts a unit, whatever is different of it', async (t) => {
  const load1 = async (text: string) => (await load(t, text, 'loaded')).plan;
  const before = await load1('services: { a: { unit: a.service } }\n');
  const after = await load1('services: { a: { unit: a.service, log: { budget: 16M } } }\n');
  const other = await load1('services: { a: { unit: b.service } }\n');
  assert.ok(before !== undefined && after !== undefined && other !== undefined);
  const at = <P extends typeof before>(plan: P): P => ({
    ...plan,
    services: plan.services.map((each) => ({ ...each, cwd: '/' })),
  });
  const [change] = comparePlans(at(before), at(after));
  assert.deepEqual(change, { name: 'a', change: 'update', keys: ['log'] });
  assert.equal(change && isMadeAnew(change), true, 'it is followed anew');
  const words = (from: typeof before, to: typeof before): unknown =>
    comparePlans(at(from), at(to)).map((each) => each.change);
  const none = { ...before, services: [] };
  assert.deepEqual(
    [words(before, other), words(none, before), words(before, none)],
    [['follow'], ['follow'], ['unfollow']],
  );
});
