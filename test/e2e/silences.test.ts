import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StoredRecord } from '../../src/core/record.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

const ME = userInfo().username;

/** A watch that fails as long as a file is there, and looks as quickly as tests want it. */
function watch(file: string, more: string): string {
  return `{ command: [test, "!", -e, ${file}], every: 60ms, timeout: 2s, ${more} }`;
}

function isThere(folder: string, file: string): void {
  writeFileSync(join(folder, file), '');
}

async function waitForWatch(daemon: TestDaemon, service: string, state: string): Promise<void> {
  await daemon.waitFor(service, `alive to be ${state}`, ({ watches }) => watches[0]?.state === state);
}

/** Waits for so many looks at a service from now on. */
async function looks(daemon: TestDaemon, service: string, count: number): Promise<void> {
  for (let look = 0; look < count; look++) {
    const at = (await daemon.service(service)).watches[0]?.lookedAt ?? 0;
    await daemon.waitFor(service, 'to be looked at', ({ watches }) => (watches[0]?.lookedAt ?? 0) > at);
  }
}

async function ofWatch(daemon: TestDaemon, service: string, kind: string): Promise<StoredRecord[]> {
  const records = await daemon.records(service, '--kind', kind);
  return records.filter(({ fields }) => fields?.['subject'] === 'watch' || fields?.['watch'] === 'alive');
}

test('a snooze keeps a failing service from being restarted, over a restart of the daemon too; when it ends it is restarted once', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const config = `services:
  web:
    run: [sh, -c, "if [ -e heal ]; then rm -f broken; fi; exec sleep 1000"]
    restart: { watches: { most: 5, per: 2h, cool: 0s } }
    watch: { alive: ${watch('broken', 'fail: 2, grace: 0s, then: [note, restart, page]')} }
`;
  const first = await startDaemon(t, config, folder);
  await waitForWatch(first, 'web', 'ok');
  const snoozed = await first.cli('snooze', 'web', '1h', '--why', 'a switch is replaced');
  assert.match(snoozed.stdout, /^web is snoozed until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(1h\)\n$/);
  isThere(folder, 'broken');
  await waitForWatch(first, 'web', 'bad');
  await first.stop();

  const second = await startDaemon(t, config, folder);
  await looks(second, 'web', 4);
  const { life, silences, watches } = await second.service('web');
  assert.deepEqual(
    silences.map(({ by, who, why, watch: of }) => [by, who, why, of]),
    [['snooze', ME, 'a switch is replaced', null]],
  );
  assert.deepEqual([watches[0]?.state, watches[0]?.nextAction?.what], ['bad', 'note']);
  assert.deepEqual(await ofWatch(second, 'web', 'action'), []);
  assert.deepEqual(await ofWatch(second, 'web', 'note'), []);
  const [said, explained, next, list] = await Promise.all([
    second.cli('status', 'web'),
    second.cli('explain', 'web'),
    second.cli('next'),
    second.cli('snooze', '--list'),
  ]);
  assert.match(said.stdout, new RegExp(`alive is bad: .*; snoozed for 59m.* by ${ME}: a switch is replaced`));
  assert.match(
    explained.stdout,
    /^.* snoozed it until .*Z \(in 59m.*\): a switch is replaced\. Its watches go on/m,
  );
  assert.match(explained.stdout, /^Its watches have used 0 of 5 restarts within 2h\.$/m);
  assert.match(next.stdout, /^WHEN \(.*\) +IN +SERVICE +WHAT$/m);
  assert.match(next.stdout, /^\d.* now|ms +web\/alive +look at alive, which is bad$/m);
  assert.match(next.stdout, /^\d.* 59m\S+ +web +end of the snooze by .*: a switch is replaced$/m);
  assert.match(next.stdout, /^\d.* web\/alive +note, unless alive is well by then$/m);
  assert.match(list.stdout, /^web +\d.* +snoozed by .*: a switch is replaced$/m);

  isThere(folder, 'heal');
  const ended = await second.cli('snooze', 'web', '--end', '--why', 'done');
  assert.equal(ended.stdout, 'web is not snoozed any more\n');
  await second.waitFor(
    'web',
    'to be well in another life',
    (now) => now.life !== life && now.watches[0]?.state === 'ok',
  );
  await looks(second, 'web', 3);
  const [restart, aftermath, ...more] = await ofWatch(second, 'web', 'action');
  assert.match(restart?.message ?? '', /^restart by the watch alive: alive is bad/);
  assert.match(
    aftermath?.message ?? '',
    /^after the restart by the watch alive: running after .*, alive is ok again/,
  );
  assert.deepEqual(more, []);
  const flips = await ofWatch(second, 'web', 'flip');
  const held = flips.map(({ fields }) => [
    fields?.['to'],
    (fields?.['held'] as { by: string } | undefined)?.by,
  ]);
  assert.deepEqual(held, [
    ['bad', 'snooze'],
    ['ok', undefined],
  ]);
  const actions = await second.records('web', '--kind', 'action', '--text', 'snooze');
  assert.deepEqual(
    actions.map(({ message }) => message.replace(/\d{4}-.*Z/, 'TIME')),
    [`snooze by ${ME} until TIME: a switch is replaced`, `snooze ended by ${ME}: done`],
  );
});

