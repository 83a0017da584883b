import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon } from '../rig/vahti.ts';
import { looksAgain, programOf, timeLine, watchIs } from '../rig/watched.ts';

/** What goes wrong with the data of real services that go on running, and that exactly the right thing is done about each. */

const QUICK = 'every: 60ms, grace: 0s';

/** Its first life is ill, all others are well. */
const FIRST = `
  const fs = require('node:fs');
  const first = !fs.existsSync(__filename + '.lived');
  fs.writeFileSync(__filename + '.lived', '');`;

/** Alive and busy, but all that it ever says in its first life is errors. */
const ONLY_ERRORS = `${FIRST}
  let n = 0;
  setInterval(() => console.log(JSON.stringify(first
    ? { level: 'error', message: 'cannot write | disk "full" | ' + n++ }
    : { level: 'info', message: 'wrote ' + n++ })), 30);`;

/** Has a bad time between two SIGUSR2, which passes by itself. */
const BAD_TIME = `
  let bad = false;
  process.on('SIGUSR2', () => { bad = !bad; });
  setInterval(() => console.log(JSON.stringify({ level: bad ? 'fatal' : 'info', message: bad ? 'lost' : 'fine' })), 30);`;

/** Writes all the time, in its first life what is an hour old. */
const STALE = `${FIRST}
  const time = () => new Date(Date.now() - (first ? 3600_000 : 0)).toISOString();
  fs.mkdirSync('data', { recursive: true });
  const write = () => fs.appendFileSync('data/stream.ndjson', JSON.stringify({ commit: { time: time() } }) + '\\n');
  write();
  setInterval(write, 30);
  console.log('open');`;

/** Three come while one goes. */
const PILING = `
  const fs = require('node:fs');
  let came = 0;
  let gone = 0;
  setInterval(() => { for (let i = 0; i < 3; i++) fs.writeFileSync('incoming/' + came++, ''); }, 60);
  setInterval(() => { if (gone < came) fs.rmSync('incoming/' + gone++); }, 60);`;

test('errors only and old data: a restart each; a bad time that passes: a page; a growing backlog: a word and a command; idle: nothing', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  for (const name of ['incoming', 'empty']) mkdirSync(join(folder, name));
  const tell = `'echo "$VAHTI_SERVICE,$VAHTI_WATCH,$VAHTI_WATCHED_LIFE,$VAHTI_WATCHED_PID,$VAHTI_REASON" > told'`;
  const daemon = await startDaemon(
    t,
    `services:
  errors:
    ${programOf(folder, 'errors', ONLY_ERRORS)}
    ready: { line: message }
    watch: { says: { record: { bad: level >= error }, ${QUICK}, then: [restart, page] } }
  passing:
    ${programOf(folder, 'passing', BAD_TIME)}
    ready: { line: message }
    watch: { says: { record: { bad: level >= error }, ${QUICK}, then: [page] } }
  stale:
    ${programOf(folder, 'stale', STALE)}
    ready: { line: open }
    watch:
      fresh: { files: data/*.ndjson, within: 10s, ${QUICK}, then: [stop] }
      lag: { file: data/stream.ndjson, field: commit.time, max: 10s, ${QUICK}, then: [restart, page] }
  piling:
    ${programOf(folder, 'piling', PILING)}
    watch: { pile: { backlog: incoming/*, growing: 700ms, ${QUICK}, then: [note, { run: [sh, -c, ${tell}] }, page] } }
  idle:
    run: [sleep, "1000"]
    watch: { pile: { backlog: empty/*, growing: 300ms, ${QUICK}, then: [restart] } }
`,
    folder,
  );
  await watchIs(daemon, ['passing', 'says'], 'ok', ({ state }) => state === 'ok');
  const passing = await daemon.service('passing');
  process.kill(passing.pid as number, 'SIGUSR2');
  await watchIs(daemon, ['passing', 'says'], 'bad', ({ state }) => state === 'bad');
  process.kill(passing.pid as number, 'SIGUSR2');
  await watchIs(daemon, ['passing', 'says'], 'ok again', ({ state }) => state === 'ok');
  for (const [name, watch] of [
    ['errors', 'says'],
    ['stale', 'lag'],
  ] as const)
    await daemon.waitFor(name, 'to be well in another life', (service) => {
      const seen = service.watches.find((each) => each.name === watch);
      return service.watchRestarts.length > 0 && seen?.state === 'ok' && seen.verdict === 'ok';
    });
  const pile = await watchIs(daemon, ['piling', 'pile'], 'late', ({ state }) => state === 'late');
  assert.match(pile.reason ?? '', /^\d+ wait, .* more an hour; there were \d+ .* ago, and always some$/);
  await daemon.waitFor(
    'piling',
    'to have nothing left to do',
    ({ watches }) => watches[0]?.nextAction === null,
  );
  await looksAgain(daemon, 'idle');

  const line = await timeLine(daemon);
  assert.deepEqual(line('errors'), [
    'says: new to bad',
    'says: restart',
    'says: bad to ok',
    'says: restarted, ok',
  ]);
  assert.deepEqual(line('passing'), ['says: ok to bad', 'says: page', 'says: bad to ok']);
  assert.equal((await daemon.service('passing')).life, passing.life);
  assert.deepEqual(line('stale'), [
    'lag: new to late',
    'lag: restart',
    'lag: late to ok',
    'lag: restarted, ok',
  ]);
  const acted = line('piling');
  assert.deepEqual(acted, ['pile: ok to late', 'pile: note', 'pile: run', 'pile: ran', 'pile: page']);
  const { life, pid, startsInWindow } = await daemon.service('piling');
  assert.equal(startsInWindow, 1);
  const told = readFileSync(join(folder, 'told'), 'utf8');
  assert.ok(told.startsWith(`piling,pile,${life},${pid},pile is late: `), told);
  assert.deepEqual(line('idle'), []);
  assert.equal((await daemon.service('idle')).startsInWindow, 1);
});
