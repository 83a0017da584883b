import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type BoxedDaemon, scriptUnit as unit, startBoxedDaemon, told } from '../rig/boxed-daemon.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { boxOfFile, noBox } from '../rig/systemd-box.ts';
import { startDaemon, vahti } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** Services that are units of a real systemd, which Vahti only follows: what is seen of them, and what is wrong with them. */

const box = boxOfFile();
const inBox = { skip: noBox };
const QUICK = 'every: 60ms, timeout: 2s, grace: 0s';

let folders = 0;
async function daemonOf(t: TestContext, services: string): Promise<BoxedDaemon> {
  leakCheck(t);
  return startBoxedDaemon(t, box(), `services:\n${services}`, join(box().share, `d${folders++}`));
}

test('what is wrong with a unit is named: failures, limits, what cannot be started', inBox, async (t) => {
  await box().units({
    'fails.service': unit('echo dying; exit 3'),
    'loops.service': unit('exit 4', 'Restart=always', 'RestartSec=10ms'),
    'noexec.service': '[Service]\nExecStart=/no/such/program\n',
    'dog.service': unit(
      'systemd-notify --ready; exec sleep 1000',
      'Type=notify',
      'NotifyAccess=all',
      'WatchdogSec=200ms',
    ),
    'slow.service': unit('exec sleep 1000', 'Type=notify', 'TimeoutStartSec=200ms'),
    'before.service': unit('exec sleep 1000', 'ExecStartPre=/bin/false'),
    'segv.service': unit('kill -SEGV $$$$'),
  });
  const names = ['fails', 'loops', 'noexec', 'dog', 'slow', 'before', 'segv'];
  const daemon = await daemonOf(
    t,
    [...names, 'missing'].map((name) => `  ${name}: { unit: ${name}.service }\n`).join(''),
  );
  await daemon.waitFor('fails', 'to be known', ({ unit: seen }) => seen?.facts !== null);
  await box().run('systemctl', 'start', '--no-block', ...names);
  const failures: Record<string, unknown> = {};
  for (const name of names) {
    await until(async () => (await told(daemon, name, 'flip')).length > 0, { what: `${name} to be told of` });
    const { lastExit, unit: seen } = await daemon.waitFor(
      name,
      'to have failed',
      ({ state, lastExit: last }) => state === 'failed' && last !== null,
    );
    failures[name] = [lastExit?.text.replace(/[\d.]+m?s/g, 'N'), seen?.failure?.split(':')[0]];
  }
  assert.deepEqual(failures, {
    fails: ['exited with code 3 after N', 'failed (exit-code)'],
    loops: ['exited with code 4 after N', 'failed (start-limit-hit)'],
    noexec: [
      'cannot be started: its program is not there or cannot be executed (203/EXEC)',
      'failed (exit-code)',
    ],
    dog: [
      "killed by systemd's watchdog after N: no sign of life within N (WatchdogSec)",
      'failed (watchdog)',
    ],
    slow: ['ended by systemd after N: it was not up in time (TimeoutStartSec)', 'failed (timeout)'],
    before: ['ExecStartPre exited with code 1', 'failed (exit-code)'],
    segv: ['ended by SIGSEGV after N', 'failed (signal)'],
  });
  const [exit] = await daemon.records('fails', 'exit');
  assert.deepEqual(exit?.fields?.['tail'], ['dying']);
  assert.equal((await told(daemon, 'loops', 'exit')).length, 5, 'each of its lives');
  assert.equal((await told(daemon, 'loops', 'start')).length, 5);
  assert.deepEqual(await told(daemon, 'loops', 'flip'), [
    'failed (start-limit-hit): systemd does not start it again, it has used up its start limit, 5 starts within 10s',
  ]);
  assert.deepEqual(await told(daemon, 'missing', 'flip'), ['missing: there is no unit missing.service']);
  // A person's start is always allowed, also where systemd has given up.
  await box().units({ 'loops.service': unit('exec sleep 1000') });
  assert.match(await daemon.cli('start', 'loops'), /^loops started \(pid \d+\)$/m);
  await assert.rejects(
    daemon.cli('start', 'missing'),
    /missing cannot start missing\.service: Unit missing\.service not found/,
  );
  await assert.rejects(
    daemon.cli('enable', 'loops'),
    /is started with the machine by systemd; write systemctl enable loops\.service/,
  );
  assert.match(
    await daemon.cli('status'),
    /^missing +failed .* missing: there is no unit missing\.service$/m,
  );
});

test(
  'the watches on memory and processors see all processes of a unit, in whatever group they are',
  inBox,
  async (t) => {
    const eater = `${process.execPath} -e "const a = Buffer.alloc(150e6, 1); setInterval(() => a.fill(2), 1)"`;
    await box().units({ 'family.service': unit(`setsid ${eater} & exec sleep 1000`) });
    await box().run('systemctl', 'start', 'family');
    const daemon = await daemonOf(
      t,
      `  family:
    unit: family.service
    watch: { memory: { max: 100M, ${QUICK} }, cpu: { max: 10%, every: 300ms, grace: 0s } }
`,
    );
    const seen = await daemon.waitFor('family', 'to be seen', ({ watches }) =>
      watches.every(({ state }) => state === 'bad'),
    );
    assert.match(seen.watches[0]?.reason ?? '', /^its processes take 1[5-9]\dM, 100M at most$/);
  },
);

test('without systemd a unit says so, and all else goes on', {
  skip: existsSync('/run/systemd/system') && 'systemd runs here',
}, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const daemon = await startDaemon(
    t,
    `services:
  unit: { unit: some.service }
  sleeper:
    run: [sleep, "1000"]
    watch: { db: { unit: postgresql.service, ${QUICK}, fail: 1 }, fine: { command: [echo, fine], ${QUICK} } }
`,
    folder,
  );
  const trouble = 'cannot ask systemd: systemd does not run here';
  await daemon.waitFor('unit', 'to say so', (service) => service.unit?.trouble === trouble);
  const { watches } = await daemon.waitFor('sleeper', 'to be looked at', (service) =>
    service.watches.every(({ verdict }) => verdict !== null),
  );
  assert.deepEqual(
    watches.map(({ verdict }) => verdict),
    ['unknown', 'ok'],
  );
  assert.equal(watches[0]?.reason, trouble);
  const started = await daemon.cli('start', 'unit');
  assert.deepEqual(
    [started.code, started.stdout],
    [1, 'unit cannot start some.service: systemd does not run here\n'],
  );
  assert.match((await daemon.cli('explain', 'unit')).stdout, /^What follows may be old: cannot ask systemd/m);
  assert.match(
    (await vahti(t, ['check'], folder)).stderr,
    /warning.*cannot see whether there is a unit some\.service/,
  );
  assert.equal(
    (await daemon.records('unit', '--kind', 'note')).length,
    2,
    'once, and the start that was refused',
  );
});
