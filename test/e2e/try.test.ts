import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { type Ran, startDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** Writes a file again and again, until SIGUSR2 makes it stop, or go on. */
const WRITER = `
  let writes = true;
  const say = (level, msg) => console.log(JSON.stringify({ level, msg }));
  process.on('SIGUSR2', () => { writes = !writes; say(writes ? 'info' : 'error', writes ? 'on' : 'stalled'); });
  setInterval(() => { if (writes) require('node:fs').writeFileSync('out.txt', 'x'); }, 40);
  say('info', 'begun');`;

interface Tried {
  readonly from: string;
  readonly looks: number;
  readonly flips: readonly { readonly at: number; readonly from: string; readonly to: string }[];
  readonly actions: readonly { readonly at: number; readonly step: string }[];
  readonly alarms: readonly { readonly live: boolean | null; readonly signs: readonly unknown[] }[];
  readonly durations: readonly { readonly state: string | null; readonly ms: number }[];
}

function triedBy({ code, stdout, stderr }: Ran): Tried {
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Tried;
}

test('a watch that did not fire would have with another limit: when, and what it would have done', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'writer.cjs'), WRITER);
  const config = (within: string): string => `services:
  writer:
    run: [${JSON.stringify(process.execPath)}, writer.cjs]
    ready: { line: begun }
    watch:
      fresh: { files: out.txt, within: ${within}, every: 100ms, timeout: 100ms, grace: 0s, then: [restart] }
      size: { memory: 10G, every: 100ms, timeout: 100ms }
`;
  const daemon = await startDaemon(t, config('90s'), folder);
  const well = await daemon.waitFor('writer', 'to be fresh', ({ watches }) => watches[0]?.state === 'ok');
  const pid = well.pid as number;
  const writtenAt = (): number => statSync(join(folder, 'out.txt')).mtimeMs;
  process.kill(pid, 'SIGUSR2');
  await until(() => Date.now() - writtenAt() > 2000, { what: 'it to be silent' });
  const stalledAt = writtenAt();
  process.kill(pid, 'SIGUSR2');
  await until(() => writtenAt() > stalledAt, { what: 'it to write again' });
  const resumedAt = writtenAt();

  // Beside the daemon: what was seen is stored some seconds later.
  const unchanged = await until(
    async () => {
      const ran = await daemon.cli('try', 'writer/fresh', '--json');
      return ran.code === 0 ? triedBy(ran) : undefined;
    },
    { what: 'a history' },
  );
  assert.deepEqual(
    [unchanged.from, unchanged.flips, unchanged.actions, unchanged.alarms],
    ['looks', [], [], []],
  );
  const now = await daemon.waitFor('writer', 'to be looked at again', ({ watches }) =>
    watches.some(({ name, lookedAt }) => name === 'fresh' && (lookedAt ?? 0) > resumedAt + 500),
  );
  assert.deepEqual(
    [now.watches[0]?.state, now.watchRestarts, now.life],
    ['ok', [], well.life],
    'nothing was done',
  );

  await daemon.stop();
  const tighter = triedBy(await daemon.cli('try', 'writer/fresh', '--set', 'within=1s', '--json'));
  assert.deepEqual(
    tighter.flips.map(({ from, to }) => [from, to]),
    [
      ['ok', 'late'],
      ['late', 'ok'],
    ],
  );
  const [late, again] = tighter.flips;
  assert.ok((late?.at ?? 0) >= stalledAt + 1000 && (late?.at ?? 0) < resumedAt, 'when it would have fired');
  assert.ok((again?.at ?? 0) >= resumedAt);
  assert.deepEqual(
    tighter.actions.map(({ at, step }) => [at, step]),
    [[late?.at, 'restart']],
  );
  assert.deepEqual(
    tighter.alarms.map(({ live, signs }) => [live, signs.length]),
    [[false, 1]],
  );
  assert.equal(tighter.from, 'looks');

  const text = await daemon.cli('try', 'writer/fresh', '--set', 'within=1s');
  assert.match(text.stdout, /^ {2}\S+Z {2}ok → late: out\.txt was written \d(\.\d)?s ago, 1s at most$/m);
  assert.match(text.stdout, /^ {2}\S+Z {2}restart \(life \S+\)$/m);
  assert.match(text.stdout, /^1 alarm:$/m);
  assert.match(text.stdout, /live it was well: .*it said: stalled/);
  assert.match(text.stdout, /▄ late/);

  const added = triedBy(
    await daemon.cli(
      'try',
      'writer',
      'record: { bad: level >= error, every: 100ms, fail: 2, grace: 0s }',
      '--json',
    ),
  );
  assert.deepEqual([added.from, added.flips.map(({ to }) => to)], ['output', ['bad', 'ok']]);
  assert.ok(Math.abs((added.flips[0]?.at ?? 0) - stalledAt) < 1000);

  const typo = await daemon.cli('try', 'writer/frsh');
  assert.equal(typo.code, 4);
  assert.match(
    typo.stderr,
    /^cannot find a watch "frsh" of writer, did you mean "fresh"\? \(there are fresh, size\)$/m,
  );
  const other = await daemon.cli('try', 'writer', 'fresh: { files: other.txt, within: 1s }');
  assert.equal(other.code, 1);
  assert.match(
    other.stderr,
    /: no watch has looked at that; it is kept what these saw: fresh, size \(memory\)$/m,
  );

  writeFileSync(join(folder, 'other.yaml'), config('1s'));
  const stopped = triedBy(await daemon.cli('try', 'writer/fresh', '-c', 'other.yaml', '--json'));
  assert.deepEqual(stopped.flips, tighter.flips, 'as another config has it');
});
