import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WatchFigures } from '../../src/watch/watch-figures.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { freePort } from '../rig/needs.ts';
import { startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/** A service that beats by HTTP until SIGUSR2: it lives on, and is silent. */
const BEATING = `
  let timer = setInterval(() => fetch(process.env.VAHTI_BEAT_URL, { method: 'POST', body: 'round | done' }).catch(() => {}), 200);
  process.on('SIGUSR2', () => { clearInterval(timer); timer = setInterval(() => {}, 1000); });`;

async function watchOf(daemon: TestDaemon, service: string, watch: string): Promise<WatchFigures> {
  const { watches } = await daemon.service(service);
  const found = watches.find(({ name }) => name === watch);
  assert.ok(found, `no watch ${watch}`);
  return found;
}

async function watchIs(daemon: TestDaemon, service: string, watch: string, state: string): Promise<void> {
  await daemon.waitFor(service, `${watch} to be ${state}`, ({ watches }) =>
    watches.some((each) => each.name === watch && each.state === state),
  );
}

/** The states that a watch went over to, as the time line has them. */
async function flipsOf(daemon: TestDaemon, service: string): Promise<unknown[]> {
  const flips = await daemon.records(service, '--kind', 'flip');
  return flips.filter(({ fields }) => fields?.['subject'] === 'watch').map(({ fields }) => fields?.['to']);
}

async function statusOf(url: string, body?: string): Promise<number> {
  const init = body === undefined ? {} : { method: 'POST', body };
  const answer = await fetch(url, { ...init, headers: { connection: 'close' } });
  await answer.text();
  return answer.status;
}

test('a service that beats by HTTP and falls silent is late, then bad, and is restarted once', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'web.cjs'), BEATING);
  const port = await freePort();
  const daemon = await startDaemon(
    t,
    `beats: { listen: 127.0.0.1:${port} }
services:
  web:
    run: [${JSON.stringify(process.execPath)}, web.cjs]
    watch: { alive: { beat: 1s, grace: 700ms, every: 1h, then: [restart, page] } }
`,
    folder,
  );
  await watchIs(daemon, 'web', 'alive', 'ok');
  assert.equal((await watchOf(daemon, 'web', 'alive')).value, 'round | done');
  const { pid, life } = await daemon.service('web');
  process.kill(pid as number, 'SIGUSR2');
  await watchIs(daemon, 'web', 'alive', 'late');
  const { dueAt } = await watchOf(daemon, 'web', 'alive');
  await daemon.waitFor('web', 'to be well in another life', (service) => {
    const [alive] = service.watches;
    return service.life !== life && alive?.state === 'ok' && alive.verdict === 'ok';
  });
  assert.deepEqual(await flipsOf(daemon, 'web'), ['bad', 'ok']);
  const actions = await daemon.records('web', '--kind', 'action');
  const restarts = actions.filter(({ message }) => message.startsWith('restart '));
  assert.equal(restarts.length, 1);
  assert.match(
    restarts[0]?.message ?? '',
    /^restart by the watch alive: alive is bad: no beat came by .*Z, when/,
  );
  const delay = (restarts[0]?.time ?? 0) / 1000 - ((dueAt ?? 0) + 700);
  assert.ok(delay >= 0 && delay <= 1000, `found ${delay} ms after its deadline`);
  const known = await statusOf(`http://127.0.0.1:${port}/beat/nobody-knows-this-one`, 'x');
  assert.deepEqual([known, await statusOf(`http://127.0.0.1:${port}/`)], [404, 404]);
  const url = (await daemon.cli('beat', 'web', '--url')).stdout.trim();
  const all = await Promise.all(Array.from({ length: 80 }, () => statusOf(url)));
  assert.deepEqual(
    [...new Set(all)].sort((a, b) => a - b),
    [200, 429],
  );
  const token = url.split('/').at(-1) as string;
  assert.match(token, /^[\w-]{32}$/);
  const shown = await Promise.all([
    daemon.cli('status', '--json'),
    daemon.cli('logs'),
    daemon.cli('plan', '--json'),
  ]);
  const { stdout, stderr } = daemon.process.output();
  for (const text of [stdout, stderr, ...shown.map((ran) => ran.stdout)]) assert.ok(!text.includes(token));
});

