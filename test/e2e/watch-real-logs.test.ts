import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { recordsOf, timeLine, watchIs } from '../rig/watched.ts';

/** What happens to the logs of real services, and that exactly the right thing is done about it. */

const QUICK = 'every: 60ms, grace: 0s';

/**
 * Writes a log as loguru does for sinitaivas-live: data first, then `| time | level | place - message`. The data have the very
 * same form in them. SIGUSR2 turns errors on and off, SIGHUP opens the log anew.
 */
const WRITER = `
  const fs = require('node:fs');
  const file = process.argv[2];
  let log = fs.openSync(file, 'a');
  let level = 'INFO';
  let n = 0;
  process.on('SIGUSR2', () => { level = level === 'INFO' ? 'ERROR' : 'INFO'; });
  process.on('SIGHUP', () => { fs.closeSync(log); log = fs.openSync(file, 'a'); });
  const write = () => {
    const other = level === 'INFO' ? 'CRITICAL' : 'INFO';
    const data = "{'text': 'a | b | 2020-01-01 00:00:00 | " + other + " | main:run:1 - $(x) \\"y\\" | '}";
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
    fs.writeSync(log, data + ' | ' + time + ' | ' + level.padEnd(8) + ' | main:run:' + n + ' - wrote ' + n++ + '\\n');
  };
  write();
  setInterval(write, 30);
  console.log('open');`;

const LINE = String.raw`^.*\| (?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \| (?<level>[A-Z]+) +\| (?<place>\w+:\w+:\d+) - (?<message>.*)$`;

/** Waits until the watch of records has seen more than what it has seen by now. */
async function follows(daemon: TestDaemon, service: string): Promise<void> {
  const numberOf = (value: string | null | undefined): number =>
    Number(/^wrote (\d+)$/.exec(value ?? '')?.[1]);
  const { watches } = await daemon.service(service);
  const seen = numberOf(watches.find(({ name }) => name === 'errors')?.value);
  assert.ok(seen >= 0);
  await watchIs(daemon, [service, 'errors'], 'further', ({ value }) => numberOf(value) > seen + 3);
}

test('a log that is cut, renamed, replaced or deleted under its writer; one that never comes; separators in its data', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'writer.cjs'), WRITER);
  const writer = (log: string): string => `
    run: [${JSON.stringify(process.execPath)}, writer.cjs, ${log}]
    ready: { line: open }
    watch:
      silent: { log: ${log}, within: 1500ms, ${QUICK}, fail: 1, then: [restart, page] }
      errors: { record: ${log}, pattern: '${LINE}', bad: level >= error, ${QUICK}, then: [page] }`;
  const daemon = await startDaemon(
    t,
    `services:
  rotated: ${writer('rotated.log')}
  deleted: ${writer('deleted.log')}
  missing:
    run: [sleep, "1000"]
    watch: { silent: { log: missing.log, within: 1s, ${QUICK}, then: [note] } }
`,
    folder,
  );
  const log = join(folder, 'rotated.log');
  for (const name of ['rotated', 'deleted']) {
    await watchIs(daemon, [name, 'silent'], 'ok', ({ state }) => state === 'ok');
    await watchIs(daemon, [name, 'errors'], 'ok', ({ state }) => state === 'ok');
  }
  const missing = await watchIs(
    daemon,
    ['missing', 'silent'],
    'unknown',
    ({ verdict }) => verdict === 'unknown',
  );
  assert.match(missing.reason ?? '', /^there is no log missing\.log; it has 1\.?0?s for it, /);
  const [rotated, deleted] = [await daemon.service('rotated'), await daemon.service('deleted')];

  rmSync(join(folder, 'deleted.log'));
  truncateSync(log);
  await follows(daemon, 'rotated');
  renameSync(log, `${log}.1`);
  process.kill(rotated.pid as number, 'SIGHUP');
  await follows(daemon, 'rotated');
  process.kill(rotated.pid as number, 'SIGUSR2');
  await watchIs(daemon, ['rotated', 'errors'], 'bad', ({ state }) => state === 'bad');
  process.kill(rotated.pid as number, 'SIGUSR2');
  await watchIs(daemon, ['rotated', 'errors'], 'ok', ({ state }) => state === 'ok');
  let line = await timeLine(daemon);
  assert.deepEqual(line('rotated'), ['errors: ok to bad', 'errors: page', 'errors: bad to ok']);
  assert.equal((await daemon.service('rotated')).life, rotated.life);

  // As truncate_log.sh does it: the writer goes on with a file that nobody can see.
  copyFileSync(log, `${log}.new`);
  renameSync(`${log}.new`, log);
  for (const { name, life } of [rotated, deleted])
    await daemon.waitFor(name, 'to write to its log again, in another life', (service) => {
      const silent = service.watches.find((each) => each.name === 'silent');
      return service.life !== life && silent?.state === 'ok' && silent.verdict === 'ok';
    });
  await watchIs(daemon, ['missing', 'silent'], 'late', ({ state }) => state === 'late');
  await follows(daemon, 'rotated');
  line = await timeLine(daemon);
  const restarted = ['silent: ok to late', 'silent: restart', 'silent: late to ok', 'silent: restarted, ok'];
  assert.deepEqual(line('deleted'), restarted);
  assert.deepEqual(line('rotated').slice(3), restarted);
  assert.deepEqual(line('missing'), ['silent: new to late', 'silent: note']);
  const flips = await recordsOf(daemon, { kinds: ['flip'] });
  const why = flips.filter(({ sender, fields }) => sender === 'silent' && fields?.['to'] === 'late');
  const ofMissing = flips.filter(({ service }) => service === 'missing');
  assert.deepEqual(
    ofMissing.map(({ fields }) => fields?.['to']),
    ['unknown', 'late'],
  );
  const reasons = new Map(why.map(({ service, message }) => [service, message]));
  assert.match(
    reasons.get('missing') ?? '',
    /^silent is late: there is no log missing\.log, .* after its start, /,
  );
  assert.match(
    reasons.get('rotated') ?? '',
    /: rotated\.log was written .* ago, .*; it was replaced or cut .* ago and not written since$/,
  );
  assert.match(reasons.get('deleted') ?? '', /: deleted\.log was written .* ago, 1\.5s at most$/);
});
