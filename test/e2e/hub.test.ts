import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeCertificate, NO_OPENSSL } from '../rig/certificate.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { startDaemon, startVahti, type TestDaemon, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

interface Row {
  readonly agent: string;
  readonly seq?: number;
  readonly id: string;
  readonly service: string;
  readonly kind: string;
  readonly message: string;
}

async function freePort(t: TestContext): Promise<number> {
  const server = createServer();
  onEnd(t, () => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What `vahti logs --hub` shows, oldest first. */
async function inHub(daemon: TestDaemon, ...args: string[]): Promise<readonly Row[]> {
  const ran = await daemon.cli('logs', '--hub', '--json', '-n', '10000', ...args);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

const TICKS = `  ticks: { run: [sh, -c, "n=0; while :; do n=$((n+1)); echo tick $n; sleep 0.02; done"] }\n`;

test('every record of a daemon is in its hub once and in order, whatever is killed; by TLS, whatever name the certificate is for', {
  skip: NO_OPENSSL,
}, async (t) => {
  leakCheck(t);
  const { cert, key } = makeCertificate(t, 'DNS:hub.example');
  const port = await freePort(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const hubKeys = `listen: "127.0.0.1:${port}", agent: alpha, tls: { cert: cert.pem, key: key.pem }`;
  const yaml = `hub: { ${hubKeys} }\nservices:\n${TICKS}`;
  const first = await startDaemon(t, yaml, folder);
  const connected = (daemon: TestDaemon) =>
    until(async () => (await daemon.status()).shipping?.standing === 'connected', {
      deadlineMs: 20_000,
      what: 'the daemon to be connected with its hub',
    });
  await connected(first);
  assert.equal(statSync(join(first.folder, '.vahti/hub/admin-token')).mode & 0o777, 0o600);
  const hub = await first.service('hub');
  process.kill(hub.pid as number, 'SIGKILL');
  await first.waitFor('hub', 'to live again', ({ life, ready }) => life !== hub.life && ready === true);
  await connected(first);
  first.process.kill('SIGKILL');
  await within(first.process.ended, { what: 'the daemon to be gone' });
  const second = await startDaemon(t, yaml, first.folder);
  await connected(second);
  const own = (await second.records('-n', '10000')).filter(({ service }) => service === 'ticks');
  const last = own.at(-1)?.seq ?? 0;
  const rows = await until(
    async () => {
      const found = await inHub(second);
      return found.some(({ id }) => id === `alpha/${last}`) ? found : undefined;
    },
    { what: `the record ${last} to be in the hub` },
  );
  const seqs = rows.map(({ id }) => Number(id.split('/')[1])).filter((seq) => seq <= last);
  assert.deepEqual(
    seqs.toSorted((a, b) => a - b),
    Array.from({ length: last }, (_, index) => index + 1),
  );
  assert.match(
    (await second.cli('status')).stdout,
    /^hub {2}wss:\/\/127\.0\.0\.1:\d+\/ws, connected as alpha since/m,
  );
});

test('what is past LOGS_TIMEWINDOW is seen no more, and its bytes go within CLEANUP_INTERVAL; notifications stay', async (t) => {
  leakCheck(t);
  const port = await freePort(t);
  const daemon = await startDaemon(
    t,
    `hub: { listen: "127.0.0.1:${port}" }\nservices: { a: { run: [sleep, "1000"] } }\n`,
    tempFolder(t),
    { CLEANUP_INTERVAL: '1', LOGS_TIMEWINDOW: '2' },
  );
  await daemon.waitFor('hub', 'to be ready', ({ ready }) => ready === true);
  const token = readFileSync(join(daemon.folder, '.vahti/hub/agent-token'), 'utf8').trim();
  const post = async (what: string, message: string): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify([{ message, service: 'probe' }]),
    });
    assert.equal(answer.status, 200, await answer.text());
  };
  await post('logs', 'short');
  await post('notifications', 'long');
  const probes = async () => (await inHub(daemon, 'probe')).map(({ message }) => message);
  assert.deepEqual((await probes()).toSorted(), ['long', 'short']);
  await until(async () => (await probes()).join() === 'long', { what: 'the log line to be out of sight' });
  const bytes = async (): Promise<string> =>
    (await daemon.records('hub')).map(({ message }) => message).join();
  await until(async () => (await bytes()).includes('deleted records'), { what: 'its file to be deleted' });
});

test('a hub that cannot begin says why: no second one, no number of seconds, an address in use', async (t) => {
  leakCheck(t);
  const port = await freePort(t);
  const daemon = await startDaemon(t, `hub: { listen: "127.0.0.1:${port}" }\nservices: {}\n`);
  await daemon.waitFor('hub', 'to be ready', ({ ready }) => ready === true);
  const again = await vahti(t, ['run', 'hub'], daemon.folder);
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /the hub \(pid \d+/);
  const wrong = await vahti(t, ['run', 'hub'], daemon.folder, { LOGS_TIMEWINDOW: '5m' });
  assert.match(wrong.stderr, /cannot use LOGS_TIMEWINDOW=5m: write whole seconds/);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'vahti.yaml'), `hub: { listen: "127.0.0.1:${port}" }\nservices: {}\n`);
  const other = await within(startVahti(t, ['run', 'hub'], folder).ended, { what: 'it to give up' });
  assert.notEqual(other.code, 0);
  assert.match(other.stderr, new RegExp(`cannot listen on 127.0.0.1:${port}: the address is in use`));
});
