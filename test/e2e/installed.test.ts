import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { boxOfFile, noBox } from '../rig/systemd-box.ts';
import { PROGRAM, ROOT } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** The quickstart, installed on a machine with a systemd of its own: what befalls its processes there, and the machine. */

const box = boxOfFile();
const FOLDER = '/srv/quickstart';
const CONFIG = `${FOLDER}/vahti.yaml`;
const UNITS = ['relay', 'firehose', 'reader'].map((name) => `vahti-${name}.service`);

/** One that takes more memory than it is given. */
const LEAK = `
  leak:
    run: [sh, -c, 'x=$(head -c 200000000 /dev/zero | tr "\\\\0" x); sleep 1000']
    memory: 60M
`;

const sh = (script: string): Promise<string> => box().run('sh', '-c', `(${script}) 2>&1`);
const vahti = (words: string): Promise<string> =>
  sh(`NO_COLOR=1 ${process.execPath} ${PROGRAM} ${words} -c ${CONFIG}`);

interface Unit {
  readonly state: string;
  readonly life: string;
  readonly pid: string;
}

async function look(unit: string): Promise<Unit> {
  const shown = await box().run('systemctl', 'show', '--property=ActiveState,InvocationID,MainPID', unit);
  const of = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(shown)?.[1] ?? '';
  return { state: of('ActiveState'), life: of('InvocationID'), pid: of('MainPID') };
}

/** Waits until each is active, with another life than before. */
async function allUp(
  before: Readonly<Record<string, Unit>> = {},
  units: readonly string[] = UNITS,
): Promise<Record<string, Unit>> {
  const found: Record<string, Unit> = {};
  for (const unit of units)
    found[unit] = await until(
      async () => {
        const now = await look(unit);
        return now.state === 'active' && now.pid !== '0' && now.life !== before[unit]?.life ? now : undefined;
      },
      { what: `${unit} to be active`, deadlineMs: 40_000 },
    );
  return found;
}

/** Waits until the time line of a service says something. */
function told(service: string, what: RegExp): Promise<string> {
  return until(
    async () => {
      const lines = await vahti(`logs ${service} -n 50`);
      return what.test(lines) ? lines : undefined;
    },
    { what: `${service}: ${what.source}`, deadlineMs: 60_000 },
  );
}

test('it runs as from the checkout, and doctor has nothing against it', { skip: noBox }, async () => {
  fs.writeFileSync(
    path.join(box().share, 'vahti.yaml'),
    fs.readFileSync(path.join(ROOT, 'examples/quickstart/vahti.yaml'), 'utf8') + LEAK,
  );
  await sh(
    `mkdir -p ${FOLDER} /etc/systemd/system/vahti-firehose.service.d && cp ${box().share}/vahti.yaml ${FOLDER}`,
  );
  // A person's own lines: they are no business of an install.
  await sh(
    `printf '[Service]\\nWatchdogSec=3s\\n' > /etc/systemd/system/vahti-firehose.service.d/quick.conf`,
  );
  const said = await vahti('install');
  assert.match(said, /^installed; /m, said);
  await allUp();
  await told('reader', /app\.bsky/);
  assert.match(
    await sh(`${process.execPath} ${PROGRAM} down -c ${CONFIG} || true`),
    /^cannot go down: .*systemctl stop vahti\.service$/m,
  );
  assert.match(await told('leak', /for its memory/), /started/);
});

test('each process that is killed has another life within seconds; so has the daemon, and nobody else', {
  skip: noBox,
}, async () => {
  const before = await allUp();
  const daemon = await look('vahti.service');
  await sh(`kill -KILL ${UNITS.map((unit) => before[unit]?.pid).join(' ')}`);
  await allUp(before);
  const then = await allUp();
  assert.equal((await look('vahti.service')).life, daemon.life);
  await sh(`kill -KILL ${daemon.pid}`);
  await allUp({ 'vahti.service': daemon }, ['vahti.service']);
  for (const unit of UNITS) assert.equal((await look(unit)).life, then[unit]?.life, `${unit} went on`);
});

test('one that hangs gives no sign of life: systemd ends it, and Vahti says so', {
  skip: noBox,
}, async () => {
  const before = await allUp();
  await sh(`kill -STOP ${before['vahti-firehose.service']?.pid}`);
  await allUp(before, ['vahti-firehose.service']);
  await told('firehose', /watchdog/);
  assert.match(await sh('journalctl --no-pager -u vahti-firehose'), /Failed with result 'watchdog'/);
});

test('one that was stopped on purpose stays stopped until the machine boots; then all run again', {
  skip: noBox,
}, async () => {
  await vahti('stop reader');
  assert.equal((await look('vahti-reader.service')).state, 'inactive');
  await sh('systemctl restart vahti.service vahti-relay.service');
  await allUp({}, ['vahti.service', 'vahti-relay.service']);
  assert.equal((await look('vahti-reader.service')).state, 'inactive');
  await box().reboot();
  await sh('systemctl start --no-block multi-user.target');
  await allUp({}, ['vahti.service', ...UNITS]);
  // The daemon may have looked before systemd started it; it looks again within some seconds.
  await until(async () => /reader +running/.test(await vahti('status')), {
    what: 'the daemon to see the reader run',
    deadlineMs: 20_000,
  });
  assert.match(await vahti('collect verify firehose'), /(\d+) of \1 parts are whole/);
});