test('an ack mutes what is said, and clears itself on recovery, of a watch and of the lanes of a service', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const steps = '[{ run: [touch, first] }, { run: [touch, second] }, page]';
  const daemon = await startDaemon(
    t,
    `services:
  web:
    run: [sleep, "1000"]
    watch: { alive: ${watch('broken', `fail: 1, ok: 1, grace: 0s, then: ${steps}`)} }
    restart: { watches: { cool: 2s } }
  loops:
    run: [sh, -c, "test -e mended && exec sleep 1000"]
    restart: { fast: 0, backoff: 30s..30s }
`,
    folder,
  );
  await waitForWatch(daemon, 'web', 'ok');
  isThere(folder, 'broken');
  await waitForWatch(daemon, 'web', 'bad');
  const said = await daemon.client.call('ack', { names: ['web'], who: 'ann', why: 'I know' });
  assert.deepEqual(said.ok && said.value.map(({ name }) => name), ['web/alive']);
  await daemon.waitFor('loops', 'to back off', ({ lane }) => lane === 'backoff');
  const loops = await daemon.cli('ack', 'loops');
  assert.deepEqual([loops.code, loops.stdout], [0, 'loops is acknowledged until it is well again\n']);
  const [status, explained] = await Promise.all([daemon.cli('status'), daemon.cli('explain', 'web')]);
  assert.match(status.stdout, new RegExp(`^loops .*${ME} knows`, 'm'));
  assert.match(
    explained.stdout,
    /^ann knows of alive: I know\. Nobody is told of it any more until it is well/m,
  );
  await until(() => existsSync(join(folder, 'second')), { what: 'the second command' });
  await looks(daemon, 'web', 2);
  rmSync(join(folder, 'broken'));
  isThere(folder, 'mended');
  await daemon.waitFor('web', 'to need no ack any more', ({ silences }) => silences.length === 0);
  assert.deepEqual(await ofWatch(daemon, 'web', 'note'), [], 'the page was muted');
  assert.equal((await daemon.service('loops')).silences.length, 1, 'the back-off lane is not over yet');
  await daemon.client.call('restart', { names: ['loops'], reason: '' });
  await daemon.waitFor('loops', 'to need no ack any more', ({ silences }) => silences.length === 0);
  for (const [name, of, by] of [
    ['web', 'ack of alive by ann', ': I know'],
    ['loops', `ack by ${ME}`, ''],
  ] as const) {
    const records = await daemon.records(name, '--kind', 'action', '--text', 'ack');
    assert.deepEqual(
      records.map(({ message }) => message),
      [`${of}${by}`, `${of} is over`],
    );
  }
  const well = await daemon.cli('ack', 'web');
  assert.deepEqual([well.code, well.stdout], [1, 'web is well: there is nothing to acknowledge\n']);
});

