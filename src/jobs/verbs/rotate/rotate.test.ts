import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { put } from '../../../../test/rig/lifecycle.ts';
import { numberedLines, rotateRig, startWriter, wholeLog } from '../../../../test/rig/rotating.ts';
import { until } from '../../../../test/rig/wait.ts';
import { processAlive, readStat } from '../../../core/process-table.ts';

const NAME = /^app\.log-\d{8}T\d{6}Z\.zst$/;

function identity(pid: number) {
  return { pid, startTicks: readStat(pid)?.startTicks ?? 0 };
}

/** Thousands of lines: where they differ is all that anybody wants to read. */
function proveWhole(root: string, lines: string): void {
  const found = wholeLog(root, 'app.log');
  const at = Array.from(found).findIndex((letter, index) => letter !== lines[index]);
  assert.ok(found === lines, `${found.length} of ${lines.length} bytes, other ones from ${at} on`);
}

async function grown(log: string): Promise<void> {
  await until(() => existsSync(log) && statSync(log).size > 400, { what: `lines in ${log}` });
}

test('rename and signal: a writer at full speed loses no line, and none comes twice', async (t) => {
  const { root, log, ledger, run } = rotateRig(t);
  const writer = await startWriter(t, log);
  for (let round = 0; round < 3; round += 1) {
    await grown(log);
    const outcome = await run({ signal: 'USR1', to: round === 1 ? 'gz' : 'zst' });
    assert.equal(outcome.kind, 'done', outcome.summary);
    assert.match(outcome.summary, /^rotated 1 log, .*; compressed 1$/);
    assert.ok(outcome.said.includes(`sent USR1 to node (pid ${writer.pid})`), outcome.said.join('\n'));
  }
  const count = await writer.stop();
  proveWhole(root, numberedLines(count));
  assert.deepEqual(
    readdirSync(root).map((name) => name.split('.').at(-1)),
    ['log', 'zst', 'gz', 'zst'],
  );
  const rows = [...ledger.files(root)];
  assert.equal(rows.length, 3);
  assert.ok(rows.every(({ archived }) => archived !== null));
});

test('what would end or miss a writer is refused before anything is renamed', async (t) => {
  const { root, log, base, run } = rotateRig(t);
  const writer = await startWriter(t, log, 'deaf');
  const { pid } = writer;
  const refused = async (options: Record<string, unknown>): Promise<string> =>
    (await run(options)).refused[0]?.reason ?? '';
  assert.equal(
    await refused({}),
    `node (pid ${pid}) has it open, and nothing tells it to open it anew: write \`signal\` or \`reopen\`, or \`method: punch-hole\``,
  );
  assert.equal(await refused({ signal: 'HUP' }), `node (pid ${pid}) does not catch HUP, which would end it`);
  const file = join(base, 'pid');
  // A stranger: the number is an old one.
  const stranger = await startWriter(t, join(base, 'elsewhere'));
  writeFileSync(file, `${stranger.pid}\n`);
  assert.match(await refused({ signal: 'HUP', 'pid-file': file }), /is that an old number\?$/);
  writeFileSync(file, '999999999\n');
  assert.match(
    await refused({ signal: 'HUP', 'pid-file': file }),
    /does not write to it: is that an old number\?$/,
  );
  writeFileSync(file, 'nothing');
  assert.match(await refused({ signal: 'HUP', 'pid-file': file }), /holds no number of a process$/);
  assert.match(await refused({ signal: 'HUP', 'pid-file': `${file}x` }), /^cannot read the pid file: ENOENT/);
  assert.ok(processAlive(identity(pid)));
  assert.deepEqual(readdirSync(root), ['app.log']);
  proveWhole(root, numberedLines(await writer.stop()));
});

test('pid-file and reopen: the process that is named there, or a command, and once for all logs', async (t) => {
  const { root, log, base, run } = rotateRig(t);
  const writer = await startWriter(t, log);
  const file = join(base, 'pid');
  writeFileSync(file, `${writer.pid}\n`);
  await grown(log);
  assert.equal((await run({ signal: 'USR1', 'pid-file': file })).kind, 'done');
  await grown(log);
  put(root, 'other.log', 'of nobody');
  const marks = join(base, 'marks');
  const reopen = ['sh', '-c', `kill -USR1 ${writer.pid}; echo x >>${marks}`];
  const outcome = await run({ reopen });
  assert.equal(outcome.summary.split(', ')[0], 'rotated 2 logs', outcome.summary);
  assert.equal(readFileSync(marks, 'utf8'), 'x\n');
  const failing = await run({ reopen: ['sh', '-c', 'echo no such unit >&2; exit 3'] });
  assert.equal(failing.refused[0]?.reason, 'the command of `reopen` failed: no such unit');
  proveWhole(root, numberedLines(await writer.stop()));
});

test('a writer that does not leave: the log is left as it is, and the next run goes on', async (t) => {
  const { root, log, run } = rotateRig(t);
  const writer = await startWriter(t, log, 'stays');
  await grown(log);
  const first = await run({ signal: 'USR1', wait: '100ms' });
  assert.equal(first.kind, 'partly');
  assert.match(
    first.refused[0]?.reason ?? '',
    /^node \(pid \d+\) still writes to it after 0 s; it is left as it is/,
  );
  const [name = ''] = readdirSync(root);
  assert.match(name, /Z$/);
  const count = await writer.stop();
  proveWhole(root, numberedLines(count));
  const second = await run({ signal: 'USR1' });
  assert.equal(second.summary, 'compressed 1');
  assert.deepEqual(readdirSync(root), [`${name}.zst`]);
});

