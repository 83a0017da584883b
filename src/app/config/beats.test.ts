import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { loadConfig, type LoadedConfig } from './load.ts';

function load(t: TestContext, text: string): Promise<LoadedConfig> {
  const file = join(tempFolder(t), 'vahti.yaml');
  writeFileSync(file, text);
  return loadConfig(file);
}

test('where beats come in, and how they are sent there from here and from elsewhere', async (t) => {
  for (const [written, host, url, own, warns] of [
    ['{ listen: 127.0.0.1:7081 }', '127.0.0.1', 'http://127.0.0.1:7081', 'http://127.0.0.1:7081', 0],
    ['{ listen: "[::1]:7081" }', '::1', 'http://[::1]:7081', 'http://[::1]:7081', 0],
    ['{ listen: 10.1.2.3:7081 }', '10.1.2.3', 'http://10.1.2.3:7081', 'http://10.1.2.3:7081', 1],
    ['{ listen: 0.0.0.0:7081 }', '0.0.0.0', `http://${hostname()}:7081`, 'http://127.0.0.1:7081', 1],
    [
      '{ listen: 0.0.0.0:7081, url: "https://b.example/x/" }',
      '0.0.0.0',
      'https://b.example/x',
      'http://127.0.0.1:7081',
      0,
    ],
  ] as const) {
    const { plan, diagnostics } = await load(t, `beats: ${written}\n`);
    assert.deepEqual(plan?.beats, { host, port: 7081, url, own }, written);
    assert.deepEqual(
      diagnostics.map(({ severity }) => severity),
      warns === 1 ? ['warning'] : [],
      written,
    );
  }
  assert.equal((await load(t, 'services: {}\n')).plan?.beats, undefined);
});

test('a place that cannot be listened at is a mistake', async (t) => {
  const { plan, diagnostics } = await load(t, 'beats: { listen: "7081", url: ftp://x }\n');
  assert.equal(plan, undefined);
  assert.deepEqual(
    diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`),
    [
      '1:18 cannot use this value: write HOST:PORT, with a port from 1 to 65535 (beats.listen)',
      '1:31 cannot use this value: write an http or https address without ? and # (beats.url)',
    ],
  );
});

test('a beat watch has defaults of its own, and its schedule the zone of the config', async (t) => {
  const { plan, diagnostics } = await load(
    t,
    `zone: Europe/Helsinki
services:
  web:
    run: [sleep, "1"]
    watch:
      beat: 2m
      nightly: { beat: { at: "30 3 * * *" }, fail: 2 }
      hourly: { beat: { at: "0 * * * * UTC", max-run: 10m } }
`,
  );
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(
    plan?.services[0]?.watch?.map(({ name, options, gate, everyMs }) => [name, options, gate, everyMs]),
    [
      ['beat', { within: '2m' }, { fail: { times: 1, of: 1 }, ok: 1, graceMs: 10_000 }, 10_000],
      [
        'nightly',
        { at: '30 3 * * * Europe/Helsinki' },
        { fail: { times: 2, of: 2 }, ok: 1, graceMs: 3_600_000 },
        10_000,
      ],
      [
        'hourly',
        { at: '0 * * * * UTC', 'max-run': '10m' },
        { fail: { times: 1, of: 1 }, ok: 1, graceMs: 10_000 },
        10_000,
      ],
    ],
  );
});

test('every mistake of a beat watch is told where it stands', async (t) => {
  const { diagnostics } = await load(
    t,
    `services:
  web:
    run: [sleep, "1"]
    watch:
      beat:
      none: { beat: {} }
      both: { beat: { within: 2m, at: "0 3 * * *" } }
      when: { beat: { at: "0 25 * * *" } }
      zone: { beat: { at: "0 3 * * * Helsinki" } }
      word: { beat: { withn: 2m } }
`,
  );
  assert.deepEqual(diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`).sort(), [
    '10:23 cannot use the key "withn" in services.web.watch.word, did you mean "within"?',
    '5:7 cannot tell when a beat is due: write a duration (beat: 2m), or "at" and a schedule',
    '6:7 cannot tell when a beat is due: write a duration (beat: 2m), or "at" and a schedule',
    '7:7 cannot tell when a beat is due: write "within" or "at", not both',
    '8:27 cannot read "0 25 * * *" as a schedule: invalid value for hour: 25 (services.web.watch.when.at)',
    '9:27 cannot read "0 3 * * * Helsinki" as a schedule: there is no zone "Helsinki" (services.web.watch.zone.at)',
  ]);
});
