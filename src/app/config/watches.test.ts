import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { WATCH_KINDS } from '../../watch/kinds/registry.ts';
import type { PlannedWatch } from '../plan.ts';
import { comparePlans, type Plan } from '../plan.ts';
import { loadConfig, type LoadedConfig } from './load.ts';

function load(t: TestContext, watches: string): Promise<LoadedConfig> {
  const file = join(tempFolder(t), 'vahti.yaml');
  writeFileSync(file, `services:\n  web:\n    run: [sleep, "1"]\n    watch:\n${watches}`);
  return loadConfig(file);
}

async function watchesOf(t: TestContext, watches: string): Promise<readonly PlannedWatch[]> {
  const loaded = await load(t, watches);
  assert.deepEqual(loaded.diagnostics, []);
  return loaded.plan?.services[0]?.watch ?? [];
}

test('a watch is named after its kind, or has it as a key, with its main option or all of them below', async (t) => {
  const all = await watchesOf(
    t,
    `      http: { url: "http://a/" }
      web: { http: "http://a/", every: 5s }
      api: { http: { url: "http://a/", expect: status == 204 }, fail: 3/5 }
`,
  );
  assert.deepEqual(
    all.map(({ name, kind, options }) => [name, kind, options]),
    [
      ['http', 'http', { url: 'http://a/' }],
      ['web', 'http', { url: 'http://a/' }],
      ['api', 'http', { url: 'http://a/', expect: 'status == 204' }],
    ],
  );
  assert.deepEqual(
    all.map(({ everyMs, gate }) => [everyMs, gate.fail]),
    [
      [15_000, { times: 3, of: 3 }],
      [5000, { times: 3, of: 3 }],
      [15_000, { times: 3, of: 5 }],
    ],
  );
});

test('a ladder is a list of steps, or one of them', async (t) => {
  const all = await watchesOf(
    t,
    `      http: { url: "http://a/", then: restart }
      tcp: { tcp: "127.0.0.1:1", then: [note, { run: "sh -c 'a | b'" }, { run: [fix, it] }, restart-dependents, stop, page] }
      web: { http: "http://a/" }
`,
  );
  assert.deepEqual(
    all.map(({ steps }) => steps),
    [
      [{ do: 'restart' }],
      [
        { do: 'note' },
        { do: 'run', argv: ['sh', '-c', 'a | b'] },
        { do: 'run', argv: ['fix', 'it'] },
        { do: 'restart-dependents' },
        { do: 'stop' },
        { do: 'page' },
      ],
      [],
    ],
  );
});

test('every mistake is told where it stands, with what was probably meant', async (t) => {
  const { diagnostics, plan } = await load(
    t,
    `      web: { http: "http://a/", evry: 5s, fail: 7/5, ok: 0 }
      api: { http: { url: "http://a/", expct: x } }
      what: { htpp: x }
      both: { http: "http://a/", tcp: "a:1" }
      list: [1]
      "a/b": { http: "http://a/", then: [restrat, { run: [] }] }
      empty:
      quick: { http: "http://a/", every: 1ms }
`,
  );
  assert.equal(plan, undefined);
  const steps = 'a list of steps: note, restart, restart-dependents, stop, page, or run with a command';
  const kinds = WATCH_KINDS.map(({ kind }) => kind).join(', ');
  const unclear = (name: string): string => `cannot tell what the watch "${name}" of web looks at`;
  const found = diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  assert.deepEqual(found.sort(), [
    `10:41 cannot do "restrat": write ${steps}, did you mean "restart"? (services.web.watch.a/b.then)`,
    '10:41 cannot run this: write a list of words, or a text that is split into words (services.web.watch.a/b.then)',
    '10:7 cannot name a watch "a/b": use letters, digits, dots, dashes and underscores, up to 63',
    `11:7 ${unclear('empty')}: write one of the keys ${kinds}`,
    '12:42 cannot use this value: at least 50ms (services.web.watch.quick.every)',
    '5:33 cannot use the key "evry" in services.web.watch.web, did you mean "every"?',
    '5:49 cannot use "7/5": write a number of looks such as 3, or 3/5 for 3 of the last 5, up to 100 (services.web.watch.web.fail)',
    '5:58 cannot use this value: write a whole number from 1 to 100 (services.web.watch.web.ok)',
    '6:40 cannot use the key "expct" in services.web.watch.api, did you mean "expect"?',
    `7:7 ${unclear('what')}: write one of the keys ${kinds}, did you mean "http"?`,
    `8:7 ${unclear('both')}: it has http and tcp, write one of them`,
    '9:13 cannot use this for list: it takes keys and values',
  ]);
});

test('a command has no figures of its own: what a watch looks at has to be named', async (t) => {
  const { diagnostics, plan } = await load(
    t,
    `      fresh: { within: 5m }
      behind: { lag: { max: 5m } }
      backlog: { max: 3 }
      named: { lag: { field: time, max: 5m } }
`,
  );
  assert.equal(plan, undefined);
  assert.deepEqual(
    diagnostics.map(({ line, column, message }) => `${line}:${column} ${message.split(',')[0]}`),
    [
      '5:7 cannot tell what is fresh without "files"',
      '6:7 cannot find the time of an event without "field"',
      '7:7 cannot tell what waits without "files"',
    ],
  );
  const collector = (collect: string, watch: string): string =>
    `services:\n  sky:\n    collect: ${collect}\n    watch: ${watch}\n`;
  const file = join(tempFolder(t), 'vahti.yaml');
  const all = '{ fresh: { within: 5m }, lag: { max: 5m } }';
  writeFileSync(file, collector('{ from: "wss://a/", into: data, part: hour, cursor: live }', all));
  assert.deepEqual((await loadConfig(file)).diagnostics, []);
  writeFileSync(
    file,
    collector('{ from: "wss://a/", into: data, part: hour, cursor: live }', '{ backlog: { max: 3 } }'),
  );
  assert.equal((await loadConfig(file)).diagnostics.length, 1);
  writeFileSync(file, collector('wrong', all));
  assert.equal((await loadConfig(file)).diagnostics.length, 1, 'one mistake is told once');
});

test('a changed watch is taken over without touching what runs', async (t) => {
  const before = (await load(t, `      http: { url: "http://a/" }\n`)).plan as Plan;
  const after = (await load(t, `      http: { url: "http://b/" }\n`)).plan as Plan;
  const same = {
    ...after,
    services: after.services.map((each) => ({ ...each, cwd: before.services[0]?.cwd ?? '' })),
  };
  assert.deepEqual(comparePlans(before, same), [{ name: 'web', change: 'update', keys: ['watch'] }]);
});