test('punch-hole: a writer that knows nothing of it loses no line, and the room is given back', async (t) => {
  for (const flags of ['a', 'w'] as const) {
    const { root, log, run } = rotateRig(t);
    const writer = await startWriter(t, log, 'deaf', flags);
    for (let round = 0; round < 3; round += 1) {
      const before = statSync(log).size;
      await until(() => statSync(log).size > before + 40_000, { what: 'the log to grow' });
      const outcome = await run({ method: 'punch-hole', keep: { count: 100 } });
      assert.equal(outcome.kind, 'done', outcome.summary);
      assert.match(outcome.summary, /^rotated 1 log, .*; compressed 1$/);
    }
    const lines = numberedLines(await writer.stop());
    await run({ method: 'punch-hole' });
    const { size, blocks } = statSync(log);
    assert.equal(size, lines.length);
    assert.ok(blocks * 512 <= 8192, `${blocks * 512} of ${size} bytes are still there`);
    proveWhole(root, lines);
  }
});

test('punch-hole: where holes are not known, or a writer goes back, nothing is copied', async (t) => {
  const { root, log, run } = rotateRig(t);
  put(root, 'app.log', 'one\ntwo\nthr');
  const punch = async (): Promise<string> => 'its file system knows no holes';
  const unknown = await run({ method: 'punch-hole' }, { means: { punch } });
  assert.equal(unknown.refused[0]?.reason, 'its room cannot be given back: its file system knows no holes');
  const back = { pid: 7, startTicks: 1, name: 'db', appends: false, position: 3 };
  const holders = (files: readonly { dev: bigint; ino: bigint }[]) =>
    new Map(files.map(({ dev, ino }) => [`${dev}:${ino}`, [back]]));
  const outcome = await run({ method: 'punch-hole' }, { means: { holders } });
  assert.equal(
    outcome.refused[0]?.reason,
    'db (pid 7) does not append to it, and may write to what is copied',
  );
  assert.deepEqual(readdirSync(root), ['app.log']);
  // Whole lines only; what is put there meanwhile by another hand is never taken for what was copied.
  assert.equal((await run({ method: 'punch-hole', to: 'none' })).kind, 'done');
  assert.equal(readFileSync(log, 'utf8'), '\0\0\0\0\0\0\0\0thr');
  assert.equal((await run({ method: 'punch-hole', to: 'none' })).summary, 'nothing to rotate');
  writeFileSync(log, 'a new one\n');
  assert.equal((await run({ method: 'punch-hole', to: 'none' })).kind, 'done');
  assert.equal(wholeLog(root, 'app.log'), 'one\ntwo\na new one\n');
});

test('larger and older: what is neither stays; empty logs, links and rotated ones are left', async (t) => {
  const { root, run } = rotateRig(t);
  put(root, 'small.log', 'x');
  put(root, 'large.log', 'x'.repeat(2000));
  put(root, 'empty.log', '');
  symlinkSync('large.log', join(root, 'link.log'));
  const first = await run({ larger: '1K', older: '1d', create: true });
  assert.deepEqual(first.refused, [{ path: 'link.log', reason: 'it is a symbolic link' }]);
  const names = readdirSync(root).map((name) => name.replace(/\d{8}T\d{6}/, 'T'));
  assert.deepEqual(names, ['empty.log', 'large.log', 'large.log-TZ.zst', 'link.log', 'small.log']);
  assert.equal(statSync(join(root, 'large.log')).size, 0, 'create makes an empty one');
  // None of them is older than a day by its birth; by a clock of the day after tomorrow they are.
  const { systemClock } = await import('../../../core/clock.ts');
  const later = { ...systemClock, now: () => Date.now() + 2 * 86_400_000 };
  const second = await run({ files: '**/*.log', exclude: 'link.log', older: '1d' }, { clock: later });
  assert.match(second.summary, /^rotated 1 log, 1B; compressed 1$/);
  assert.ok(readdirSync(root).some((name) => /^small\.log-.*\.zst$/.test(name)));
});

test('two rotations in one second get names of their own; a dry run says what would be done', async (t) => {
  const { root, run } = rotateRig(t);
  for (const text of ['one', 'two']) {
    put(root, 'app.log', text);
    await run();
  }
  const names = readdirSync(root);
  assert.equal(names.length, 2);
  assert.ok(
    names.every((name) => NAME.test(name)),
    names.join(),
  );
  put(root, 'app.log', 'three');
  const { said, summary } = await run({ keep: { count: 1 } }, { dryRun: true });
  assert.deepEqual(said, [
    'would rename app.log, 5B, and have its writers open it anew',
    `would delete ${names[0]?.slice(0, -4)}, ${statSync(join(root, names[0] ?? '')).size}B: over keep.count: 1`,
  ]);
  assert.equal(summary, 'would rotate 1 log; would have deleted 1 over the limits of `keep`');
  assert.deepEqual(readdirSync(root).length, 3);
});