/** A service that does nothing, with a watch of its beats and one of nightly work. */
function sleeper(run: string, then: string, listen = ''): string {
  return `${listen}services:
  sleeper:
    run: ${run}
    watch:
      alive: { beat: 1h, then: ${then} }
      nightly: { beat: { at: "30 3 * * * Europe/Helsinki", max-run: 30m } }
`;
}
const SLEEP = '[sleep, "1000"]';

test('success, failure and exit codes by the command line; what runs after -- keeps its exit code', async (t) => {
  leakCheck(t);
  const printing = `[sh, -c, 'env > seen; exec sleep 1000']`;
  const daemon = await startDaemon(t, sleeper(printing, '[page]'));
  const beat = async (...args: string[]) => {
    const { code, stdout, stderr } = await daemon.cli('beat', ...args);
    return [code, stdout, stderr];
  };
  assert.deepEqual(await beat('sleeper/alive', '--message', 'up | and well'), [0, '', '']);
  await watchIs(daemon, 'sleeper', 'alive', 'ok');
  assert.equal((await watchOf(daemon, 'sleeper', 'alive')).value, 'up | and well');
  assert.deepEqual(await beat('sleeper/alive', '--exit', '3', '--message', 'no disk\nTraceback'), [
    0,
    '',
    '',
  ]);
  await watchIs(daemon, 'sleeper', 'alive', 'bad');
  const [flip] = (await daemon.records('sleeper', '--kind', 'flip')).filter(({ level }) => level >= 17);
  assert.match(flip?.message ?? '', /^alive is bad: it exited with 3 at \d{4}-.*Z: no disk$/);
  assert.equal(flip?.fields?.['detail'], 'no disk\nTraceback');
  assert.deepEqual(await beat('sleeper/alive', '--exit', '0'), [0, '', '']);
  await watchIs(daemon, 'sleeper', 'alive', 'ok');
  assert.equal((await daemon.records('sleeper', '--kind', 'note')).length, 1, 'one page');
  const ran = await daemon.cli('beat', 'sleeper/nightly', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [7, 'out\n', 'err\n']);
  await watchIs(daemon, 'sleeper', 'nightly', 'bad');
  const nightly = await watchOf(daemon, 'sleeper', 'nightly');
  assert.match(nightly.reason ?? '', /^it exited with 7 at .*Z after \d+(ms|s|\.\ds)$/);
  const killed = await daemon.cli('beat', 'sleeper/nightly', '--', 'sh', '-c', 'kill -TERM $$');
  assert.equal(killed.code, 143);
  await beat('sleeper/nightly', '--log', '--message', 'a word');
  assert.deepEqual(
    (await daemon.records('sleeper', '--kind', 'log')).map(({ sender, message }) => [sender, message]),
    [['nightly', 'a word']],
  );
  const explained = (await daemon.cli('explain', 'sleeper')).stdout;
  assert.match(
    explained,
    /^Watch alive \(beat\) is ok since .*: it beat at .*Z; the next is due by .*Z; next look at/m,
  );
  const planned = (await daemon.cli('plan')).stdout;
  assert.match(
    planned,
    /^ +watch +alive: beat \{"within":"1h"\}, every 10s, .* fail 1, ok 1, grace 10s, then page$/m,
  );
  const seen = readFileSync(join(daemon.folder, 'seen'), 'utf8');
  assert.match(seen, /^VAHTI_BEAT=sleeper\/alive$/m);
  assert.doesNotMatch(seen, /^VAHTI_BEAT_URL/m, 'nothing listens');
  const wrong = [
    [['sleeper'], 2, 'cannot tell which watch of sleeper is meant: write sleeper/alive or sleeper/nightly\n'],
    [
      ['sleeper/alvie'],
      4,
      'cannot find a beat watch "alvie" of sleeper, did you mean "alive"? (there are alive, nightly)\n',
    ],
    [['sleepr'], 4, 'cannot find a service "sleepr", did you mean "sleeper"? (there are sleeper)\n'],
    [
      ['sleeper/alive', '--url'],
      1,
      'cannot show an address for sleeper/alive: nothing listens for beats; write beats: { listen: 127.0.0.1:7081 } into the config, and reload\n',
    ],
    [['sleeper/alive', 'ls'], 2, 'cannot run ls like this: write the command after --\n'],
    [[], 2, 'cannot beat for nobody: name SERVICE or SERVICE/WATCH\n'],
  ] as const;
  const heard = await Promise.all(wrong.map(([args]) => beat(...args)));
  assert.deepEqual(
    heard,
    wrong.map(([, code, says]) => [code, '', says]),
  );
});

