import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { loadConfig } from './load.ts';

async function load(t: TestContext, text: string) {
  const folder = tempFolder(t);
  const file = join(folder, 'vahti.yaml');
  writeFileSync(file, text);
  const { plan, diagnostics } = await loadConfig(file);
  const told = diagnostics.map(
    ({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`,
  );
  return { folder, plan, told: told.toSorted() };
}

test('a hub on this machine is a service of its own, first of all, and records are sent there', async (t) => {
  const { folder, plan, told } = await load(
    t,
    'hub: { listen: 127.0.0.1:7080, agent: alpha, keep: { logs: 1h, services: { "fire hose": 2d } } }\nservices: { a: { run: [sleep, "1"] } }\n',
  );
  assert.deepEqual(told, []);
  const [hub, a] = plan?.services ?? [];
  assert.deepEqual([hub?.name, hub?.kind, hub?.argv, a?.name], ['hub', 'hub', [], 'a']);
  assert.deepEqual(hub?.ready, { sign: { kind: 'fd', fd: 3 }, withinMs: null });
  assert.deepEqual([hub?.hub?.host, hub?.hub?.port, hub?.hub?.agent], ['127.0.0.1', 7080, 'alpha']);
  assert.equal(hub?.hub?.folder, join(folder, '.vahti/hub'));
  assert.deepEqual(
    hub?.hub?.keep.rules.map(({ name, keepMs }) => `${name} ${keepMs / 3_600_000} h`),
    ['logs-fire_hose-5a1ea38f 48 h', 'logs 1 h', 'notifications 2160 h', 'other 2160 h'],
  );
  assert.deepEqual(plan?.shipping, {
    url: 'ws://127.0.0.1:7080/ws',
    token: `file:${join(folder, '.vahti/hub/agent-token')}`,
    act: true,
  });
});

test('a config without a hub has none, nor one that only says how long records are kept', async (t) => {
  for (const text of ['services: {}\n', 'hub: { keep: { logs: 1h } }\n']) {
    const { plan, told } = await load(t, text);
    assert.deepEqual([plan?.services, plan?.shipping, told], [[], undefined, []], text);
  }
});

test('a hub elsewhere is named by its address, and a token that stands somewhere else', async (t) => {
  for (const [url, wanted] of [
    ['wss://hub.example', 'wss://hub.example/ws'],
    ['https://hub.example/vahti/', 'wss://hub.example/vahti/ws'],
    ['ws://[::1]:7080/ws', 'ws://[::1]:7080/ws'],
  ] as const) {
    const { folder, plan, told } = await load(
      t,
      `hub: { url: "${url}", token: file:t, ca: ca.pem }\nservices: {}\n`,
    );
    assert.deepEqual([plan?.services, told], [[], []], url);
    const { token, ca } = { token: `file:${join(folder, 't')}`, ca: join(folder, 'ca.pem') };
    assert.deepEqual(plan?.shipping, { url: wanted, token, ca, act: false });
  }
});

test('what is wrong with a hub is told all at once, where it is', async (t) => {
  const { plan, told } = await load(
    t,
    [
      'hub:',
      '  listen: 0.0.0.0:7080',
      '  url: ws://hub.example',
      '  origins: ["https://page.example/x"]',
      'services: { hub: { run: [sleep, "1"] } }',
      '',
    ].join('\n'),
  );
  assert.equal(plan, undefined);
  assert.deepEqual(told, [
    'error 3:3 cannot send records elsewhere and run a hub here: write either "url" or "listen"',
    'error 3:3 cannot send records without a token: write "token: $NAME" or "token: file:PATH"',
    'error 4:13 cannot use "https://page.example/x" as an origin: write it as https://page.example, without a path',
    'error 5:13 cannot name a service "hub": the hub of this machine is called so',
    'warning 2:11 what comes to 0.0.0.0:7080 is not encrypted: whoever hears a token can use it, too; write "tls", or put a proxy with TLS in front',
  ]);
});

test('a token in the config is refused, and so is what is for the other kind of hub', async (t) => {
  const { told } = await load(t, 'hub: { listen: 127.0.0.1:70000, agent: "no name" }\n');
  assert.deepEqual(told, [
    'error 1:16 cannot use this value: write HOST:PORT, with a port from 1 to 65535 (hub.listen)',
    'error 1:40 cannot use this value: write letters, digits, dots, dashes and underscores, up to 63 (hub.agent)',
  ]);
  const other = await load(t, 'hub: { url: "ws://h.example", token: secret, tls: { cert: a, key: b } }\n');
  assert.deepEqual(other.told, [
    'error 1:38 cannot use a token that is written into the config: write $NAME or file:PATH',
    'error 1:46 cannot use tls here: it is for a hub on this machine, which "listen" makes',
    'warning 1:13 the token is sent without TLS: whoever hears it can use it, too; write wss:// or https://',
  ]);
});

test('whether people may act through the hub is as it is written; by default only through one of this machine', async (t) => {
  for (const [text, wanted] of [
    ['listen: 127.0.0.1:7080', true],
    ['listen: 127.0.0.1:7080, act: false', false],
    ['url: "wss://hub.example", token: file:t', false],
    ['url: "wss://hub.example", token: file:t, act: true', true],
  ] as const) {
    const { plan, told } = await load(t, `hub: { ${text} }\nservices: {}\n`);
    assert.deepEqual([plan?.shipping?.act, told], [wanted, []], text);
  }
  const { told } = await load(t, 'hub: { act: true, status-page: { services: { A: a } } }\n');
  assert.deepEqual(told, [
    'error 1:19 cannot use status-page here: it is for a hub on this machine, which "listen" makes',
    'error 1:8 cannot use act here: there is no hub; write "listen" or "url"',
  ]);
  const word = await load(t, 'hub: { listen: 127.0.0.1:7080, act: perhaps }\n');
  assert.deepEqual(word.told, ['error 1:37 cannot use this value: write true or false (hub.act)']);
});

test('a status page names services of this machine, which have to be there, or of others', async (t) => {
  const config = (page: string): string =>
    `hub:\n  listen: 127.0.0.1:7080\n  agent: alpha\n  status-page: ${page}\nservices: { firehose: { run: [sleep, "1"] } }\n`;
  const right = await load(t, config('{ services: { Sky: firehose, Own: alpha/hub, Beam: beta/beam } }'));
  assert.deepEqual(right.told, []);
  assert.deepEqual(right.plan?.services[0]?.hub?.statusPage, {
    title: 'Status',
    services: [
      { label: 'Sky', agent: 'alpha', name: 'firehose' },
      { label: 'Own', agent: 'alpha', name: 'hub' },
      { label: 'Beam', agent: 'beta', name: 'beam' },
    ],
  });
  const none = await load(t, config('{ title: Ours, services: {} }'));
  assert.deepEqual(none.told, ['error 4:41 cannot show 0 services: name 1 to 200']);
  const wrong = await load(t, config('{ services: { Sky: firehos, Beam: a/b/c, X: /x, Y: "no name/x" } }'));
  assert.deepEqual(wrong.told, [
    'error 4:35 cannot show "firehos": this machine has no such service; did you mean "firehose"?',
    'error 4:50 cannot show "a/b/c": write SERVICE or AGENT/SERVICE',
    'error 4:60 cannot show "/x": write SERVICE or AGENT/SERVICE',
    'error 4:67 cannot show "no name/x": write SERVICE or AGENT/SERVICE',
  ]);
});
