import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../../test/rig/leaks.ts';
import type { UnitFacts } from '../../core/units.ts';
import { loadConfig } from '../config/load.ts';
import type { Plan } from '../plan.ts';
import { type Before, type Changes, compareInstalls, isNothing } from './changes.ts';
import { rebase } from './rebase.ts';
import { renderInstall } from './render.ts';
import { changeLines } from './words.ts';

async function planOf(t: Parameters<typeof tempFolder>[0], services: string): Promise<Plan> {
  const root = tempFolder(t);
  fs.mkdirSync(path.join(root, 'etc/vahti'), { recursive: true });
  const file = path.join(root, 'etc/vahti/vahti.yaml');
  fs.writeFileSync(file, `services:\n${services}`);
  const { plan, diagnostics } = await loadConfig(file);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return rebase(plan, root);
}

const PROGRAM = ['/usr/bin/node', '/usr/lib/vahti/bin/vahti.js'];

function render(plan: Plan, version = '1') {
  return renderInstall({ plan, user: 'vahti', group: 'vahti', program: PROGRAM, version, homes: new Map() });
}

/** The machine as an install of a plan leaves it; with those units running. */
function installed(plan: Plan, running: readonly string[], root = ''): Before {
  const facts = new Map(running.map((name) => [name, { name, active: 'active' } as UnitFacts]));
  const files = render(plan).files.map((file) => ({ ...file, config: plan.file }));
  return { root, has: () => true, files, plan, facts };
}

/** What is done to what, without folders: a test has none. */
function acts({ files, enable, disable, daemon, start, restart, renew, stop }: Changes) {
  const changed = files.map(({ path: file, change }) => `${change} ${path.basename(file)}`);
  return { changed, enable, disable, daemon, start, restart, renew, stop };
}

const NOTHING = { changed: [], enable: [], disable: [], start: [], restart: [], renew: [], stop: [] };
const UP = ['vahti.service', 'vahti-a.service', 'vahti-b.service'];
const TWO = '  a: { run: [sleep, "1"] }\n  b: { run: [sleep, "2"] }\n';

test('on an empty machine everything is new, and what is to start is started', async (t) => {
  const plan = await planOf(t, `${TWO}  c: { run: [sleep, "3"], boot: false }\n`);
  const before = {
    root: '',
    has: () => false,
    files: [],
    plan: undefined,
    facts: new Map<string, UnitFacts>(),
  };
  const { enable, daemon, start, restart, files } = compareInstalls(before, render(plan), plan);
  assert.deepEqual(
    { enable, daemon, start, restart },
    { enable: UP, daemon: 'start', start: UP.slice(1), restart: [] },
  );
  assert.ok(files.every(({ change }) => change === 'new'));
});

test('the same again is nothing; what was stopped or disabled meanwhile stays so', async (t) => {
  const plan = await planOf(t, TWO);
  for (const up of [UP, ['vahti.service', 'vahti-a.service']]) {
    const changes = compareInstalls(installed(plan, up), render(plan), plan);
    assert.deepEqual(acts(changes), { ...NOTHING, daemon: 'leave' });
    assert.ok(isNothing(changes));
    assert.deepEqual(changeLines(changes, { starts: true }), []);
  }
  assert.ok(isNothing(compareInstalls(installed(plan, [], '/image'), render(plan), plan)));
});

test('one that is different has another life: by the daemon where what it runs differs, by systemd where only its unit does', async (t) => {
  const plan = await planOf(t, TWO);
  const change = async (services: string, up = UP) => {
    const next = await planOf(t, services);
    return acts(compareInstalls(installed(plan, up), render(next), next));
  };
  const env = await change(TWO.replace('"1"]', '"1"], env: { A: b }'));
  assert.deepEqual(env, { ...NOTHING, daemon: 'reload', renew: ['vahti-a.service'] });
  const memory = await change(TWO.replace('"1"]', '"1"], memory: 1G'));
  assert.deepEqual(memory, { ...env, changed: ['changed vahti-a.service'] });
  const writes = await change(TWO.replace('"1"]', '"1"], writes: []'));
  assert.deepEqual(writes, {
    ...NOTHING,
    changed: ['changed vahti-a.service'],
    daemon: 'reload',
    restart: ['vahti-a.service'],
  });
  const stopped = await change(TWO.replace('"1"]', '"1"], memory: 1G'), ['vahti.service', 'vahti-b.service']);
  assert.deepEqual(stopped, { ...memory, renew: [] });
  const needs = await change(TWO.replace('"1"]', '"1"], needs: [b]'));
  assert.deepEqual(needs, { ...NOTHING, changed: ['changed vahti-a.service'], daemon: 'reload' });
  const boot = await change(TWO.replace('"1"]', '"1"], boot: false'));
  assert.deepEqual(boot.disable, ['vahti-a.service']);
});

test('what is gone from the config is stopped, disabled and removed; what is new is started', async (t) => {
  const plan = await planOf(t, TWO);
  const next = await planOf(t, TWO.replace('  b:', '  c:'));
  const changes = compareInstalls(installed(plan, UP), render(next), next);
  assert.deepEqual(acts(changes), {
    changed: ['new vahti-c.service', 'changed 50-vahti.rules', 'gone vahti-b.service'],
    enable: ['vahti-c.service'],
    disable: [],
    daemon: 'reload',
    start: ['vahti-c.service'],
    restart: [],
    renew: [],
    stop: ['vahti-b.service'],
  });
  const lines = changeLines(changes, { starts: true });
  assert.ok(
    lines.includes('~ /etc/polkit-1/rules.d/50-vahti.rules') && lines.includes('- stop vahti-b.service'),
  );
  assert.ok(lines.includes('    -     "vahti-b.service",') && lines.includes('    +     "vahti-c.service",'));
});

test('another version restarts the daemon, and nothing whose program has made way for its command', async (t) => {
  const plan = await planOf(t, TWO);
  const changes = compareInstalls(installed(plan, UP), render(plan, '2'), plan);
  assert.deepEqual(acts(changes), { ...NOTHING, changed: ['changed vahti.service'], daemon: 'restart' });
});

test('paths of an image lose its root, and nothing else does', () => {
  const plan = {
    file: '/img/etc/v.yaml',
    env: { A: 'file:/img/key', B: '/image' },
    locks: ['path:/img/d'],
    n: 1,
    d: '/img',
  };
  const expected = {
    file: '/etc/v.yaml',
    env: { A: 'file:/key', B: '/image' },
    locks: ['path:/d'],
    n: 1,
    d: '/',
  };
  assert.deepEqual(rebase(plan, '/img'), expected);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(rebase(value, ''), value);
      assert.deepEqual(rebase(rebase(value, '/no/such/root'), '/no/such/root'), value);
    }),
    { numRuns: 100 },
  );
});
