import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../rig/needs.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** Looks as quickly as tests want it. */
const QUICK = 'every: 60ms, timeout: 300ms, grace: 0s';

/** A server that says a line, and answers until SIGUSR2 makes it deaf: it lives on, and takes connections. */
function server(port: number): string {
  return `
    const server = require('node:http').createServer((_, answer) => { if (!deaf) answer.end('fine'); });
    let deaf = false;
    process.on('SIGUSR2', () => { console.log('deaf from now on'); deaf = true; });
    server.listen(${port}, '127.0.0.1', () => console.log('open'));`;
}

/** A service that runs this program of Node. */
function program(folder: string, name: string, script: string): string {
  writeFileSync(join(folder, `${name}.cjs`), script);
  return `run: [${JSON.stringify(process.execPath)}, ${name}.cjs]`;
}

async function watchIs(daemon: TestDaemon, service: string, watch: string, state: string): Promise<void> {
  await daemon.waitFor(service, `${watch} to be ${state}`, ({ watches }) =>
    watches.some((each) => each.name === watch && each.state === state),
  );
}

/** What the time line says was done to a service, or found by its watches. */
async function told(daemon: TestDaemon, service: string, kind: string): Promise<string[]> {
  const records = await daemon.records(service, '--kind', kind);
  return records
    .filter(({ fields }) => kind !== 'flip' || fields?.['subject'] === 'watch')
    .map(({ message }) => message);
}

test('a service that hangs is restarted once: the flips, the reason, the evidence and its last lines are kept, and explained', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const port = await freePort();
  const daemon = await startDaemon(
    t,
    `services:
  web:
    ${program(folder, 'web', server(port))}
    ready: { line: open }
    watch:
      alive: { http: "http://127.0.0.1:${port}/", ${QUICK}, fail: 2, then: [restart, page] }
`,
    folder,
  );
  await watchIs(daemon, 'web', 'alive', 'ok');
  const { pid, life } = await daemon.service('web');
  process.kill(pid as number, 'SIGUSR2');
  const after = await daemon.waitFor('web', 'to be well in another life', (service) => {
    const [alive] = service.watches;
    return service.life !== life && alive?.state === 'ok' && alive.verdict === 'ok';
  });
  assert.equal(after.watchRestarts.length, 1);
  const flips = await told(daemon, 'web', 'flip');
  assert.equal(flips.length, 2, flips.join('\n'));
  assert.match(flips[0] ?? '', /^alive is bad: no answer of http:.* within /);
  assert.match(flips[1] ?? '', /^alive is ok: /);
  const actions = await daemon.records('web', '--kind', 'action');
  const [restart, aftermath, ...more] = actions.filter(({ fields }) => fields?.['watch'] === 'alive');
  assert.deepEqual(more, []);
  assert.match(
    aftermath?.message ?? '',
    /^after the restart by the watch alive: ready after .*, alive is ok again after /,
  );
  assert.deepEqual([aftermath?.life, aftermath?.fields?.['outcome']], [after.life, 'ok']);
  assert.match(restart?.message ?? '', /^restart by the watch alive: alive is bad: no answer/);
  assert.deepEqual(restart?.fields?.['tail'], ['open', 'deaf from now on']);
  assert.deepEqual((restart?.fields?.['evidence'] as { looks: unknown } | undefined)?.looks, ['bad', 'bad']);
  assert.equal(restart?.life, life);
  const explained = await daemon.cli('explain', 'web');
  assert.match(explained.stdout, /^Watch alive \(http\) is ok since .*Z .*; next look at \d{4}-.*Z\.$/m);
  assert.match(
    explained.stdout,
    /^Its watches have used 1 of 3 restarts within an hour; one comes back at .*Z\.$/m,
  );
  assert.match(
    (await daemon.cli('plan')).stdout,
    /^ +watch +alive: http .*, every 60ms, .* then restart, page$/m,
  );
});

