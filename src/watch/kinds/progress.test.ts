import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import { openWatch } from '../../../test/rig/watching.ts';
import { until } from '../../../test/rig/wait.ts';
import { judgeProgress, progress } from './progress.ts';

const MINUTE = 60_000;
const NOW = 1_800_000_000_000;

test('idle is fine, working is fine, stuck is late', () => {
  for (const [startedAgo, outputAgo, waiting, firstAgo, verdict, value, reason] of [
    [600, undefined, 0, undefined, 'ok', 'idle', 'no input has come since; there is no output yet'],
    [600, 500, 0, undefined, 'ok', 'idle', 'no input has come since; the last output came 8h20m ago'],
    [
      600,
      20,
      2,
      19,
      'ok',
      '2 without output',
      '2 inputs wait, the first for 19m; the last output came 20m ago',
    ],
    [
      600,
      40,
      1,
      30,
      'ok',
      '1 without output',
      '1 input waits, the first for 30m; the last output came 40m ago',
    ],
    [
      600,
      40,
      1,
      31,
      'late',
      '1 without output',
      '1 input waits, the first for 31m; the last output came 40m ago; 30m at most',
    ],
    [
      600,
      undefined,
      3,
      300,
      'late',
      '3 without output',
      '3 inputs wait, the first for 5h; there is no output yet; 30m at most',
    ],
    // A new life has its own time.
    [
      10,
      undefined,
      3,
      300,
      'ok',
      '3 without output',
      '3 inputs wait, the first for 10m of this life; there is no output yet',
    ],
    [
      31,
      undefined,
      3,
      300,
      'late',
      '3 without output',
      '3 inputs wait, the first for 31m of this life; there is no output yet; 30m at most',
    ],
  ] as const)
    assert.deepEqual(
      judgeProgress(
        {
          now: NOW,
          startedAt: NOW - startedAgo * MINUTE,
          outputAt: outputAgo === undefined ? undefined : NOW - outputAgo * MINUTE,
          waiting,
          firstAt: firstAgo === undefined ? undefined : NOW - firstAgo * MINUTE,
        },
        30 * MINUTE,
      ),
      { verdict, value, reason },
    );
});

test('real files, also copies that keep an old time', async (t) => {
  const { folder, look } = openWatch(t, progress, { input: 'in/*', output: 'out/**/*.fits', within: '30m' });
  const life = { startedAt: Date.now() - 100 * MINUTE };
  const later = (minutes: number) => look({ now: Date.now() + minutes * MINUTE, life });
  /** Writes a file later than all others, by the clock of the file system, which has steps of some milliseconds. */
  const write = async (name: string, after?: string) => {
    await until(
      () => {
        fs.rmSync(`${folder}/${name}`, { force: true });
        fs.writeFileSync(`${folder}/${name}`, '');
        const ctime = (file: string) => Math.floor(fs.statSync(`${folder}/${file}`).ctimeMs);
        return after === undefined || ctime(name) > ctime(after);
      },
      { what: 'a later time' },
    );
  };
  assert.equal((await later(0)).value, 'idle');
  fs.mkdirSync(`${folder}/in`);
  fs.mkdirSync(`${folder}/out/22`, { recursive: true });
  await write('in/a');
  fs.utimesSync(`${folder}/in/a`, 1, 1);
  assert.equal((await later(29)).verdict, 'ok');
  assert.equal((await later(31)).verdict, 'late');
  await write('out/22/a.fits', 'in/a');
  assert.equal((await later(31)).value, 'idle');
  await write('in/b', 'out/22/a.fits');
  assert.match(
    (await later(31)).reason,
    /^1 input waits, the first for 31m; the last output came 31m ago; 30m at most$/,
  );
  fs.rmSync(`${folder}/in/b`);
  assert.equal((await later(31)).value, 'idle', 'inputs that were taken away do not wait');
});
