import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { windowText } from '../../core/windows.ts';
import { comparePlans, type PlannedQuiet } from '../plan.ts';
import { loadConfig, type LoadedConfig } from './load.ts';

function load(t: TestContext, yaml: string): Promise<LoadedConfig> {
  const file = join(tempFolder(t), 'vahti.yaml');
  writeFileSync(file, yaml);
  return loadConfig(file);
}

const texts = (quiet: readonly PlannedQuiet[] = []): string[] =>
  quiet.map(({ window, why }) => `${windowText(window)}: ${why}`);

const SERVICES = `
services:
  db-1: { run: [sleep, "1"] }
  db-2: { run: [sleep, "1"] }
  web:
    run: [sleep, "1"]
    quiet: [ { when: 2026-11-30 22:00-23:00 UTC, why: disks } ]
`;

test('windows of the config are for all services or for some, beside those of a service, in the zone of the config', async (t) => {
  const { plan, diagnostics } = await load(
    t,
    `zone: Europe/Zurich
quiet:
  - { when: Sun 02:00-04:00, why: switch }
  - { when: 22:00-23:00 UTC, why: backup, services: [db-*] }
  - { when: 23:00-23:30 UTC, why: dump, services: ["db-?", web] }
${SERVICES}`,
  );
  assert.deepEqual(diagnostics, []);
  const [first, , web] = plan?.services ?? [];
  assert.deepEqual(texts(plan?.quiet), ['Sun 02:00-04:00 Europe/Zurich: switch']);
  assert.deepEqual(texts(first?.quiet), [
    'Sun 02:00-04:00 Europe/Zurich: switch',
    '22:00-23:00 UTC: backup',
    '23:00-23:30 UTC: dump',
  ]);
  assert.deepEqual(texts(web?.quiet), [
    'Sun 02:00-04:00 Europe/Zurich: switch',
    '23:00-23:30 UTC: dump',
    '2026-11-30 22:00 - 2026-11-30 23:00 UTC: disks',
  ]);
});

test('every mistake is told at once, where it stands', async (t) => {
  const { diagnostics } = await load(
    t,
    `quiet:
  - { when: Sun 02:00-04:00 Mars/X, why: a }
  - { when: 00:00-24:00, why: b, what: c }
  - { when: 2026-11-30 22:00 - 2026-11-29 02:00, why: d }
  - { when: Sun 02:00-04:00 }
${SERVICES}`,
  );
  assert.deepEqual(
    diagnostics.map(({ line, message }) => [line, message.slice(0, 60)]),
    [
      [2, 'cannot read "Sun 02:00-04:00 Mars/X" as hours: there is no z'],
      [3, 'cannot read "00:00-24:00" as a window of time: it never ends'],
      [3, 'cannot use the key "what" in quiet.1'],
      [4, 'cannot read "2026-11-30 22:00 - 2026-11-29 02:00" as a windo'],
      [5, 'cannot do without "why" in quiet.3'],
    ],
  );
  const named = await load(
    t,
    `quiet: [ { when: Sun 02:00-04:00, why: a, services: [bd-1, web] } ]\n${SERVICES}`,
  );
  assert.deepEqual(
    named.diagnostics.map(({ message }) => message),
    ['cannot find a service for "bd-1", did you mean "db-1"?'],
  );
});

test('the budget of watches has defaults of its own, and neither it nor a window is a reason to restart what runs', async (t) => {
  const yaml = (more: string, defaults = ''): string => `${defaults}
services:
  web:
    run: [sleep, "1"]
    watch: { alive: { tcp: "127.0.0.1:1" } }
    ${more}
`;
  const limits = async (text: string) => {
    const { plan, diagnostics } = await load(t, text);
    assert.deepEqual(diagnostics, []);
    return plan?.services[0]?.watchLimits;
  };
  assert.deepEqual(await limits(yaml('')), { mostRestarts: 3, perMs: 3_600_000, coolMs: 60_000 });
  const defaults = 'defaults: { restart: { watches: { most: 5, cool: 0s } } }';
  assert.deepEqual(await limits(yaml('restart: { watches: { per: 1d, cool: 2m } }', defaults)), {
    mostRestarts: 5,
    perMs: 86_400_000,
    coolMs: 120_000,
  });
  const before = await load(t, yaml(''));
  const after = await load(
    t,
    yaml('restart: { watches: { most: 1 } }\n    quiet: [ { when: Sun 02:00-04:00, why: a } ]'),
  );
  const changed = after.plan ?? assert.fail();
  const services = changed.services.map((service) => ({
    ...service,
    cwd: before.plan?.services[0]?.cwd ?? '',
  }));
  assert.deepEqual(comparePlans(before.plan, { ...changed, services }), [
    { name: 'web', change: 'update', keys: ['quiet', 'watchLimits'] },
  ]);
});
