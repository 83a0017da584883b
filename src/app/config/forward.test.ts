import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { loadConfig } from './load.ts';

async function load(t: TestContext, text: string) {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'ca.pem'), '');
  const file = join(folder, 'vahti.yaml');
  writeFileSync(file, text);
  const { plan, diagnostics } = await loadConfig(file);
  const told = diagnostics.map(
    ({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`,
  );
  return { folder, plan, told };
}

const SERVICES =
  'services: { web: { run: [sleep, "1"] } }\njobs: { dump: { at: "1 * * * *", run: [sleep, "1"] } }\n';

test('places to forward to are planned with all that they say', async (t) => {
  const { folder, plan, told } = await load(
    t,
    `${SERVICES}forward:
  logs: { loki: "https://logs.example:3100", token: $TOKEN, user: me, tenant: t, ca: ca.pem, labels: { env: prod }, level: warn, services: [web, job/dump] }
  siem: { syslog: "tcp://[::1]:514" }
`,
  );
  assert.deepEqual(told, []);
  assert.deepEqual(plan?.forward, [
    {
      name: 'logs',
      kind: 'loki',
      url: 'https://logs.example:3100',
      token: '$TOKEN',
      user: 'me',
      tenant: 't',
      ca: join(folder, 'ca.pem'),
      labels: { env: 'prod' },
      level: 13,
      services: ['web', 'job/dump'],
    },
    { name: 'siem', kind: 'syslog', url: 'tcp://[::1]:514', labels: {}, level: 1 },
  ]);
});

test('every mistake is told, with its place', async (t) => {
  const { told } = await load(
    t,
    `${SERVICES}forward:
  none: { level: info }
  two: { loki: "http://a", otlp: "http://a" }
  "a b": { loki: "http://127.0.0.1:3100" }
  url: { loki: "http://me:pass@a" }
  tcp: { syslog: "udp://a:514" }
  secret: { otlp: "http://a", token: s3cret }
  plain: { otlp: "http://logs.example", token: $TOKEN, tenant: t, services: [wep] }
  odd: { syslog: "tcp://a:514", token: $TOKEN, ca: gone.pem }
  user: { loki: "https://a", user: me, ca: gone.pem }
  level: { loki: "https://a", level: loud, labels: { "a-b": c } }
`,
  );
  assert.deepEqual(told.toSorted(), [
    'error 10:56 cannot send a tenant by otlp: only Loki knows them',
    'error 10:78 cannot find a service "wep", did you mean "web"?',
    'error 11:33 cannot send a token by syslog: it knows none',
    'error 11:48 cannot check certificates of tcp://a:514: it has none',
    'error 11:52 cannot read gone.pem: no such file',
    'error 12:30 cannot send a user without `token`, the password',
    'error 12:44 cannot read gone.pem: no such file',
    'error 13:38 cannot use this value: write one of trace, debug, info, warn, error, fatal (forward.level.level)',
    'error 13:61 cannot use this name: write letters, digits, dots and underscores (forward.level.labels.a-b)',
    'error 4:3 cannot tell what "none" is: write exactly one of loki, otlp, syslog; it has none of them',
    'error 5:3 cannot tell what "two" is: write exactly one of loki, otlp, syslog; it has loki and otlp',
    'error 6:3 cannot forward to "a b": use letters, digits, dots, dashes and underscores, up to 63',
    'error 7:16 cannot use this value: write an address such as https://logs.example:3100, without ? and #; secrets go into `token` (forward.url.loki)',
    'error 8:18 cannot use this value: write tcp://HOST:PORT or tls://HOST:PORT (forward.tcp.syslog)',
    'error 9:38 cannot use this value: write $NAME or file:PATH, not the secret itself (forward.secret.token)',
    'warning 10:18 the token goes to logs.example unencrypted: whoever hears it can use it',
  ]);
});
