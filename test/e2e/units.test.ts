import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type BoxedDaemon, scriptUnit as unit, startBoxedDaemon, told } from '../rig/boxed-daemon.ts';
import { leakCheck } from '../rig/leaks.ts';
import { boxOfFile, noBox } from '../rig/systemd-box.ts';
import { until } from '../rig/wait.ts';

/** Services that are units of a real systemd, which Vahti only follows: what is done about them, and what outlives a daemon. */

const box = boxOfFile();
const inBox = { skip: noBox };
const QUICK = 'every: 60ms, timeout: 2s, grace: 0s';

let folders = 0;
async function daemonOf(t: TestContext, services: string): Promise<BoxedDaemon> {
  leakCheck(t);
  return startBoxedDaemon(t, box(), `services:\n${services}`, join(box().share, `d${folders++}`));
}

test(
  'a unit that hangs is restarted once by the watch on its log; the reason, its last lines and what came of it are kept',
  inBox,
  async (t) => {
    await box().units({
      'hung.service': unit('echo working; echo "<4>almost there"; exec sleep 1000'),
      'quiet.service': unit('exec sleep 1000'),
    });
    await box().run('systemctl', 'start', 'hung', 'quiet');
    const daemon = await daemonOf(
      t,
      `  hung:
    unit: hung
    restart: { watches: { cool: 1h } }
    watch: { alive: { log: { within: 700ms }, ${QUICK}, fail: 2, then: [restart, page] } }
  quiet:
    unit: quiet.service
    watch:
      memory: { max: 1G, ${QUICK}, then: restart }
      friend: { unit: systemd-journald.service, ${QUICK}, fail: 1, then: restart }
`,
    );
    const first = await daemon.waitFor('hung', 'to run', ({ state }) => state === 'running');
    const restarted = await daemon.waitFor(
      'hung',
      'to have another life',
      ({ life }) => life !== null && life !== first.life,
    );
    assert.equal(restarted.watchRestarts.length, 1);
    await until(async () => (await told(daemon, 'hung', 'exit')).length === 1, {
      what: 'the end of the first life',
    });
    assert.match((await told(daemon, 'hung', 'exit'))[0] ?? '', /^ended after .*, as asked$/);
    const actions = await daemon.records('hung', 'action');
    const [restart] = actions;
    assert.match(restart?.message ?? '', /^restart by the watch alive: alive is late: /);
    // Its own words alone: whatever systemd says of it comes at any moment.
    assert.deepEqual([restart?.life, restart?.fields?.['tail']], [first.life, ['working', 'almost there']]);
    assert.ok(!actions.some(({ message }) => message.includes('not by vahti')), 'it knows its own doing');
    const lines = (await daemon.records('hung', 'log')).filter(
      ({ life, sender }) => life === first.life && sender === 'stdout',
    );
    assert.deepEqual(
      lines.map(({ message, level }) => [message, level]),
      [
        ['working', 9],
        ['almost there', 13],
      ],
    );
    const quiet = await daemon.waitFor('quiet', 'to be well', ({ watches }) =>
      watches.every(({ state }) => state === 'ok'),
    );
    const property = async (name: string): Promise<string> =>
      (await box().run('systemctl', 'show', '-P', name, 'quiet')).trim();
    const shown = [await property('InvocationID'), await property('MainPID')];
    assert.deepEqual([quiet.life, String(quiet.pid)], shown);
    assert.deepEqual([quiet.startsInWindow, quiet.watchRestarts], [1, []], 'quiet but healthy');
    assert.match(
      await daemon.cli('explain', 'hung'),
      /^It is the unit hung\.service, active \(running\), which systemd runs; /m,
    );
  },
);

