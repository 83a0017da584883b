import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Document, parseDocument } from 'yaml';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { ROOT, startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { looksAgain, recordsOf, stopService, timeLine, watchIs } from '../rig/watched.ts';

/**
 * The watches of examples/watchdog, looking at real processes: only that a program of Node stands in for the unit, and that
 * everything happens within a second instead of minutes.
 */
function example(name: string, service: string): Document {
  const document = parseDocument(readFileSync(join(ROOT, 'examples/watchdog', name, 'vahti.yaml'), 'utf8'));
  assert.equal(
    document.getIn(['services', service, 'unit']),
    `${name === 'sinitaivas' ? 'sinitaivas-live' : name}.service`,
  );
  return document;
}

/** One more service like the one of the example, with another command, its files in a folder of its own, and short times. */
function standIn(
  document: Document,
  service: string,
  name: string,
  changes: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): object {
  const copy = (document.toJS() as { services: Record<string, { watch: Record<string, object> }> }).services[
    service
  ];
  assert.ok(copy !== undefined);
  const watch = Object.entries(copy.watch).map(([key, keys]) => {
    const changed = { every: '60ms', grace: '0s', ...changes[key] };
    for (const each of Object.keys(changes[key] ?? {})) assert.ok(Object.hasOwn(keys, each), each);
    return [key, { ...keys, ...changed }];
  });
  return {
    run: [process.execPath, 'stand-in.cjs', name],
    ready: { line: 'open' },
    watch: Object.fromEntries(watch) as object,
  };
}

/** JSON is YAML. */
function configOf(services: Readonly<Record<string, object>>): string {
  return JSON.stringify({ services });
}

async function wellInAnotherLife(daemon: TestDaemon, name: string, watch: string): Promise<void> {
  await daemon.waitFor(name, 'to be well in another life', ({ watches, watchRestarts }) => {
    const seen = watches.find((each) => each.name === watch);
    return watchRestarts.length > 0 && seen?.state === 'ok' && seen.verdict === 'ok';
  });
}

/** Logs as livereduce does. SIGUSR2 silences it, SIGHUP makes it say nothing but errors. */
const LIVEREDUCE = `
  const fs = require('node:fs');
  const log = process.argv[2] + '.log';
  let said = 'livereduce.EventHandler - INFO - Processing script "a" has not changed | md5sum - continuing';
  process.on('SIGUSR2', () => { said = undefined; });
  process.on('SIGHUP', () => { said = 'Mantid - ERROR - Error in execution of algorithm | MonitorLiveData:'; });
  const write = () => {
    if (said === undefined || log === 'nolog.log') return;
    const time = new Date().toISOString().slice(0, 23).replace('T', ' ').replace('.', ',');
    fs.appendFileSync(log, time + ' - ' + said + '\\n');
  };
  write();
  setInterval(write, 30);
  console.log('open');`;

test('livereduce: silence is one restart, errors are a page, a stopped service stays stopped, a log that never comes is late', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'stand-in.cjs'), LIVEREDUCE);
  const document = example('livereduce', 'livereduce');
  const service = (name: string): object => {
    const log = join(folder, `${name}.log`);
    return standIn(document, 'livereduce', name, {
      log: { file: log, within: '2s' },
      errors: { record: log },
    });
  };
  const daemon = await startDaemon(
    t,
    configOf({
      silent: service('silent'),
      erring: service('erring'),
      off: service('off'),
      nolog: service('nolog'),
    }),
    folder,
  );
  for (const name of ['silent', 'erring', 'off'])
    for (const watch of ['log', 'errors'])
      await watchIs(daemon, [name, watch], 'ok', ({ state }) => state === 'ok');
  await stopService(daemon, 'off');
  const [silent, erring] = [await daemon.service('silent'), await daemon.service('erring')];
  process.kill(silent.pid as number, 'SIGUSR2');
  process.kill(erring.pid as number, 'SIGHUP');
  await watchIs(daemon, ['erring', 'errors'], 'bad', ({ state }) => state === 'bad');
  await wellInAnotherLife(daemon, 'silent', 'log');
  await daemon.waitFor('nolog', 'to be restarted', ({ watchRestarts }) => watchRestarts.length > 0);
  await looksAgain(daemon, 'erring');

  const line = await timeLine(daemon);
  assert.deepEqual(line('silent'), [
    'log: ok to late',
    'log: restart',
    'log: late to ok',
    'log: restarted, ok',
  ]);
  const actions = await recordsOf(daemon, { services: ['silent'], kinds: ['action'] });
  const kept = actions.find(({ message }) => message.startsWith('restart by the watch log'))?.fields;
  const lines = (kept?.['evidence'] as { detail?: string } | undefined)?.detail?.split('\n') ?? [];
  assert.ok(lines.length >= 1 && lines.length <= 20, `${lines.length} lines`);
  assert.match(lines.at(-1) ?? '', / - livereduce\.EventHandler - INFO - .* \| md5sum - continuing$/);
  assert.deepEqual(line('erring'), ['errors: ok to bad', 'errors: page']);
  assert.equal((await daemon.service('erring')).life, erring.life);
  assert.deepEqual(line('off'), []);
  const off = await daemon.service('off');
  assert.deepEqual([off.state, off.startsInWindow], ['stopped', 1]);
  assert.deepEqual(line('nolog').slice(0, 2), ['log: new to late', 'log: restart']);
});