test('a deadline outlives a daemon that is killed, reloads and new lives; without a daemon a beat says so', async (t) => {
  leakCheck(t);
  const port = await freePort();
  const listen = `beats: { listen: 127.0.0.1:${port} }\n`;
  const first = await startDaemon(t, sleeper(SLEEP, 'note', listen));
  const url = (await first.cli('beat', 'sleeper/alive', '--url')).stdout.trim();
  assert.equal(await statusOf(url, 'first'), 200);
  await watchIs(first, 'sleeper', 'alive', 'ok');
  const { dueAt } = await watchOf(first, 'sleeper', 'alive');
  assert.ok(dueAt !== null);
  const { life } = await first.service('sleeper');
  first.process.kill('SIGKILL');
  await within(first.process.ended, { what: 'the daemon to be killed' });
  const down = await first.cli('beat', 'sleeper/alive');
  assert.deepEqual(
    [down.code, down.stderr],
    [3, 'cannot reach the daemon: it is not running; `vahti up` starts it\n'],
  );
  await assert.rejects(statusOf(url));
  const done = join(first.folder, 'done');
  const job = await first.cli('beat', 'sleeper/nightly', '--', 'sh', '-c', 'touch done; exit 5');
  assert.deepEqual([job.code, existsSync(done)], [5, true], 'the work comes first');
  assert.match(
    job.stderr,
    /the command runs all the same\n[^]*it was not told that the command exited with 5\n$/,
  );
  const second = await startDaemon(t, sleeper(SLEEP, 'note', listen), first.folder);
  const same = async (what: string): Promise<void> => {
    const due = () => watchOf(second, 'sleeper', 'alive').then((watch) => watch.dueAt);
    await until(async () => (await due()) !== null, { what: `a look after ${what}` });
    assert.equal(await due(), dueAt, what);
  };
  await same('a daemon that was killed');
  const after = await second.service('sleeper');
  assert.notEqual(after.life, life);
  assert.equal((await watchOf(second, 'sleeper', 'alive')).state, 'ok');
  writeFileSync(join(second.folder, 'vahti.yaml'), sleeper(SLEEP, '[note, page]', listen));
  assert.match((await second.cli('reload')).stdout, /update +sleeper/);
  await same('a reload of the watch');
  writeFileSync(join(second.folder, 'vahti.yaml'), sleeper('[sleep, "2000"]', 'page', listen));
  assert.match((await second.cli('reload')).stdout, /restart +sleeper/);
  await same('a reload of the service');
  assert.equal((await second.cli('restart', 'sleeper')).code, 0);
  await same('another life');
  assert.equal((await second.cli('beat', 'sleeper/alive', '--url')).stdout.trim(), url, 'the same address');
  assert.equal(await statusOf(url), 200);
  await second.waitFor('sleeper', 'to have beaten', ({ watches }) => (watches[0]?.dueAt ?? 0) > dueAt);
  writeFileSync(join(second.folder, 'vahti.yaml'), sleeper('[sleep, "2000"]', 'page'));
  assert.equal((await second.cli('reload')).code, 0);
  await assert.rejects(statusOf(url), 'nothing listens any more');
});