test('a unit that was stopped on purpose is never revived, by whomever it was stopped', inBox, async (t) => {
  await box().units({
    'web.service': `[Unit]\nStartLimitIntervalSec=0\n${unit('exec sleep 1000', 'Restart=always')}`,
    'clock.service': unit('exec sleep 1000'),
    'behind.service': `[Unit]\nAfter=web.service\n${unit('exec sleep 1000', 'ExecStop=/bin/sleep 1')}`,
  });
  await box().run('systemctl', 'start', 'web', 'clock', 'behind');
  const watch = `{ command: [test, -e, good], ${QUICK}, fail: 1, then: [restart] }`;
  const daemon = await daemonOf(
    t,
    `  web: { unit: web, restart: { watches: { cool: 0s, most: 100 } }, watch: { bad: ${watch} } }
  clock: { unit: clock, watch: { tick: { command: ["true"], ${QUICK} } } }
`,
  );
  fs.writeFileSync(join(daemon.folder, 'good'), '');
  await daemon.waitFor('web', 'to be well', ({ watches }) => watches[0]?.state === 'ok');
  // Whatever the watch does meanwhile: it looks and restarts as quickly as it can. The stop of one waits for that of the other.
  const stops = [() => box().run('systemctl', 'stop', 'behind', 'web'), () => daemon.cli('stop', 'web')];
  for (const stop of stops) {
    fs.rmSync(join(daemon.folder, 'good'));
    const { life } = await daemon.service('web');
    await daemon.waitFor(
      'web',
      'to be restarted',
      (service) => service.life !== null && service.life !== life,
    );
    await stop();
    const stoppedAt = Date.now() * 1000;
    const stopped = await daemon.waitFor(
      'web',
      'to be stopped',
      ({ state, wanted }) => state === 'stopped' && !wanted,
    );
    assert.equal(stopped.watches[0]?.nextLookAt, null);
    // Systemd would have started it long ago, and so would a watch.
    const from = Date.now() + 1000;
    await daemon.waitFor('clock', 'to be looked at', ({ watches }) => (watches[0]?.lookedAt ?? 0) > from);
    assert.equal((await box().run('systemctl', 'show', '-P', 'ActiveState', 'web')).trim(), 'inactive');
    const later = (await daemon.records('web', 'start')).filter(({ time }) => time > stoppedAt);
    assert.deepEqual(later, []);
    fs.writeFileSync(join(daemon.folder, 'good'), '');
    assert.match(await daemon.cli('start', 'web'), /^web started \(pid \d+\)$/m);
    await daemon.waitFor('web', 'to run', ({ state, wanted }) => state === 'running' && wanted);
  }
  const actions = await told(daemon, 'web', 'action');
  assert.deepEqual(
    actions.filter((message) => /^(?:stop|start) /.test(message)),
    ['stop through systemd, not by vahti', 'start by a person', 'stop by a person', 'start by a person'],
  );
});

test(
  'a daemon that was killed goes on in the journal: nothing twice, nothing missing, the same life; the unit runs on',
  inBox,
  async (t) => {
    const ticks = 'n=0; while :; do n=$((n+1)); echo tick $n; sleep 0.02; done';
    await box().units({ 'ticks.service': unit(ticks), 'gone.service': unit('exec sleep 1000') });
    await box().run('systemctl', 'start', 'ticks', 'gone');
    const services = '  ticks: { unit: ticks.service }\n  gone: { unit: gone }\n';
    let daemon = await daemonOf(t, services);
    const { folder } = daemon;
    const first = await daemon.waitFor('ticks', 'to run', ({ state }) => state === 'running');
    const known = (): number =>
      fs.existsSync(first.log) ? fs.readFileSync(first.log, 'utf8').split('\n').length : 0;
    for (const round of [1, 2]) {
      const sofar = known();
      await until(() => known() > sofar + 20 * round, { what: 'more lines' });
      await daemon.kill();
      // What nobody follows is in the journal all the same.
      if (round === 2) await box().run('systemctl', 'stop', 'gone');
      daemon = await startBoxedDaemon(t, box(), `services:\n${services}`, folder);
      const again = await daemon.waitFor('ticks', 'to run', ({ state }) => state === 'running');
      assert.deepEqual([again.life, again.pid, again.startedAt], [first.life, first.pid, first.startedAt]);
    }
    const sofar = known();
    await until(() => known() > sofar + 20, { what: 'more lines' });
    await box().run('systemctl', 'stop', 'ticks');
    await daemon.waitFor('ticks', 'to be stopped', ({ state }) => state === 'stopped');
    await until(async () => (await told(daemon, 'ticks', 'exit')).length === 1, { what: 'its end' });
    const numbers = (lines: readonly string[]): number[] =>
      lines.flatMap((line) => /tick (\d+)$/.exec(line)?.[1] ?? []).map(Number);
    const all = numbers(fs.readFileSync(first.log, 'utf8').split('\n'));
    const from = all[0] ?? 0;
    assert.deepEqual(
      all,
      Array.from(all, (_, index) => from + index),
      'the captured log',
    );
    const records = numbers(await told(daemon, 'ticks', 'log'));
    assert.deepEqual(
      records,
      records.map((_, index) => (records[0] ?? 0) + index),
      'the time line',
    );
    assert.equal(records.at(-1), all.at(-1));
    assert.equal((await told(daemon, 'ticks', 'start')).length, 1);
    const gone = await daemon.service('gone');
    assert.deepEqual([gone.state, gone.wanted], ['stopped', false]);
    assert.deepEqual((await told(daemon, 'gone', 'exit')).length, 1);
    assert.deepEqual(await told(daemon, 'gone', 'action'), ['stop through systemd, not by vahti']);
  },
);