/**
 * Collects as sinitaivas-live does, and logs a warning at its start only, which quotes a post. SIGUSR2: nothing comes any more.
 * SIGHUP: an error that quotes a post.
 */
const SINITAIVAS = `
  const fs = require('node:fs');
  const [folder, day] = [process.argv[2], new Date().toISOString().slice(0, 10)];
  fs.mkdirSync(folder + '/firehose_stream/' + day, { recursive: true });
  const log = fs.openSync(folder + '/main.log', 'a');
  const say = (level) => {
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
    const post = "{'text': 'cd)} | 2020-01-01 00:00:00 | " + (level === 'ERROR' ? 'INFO' : 'ERROR') + " | x'}";
    fs.writeSync(log, post + ' | ' + time + ' | ' + level.padEnd(8) + ' | sinitaivas_live.parser:run:91 - Failed to write to file\\n');
  };
  let open = true;
  process.on('SIGUSR2', () => { open = false; });
  process.on('SIGHUP', () => say('ERROR'));
  const write = () => { if (open) fs.appendFileSync(folder + '/firehose_stream/' + day + '/' + day + 'T00.ndjson', '{}\\n'); };
  write();
  say('WARNING');
  setInterval(write, 30);
  console.log('open');`;

test('sinitaivas: a silent log is fine while data come, a replaced one too; no data are one restart; separators confuse nothing', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'stand-in.cjs'), SINITAIVAS);
  const document = example('sinitaivas', 'sinitaivas');
  const service = (name: string): object =>
    standIn(document, 'sinitaivas', name, {
      fresh: { files: `${name}/firehose_stream/*/*.ndjson`, within: '2s' },
      errors: { record: `${name}/main.log` },
    });
  const names = ['quiet', 'starved', 'erring', 'off'];
  for (const name of names) mkdirSync(join(folder, name));
  const daemon = await startDaemon(
    t,
    configOf(Object.fromEntries(names.map((name) => [name, service(name)]))),
    folder,
  );
  for (const name of names)
    for (const watch of ['fresh', 'errors'])
      await watchIs(daemon, [name, watch], 'ok', ({ state }) => state === 'ok');
  await stopService(daemon, 'off');
  const pids = new Map((await daemon.status()).services.map(({ name, pid }) => [name, pid]));
  process.kill(pids.get('starved') as number, 'SIGUSR2');
  process.kill(pids.get('erring') as number, 'SIGHUP');
  // truncate_log.sh
  const log = join(folder, 'quiet/main.log');
  copyFileSync(log, `${log}.new`);
  renameSync(`${log}.new`, log);
  await watchIs(daemon, ['erring', 'errors'], 'bad', ({ state }) => state === 'bad');
  await wellInAnotherLife(daemon, 'starved', 'fresh');
  await looksAgain(daemon, 'quiet');

  const line = await timeLine(daemon);
  assert.deepEqual(line('quiet'), []);
  assert.deepEqual(line('starved'), [
    'fresh: ok to late',
    'fresh: restart',
    'fresh: late to ok',
    'fresh: restarted, ok',
  ]);
  assert.deepEqual(line('erring'), ['errors: ok to bad', 'errors: page']);
  assert.deepEqual(line('off'), []);
  const starts = (await daemon.status()).services.map(({ name, startsInWindow }) => [name, startsInWindow]);
  assert.deepEqual(starts, [
    ['quiet', 1],
    ['starved', 2],
    ['erring', 1],
    ['off', 1],
  ]);
});