test('a service is not restarted while its database hangs; after that it has its grace, and is restarted where it still fails', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const daemon = await startDaemon(
    t,
    `services:
  db:
    run: [sleep, "1000"]
    watch: { alive: ${watch('db-hangs', 'fail: 1, ok: 1, grace: 0s')} }
  api:
    run: [sleep, "1000"]
    needs: [db]
  web:
    run: [sleep, "1000"]
    needs: [api]
    watch: { alive: ${watch('web-hangs', 'fail: 3, grace: 500ms, then: [restart]')} }
`,
    folder,
  );
  await waitForWatch(daemon, 'db', 'ok');
  await waitForWatch(daemon, 'web', 'ok');
  const { life } = await daemon.service('web');
  isThere(folder, 'db-hangs');
  await waitForWatch(daemon, 'db', 'bad');
  isThere(folder, 'web-hangs');
  await waitForWatch(daemon, 'web', 'bad');
  await looks(daemon, 'web', 5);
  const held = await daemon.service('web');
  assert.deepEqual([held.life, held.watches[0]?.silence?.why], [life, 'db: alive is bad']);
  const explained = await daemon.cli('explain', 'web');
  assert.match(
    explained.stdout,
    /^Something that it needs is in trouble: db: alive is bad\. Its watches do nothing/m,
  );
  assert.match(
    explained.stdout,
    /^Next: nothing by its watches, as long as this lasts: db: alive is bad\.$/m,
  );
  rmSync(join(folder, 'db-hangs'));
  await daemon.waitFor('web', 'to be restarted', (service) => service.life !== life);
  const [well] = (await ofWatch(daemon, 'db', 'flip')).slice(-1);
  const [restart] = await ofWatch(daemon, 'web', 'action');
  assert.equal(well?.fields?.['to'], 'ok');
  assert.ok((restart?.time ?? 0) - (well?.time ?? 0) >= 500_000, 'its grace');
});

test('in a window of the config nothing is done; a reload without it goes on at once, and the command line tells what is wrong', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const day = (ahead: number): string => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
  const config = (quiet: string): string => `${quiet}
services:
  web:
    run: [sleep, "1000"]
    watch: { alive: ${watch('broken', 'fail: 1, grace: 0s, then: [note]')} }
`;
  const window = `quiet: [ { when: "${day(-1)} 00:00 - ${day(2)} 00:00 UTC", why: disks } ]`;
  const daemon = await startDaemon(t, config(window), folder);
  isThere(folder, 'broken');
  await waitForWatch(daemon, 'web', 'bad');
  await looks(daemon, 'web', 2);
  const { life } = await daemon.service('web');
  assert.deepEqual(await ofWatch(daemon, 'web', 'note'), []);
  assert.match((await daemon.cli('status')).stdout, /quiet for \S+: disks/);
  assert.match((await daemon.cli('next')).stdout, /everything +end of quiet: disks/);
  assert.match((await daemon.cli('plan')).stdout, /^ +quiet +\d.* UTC: disks$/m);
  writeFileSync(join(folder, 'vahti.yaml'), config(''));
  assert.match((await daemon.cli('reload')).stdout, /update +web/);
  await until(async () => (await ofWatch(daemon, 'web', 'note')).length === 1, { what: 'the note' });
  assert.equal((await daemon.service('web')).life, life);

  const wrong = [
    ['snooze web 2h', 2, 'cannot snooze without a reason: write --why TEXT'],
    ['snooze web --why x', 2, 'cannot read web as a duration'],
    ['snooze 2h --why x', 2, 'cannot snooze nothing: name services or SERVICE/WATCH, or write --all'],
    ['snooze web 100d --why x', 2, 'cannot snooze for more than 90 days'],
    ['snooze web --until 25:00 --why x', 2, 'cannot read "25:00" as a time: there is no such time'],
    ['snooze wbe 2h --why x', 4, 'cannot find a service "wbe", did you mean "web"?'],
    ['snooze web/alvie 2h --why x', 4, 'cannot find a watch "alvie" of web, did you mean "alive"?'],
    ['ack web/x', 4, 'cannot find a watch "x" of web (there are alive)'],
  ] as const;
  const answers = await Promise.all(wrong.map(([args]) => daemon.cli(...args.split(' '))));
  for (const [index, [args, code, message]] of wrong.entries()) {
    const { code: found, stdout, stderr } = answers[index] ?? assert.fail();
    assert.deepEqual([found, stdout], [code, ''], args);
    assert.ok(stderr.includes(message), `${args}: ${stderr}`);
  }
});