test('what was stopped on purpose is not revived; what is quiet but healthy is left alone', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const port = await freePort();
  // What does not run refuses at once; what runs may take its time on a machine that is busy.
  const patient = QUICK.replace('300ms', '5s');
  const watch = `{ http: "http://127.0.0.1:${port}/", ${patient}, fail: 1, then: [restart] }`;
  const daemon = await startDaemon(
    t,
    `services:
  web:
    ${program(folder, 'web', server(port))}
    ready: { line: open }
    watch: { alive: ${watch} }
  quiet:
    run: [sleep, "1000"]
    boot: false
    watch: { alive: ${watch}, runs: { command: [sh, -c, 'echo fine'], ${patient} } }
  idle:
    run: [sleep, "1000"]
    watch:
      work: { progress: { input: incoming/*, output: done/*, within: 1s }, ${patient}, fail: 1, then: [restart] }
      runs: { command: [sh, -c, 'echo fine'], ${patient}, fail: 1, then: [restart] }
`,
    folder,
  );
  await watchIs(daemon, 'web', 'alive', 'ok');
  assert.equal((await daemon.cli('start', 'quiet')).code, 0);
  await watchIs(daemon, 'quiet', 'alive', 'ok');
  await watchIs(daemon, 'quiet', 'runs', 'ok');
  const quiet = await daemon.service('quiet');
  assert.equal((await daemon.cli('stop', 'web')).code, 0);
  // The watch of the other service sees that nothing answers any more, and acts; that of the stopped one does nothing.
  await daemon.waitFor('quiet', 'to be restarted', ({ life }) => life !== quiet.life);
  assert.deepEqual(await told(daemon, 'quiet', 'exit').then((exits) => exits.length), 1);
  const idle = await daemon.service('idle');
  assert.deepEqual(
    [idle.startsInWindow, idle.watchRestarts, idle.watches.map(({ state }) => state)],
    [1, [], ['ok', 'ok']],
    'quiet but healthy',
  );
  assert.deepEqual(await told(daemon, 'idle', 'flip'), []);
  const stopped = await daemon.service('web');
  assert.deepEqual([stopped.state, stopped.wanted, stopped.watches[0]?.nextLookAt], ['stopped', false, null]);
  assert.match(
    (await daemon.cli('explain', 'web')).stdout,
    /^Watch alive .*; it does not look while the service is stopped\.$/m,
  );
  assert.deepEqual(await told(daemon, 'web', 'flip'), []);
});

test('a ladder goes on to its command where nothing else helps, with any character in the data', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'state'), 'all | is "well" $(x)\n');
  const daemon = await startDaemon(
    t,
    `services:
  sleeper:
    run: [sleep, "1000"]
    watch:
      says:
        command: [sh, -c, 'cat state; grep -q well state']
        every: 60ms
        grace: 0s
        fail: 2/3
        then: [note, { run: [sh, -c, 'echo "all | is well" > state'] }, page]
`,
    folder,
  );
  await watchIs(daemon, 'sleeper', 'says', 'ok');
  const before = await daemon.service('sleeper');
  assert.equal(before.watches[0]?.value, 'all | is "well" $(x)');
  writeFileSync(join(folder, 'state'), 'a | b `c` \\d\n');
  await until(async () => (await told(daemon, 'sleeper', 'flip')).length === 2, { what: 'the recovery' });
  const [bad, ok] = await told(daemon, 'sleeper', 'flip');
  assert.match(bad ?? '', /^says is bad: .*a \| b `c` \\d/);
  assert.match(ok ?? '', /^says is ok: /);
  assert.deepEqual((await told(daemon, 'sleeper', 'note')).length, 1);
  const ran = (await told(daemon, 'sleeper', 'action')).filter((message) => message.startsWith('ran '));
  assert.equal(ran.length, 1);
  assert.match(ran[0] ?? '', /: exited with code 0 \(/);
  assert.equal((await daemon.service('sleeper')).life, before.life);
});

test('a restart of the daemon goes on with state and budget; a changed watch is taken over while the service runs on', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const config = (options: string): string => `services:
  sleeper:
    run: [sleep, "1000"]
    watch: { says: { command: [test, -e, good], ${QUICK}, fail: 1, ${options} } }
`;
  const first = await startDaemon(t, config('then: [restart]'), folder);
  const restarted = await first.waitFor(
    'sleeper',
    'to be restarted',
    ({ watchRestarts }) => watchRestarts.length === 1,
  );
  const [says] = restarted.watches;
  assert.equal(says?.state, 'bad');
  await first.stop();
  const second = await startDaemon(t, config('then: [restart]'), folder);
  const known = await second.service('sleeper');
  assert.deepEqual([known.watches[0]?.state, known.watches[0]?.since], ['bad', says?.since]);
  assert.deepEqual(known.watchRestarts, restarted.watchRestarts);
  await second.waitFor('sleeper', 'to have been looked at', ({ watches }) => watches[0]?.verdict === 'bad');
  assert.match((await second.cli('status')).stdout, /^sleeper +running .* says is bad: /m);
  assert.match(
    (await second.cli('explain', 'sleeper')).stdout,
    /^Watch says \(command\) is bad since .*; if it goes on so, restart at .*Z\.$/m,
  );
  assert.match(
    (await second.cli('explain', 'sleeper')).stdout,
    /^Next: restart at .*Z, unless says is well by then\.$/m,
  );
  const { life } = await second.service('sleeper');
  writeFileSync(join(folder, 'vahti.yaml'), config('ok: 1'));
  assert.match((await second.cli('reload')).stdout, /update +sleeper/);
  appendFileSync(join(folder, 'good'), '');
  await watchIs(second, 'sleeper', 'says', 'ok');
  assert.equal((await second.service('sleeper')).life, life);
});
