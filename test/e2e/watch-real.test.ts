import assert from 'node:assert/strict';
import { get } from '../../src/core/http.ts';
import { test } from 'node:test';
import { freePort } from '../rig/needs.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon } from '../rig/vahti.ts';
import { looksAgain, programOf, recordsOf, stopService, timeLine, watchIs } from '../rig/watched.ts';

/** What goes wrong with real services, and that exactly the right thing is done about each. */

const QUICK = 'every: 60ms, grace: 0s';

/** Answers, until somebody asks for /busy: then it computes for ever. */
const web = (port: number): string => `
  require('node:http').createServer((request, answer) => {
    if (request.url === '/busy') { console.log('busy from now on'); for (;;); }
    answer.end('fine');
  }).listen(${port}, '127.0.0.1', () => console.log('open'));`;

/** From SIGUSR2 on takes 2 MiB more every 20 ms. */
const LEAKY = `
  const kept = [];
  process.on('SIGUSR2', () => setInterval(() => kept.push(Buffer.alloc(2 << 20, 1)), 20));
  setInterval(() => {}, 1 << 30);
  console.log('open');`;

test('hung, computing for ever, leaking: one restart each; stopped on purpose, idle: none', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const [hung, busy, off] = [await freePort(), await freePort(), await freePort()];
  const alive = (port: number): string =>
    `alive: { http: "http://127.0.0.1:${port}/", ${QUICK}, timeout: 1s, fail: 2, then: [restart, page] }`;
  const daemon = await startDaemon(
    t,
    `defaults: { stop: 500ms }
services:
  hung:
    ${programOf(folder, 'hung', web(hung))}
    ready: { line: open }
    watch: { ${alive(hung)} }
  busy:
    ${programOf(folder, 'busy', web(busy))}
    ready: { line: open }
    watch: { ${alive(busy)} }
  leaky:
    ${programOf(folder, 'leaky', LEAKY)}
    memory: 600M
    ready: { line: open }
    watch: { memory: { max: 150M, ${QUICK}, fail: 2, then: [restart, page] } }
  off:
    ${programOf(folder, 'off', `${web(off)} setInterval(() => console.log('fine'), 20);`)}
    ready: { line: open }
    watch:
      ${alive(off)}
      log: { within: 500ms, ${QUICK}, fail: 3, then: [restart, page] }
  idle:
    run: [sleep, "1000"]
    watch:
      work: { progress: { input: in/*, output: out/*, within: 100ms }, ${QUICK}, fail: 1, then: [restart, page] }
      pile: { backlog: in/*, max: 5, oldest: 100ms, growing: 100ms, ${QUICK}, fail: 1, then: [restart, page] }
      port: { tcp: "127.0.0.1:${hung}", ${QUICK}, fail: 100, then: [restart, page] }
`,
    folder,
  );
  await stopService(daemon, 'off');
  for (const name of ['hung', 'busy'])
    await watchIs(daemon, [name, 'alive'], 'ok', ({ state }) => state === 'ok');
  const before = { hung: await daemon.service('hung'), busy: await daemon.service('busy') };
  await watchIs(daemon, ['leaky', 'memory'], 'ok', ({ state }) => state === 'ok');
  process.kill((await daemon.service('leaky')).pid as number, 'SIGUSR2');
  process.kill(before.hung.pid as number, 'SIGSTOP');
  get(`http://127.0.0.1:${busy}/busy`).on('error', () => {});
  for (const [name, watch] of [
    ['hung', 'alive'],
    ['busy', 'alive'],
    ['leaky', 'memory'],
  ] as const)
    await daemon.waitFor(name, 'to be well in another life', (service) => {
      const seen = service.watches.find((each) => each.name === watch);
      return service.watchRestarts.length > 0 && seen?.state === 'ok' && seen.verdict === 'ok';
    });
  await looksAgain(daemon, 'idle');
  const line = await timeLine(daemon);
  for (const name of ['hung', 'busy'] as const) {
    assert.deepEqual(
      line(name),
      ['alive: ok to bad', 'alive: restart', 'alive: bad to ok', 'alive: restarted, ok'],
      name,
    );
    const after = await daemon.service(name);
    assert.equal(after.watchRestarts.length, 1, name);
    assert.notEqual(after.life, before[name].life, name);
  }
  assert.deepEqual(line('leaky'), [
    'memory: ok to bad',
    'memory: restart',
    'memory: bad to ok',
    'memory: restarted, ok',
  ]);
  const exits = await recordsOf(daemon, { services: ['leaky'], kinds: ['exit'] });
  assert.equal(exits.length, 1, 'the watch was there before the limit');
  assert.deepEqual(line('idle'), []);
  const [idle, stopped] = [await daemon.service('idle'), await daemon.service('off')];
  assert.deepEqual([idle.startsInWindow, idle.watchRestarts], [1, []]);
  assert.deepEqual(
    [stopped.state, stopped.wanted, stopped.startsInWindow, line('off')],
    ['stopped', false, 1, []],
  );
});
