import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createRig } from '../rig/child.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { startDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

function mount(t: TestContext, ...args: readonly string[]): boolean {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) t.diagnostic(stderr.trim());
  return status === 0;
}

/** Takes what is left of a disk, up to the last page. */
function fill(file: string): void {
  const fd = openSync(file, 'a');
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096, 1));
  } catch {
    // Full.
  } finally {
    closeSync(fd);
  }
}

test('a full log disk has the last lines and says so; the service goes on, and what is lost is counted', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  if (!mount(t, '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', logs))
    return t.skip('a small disk cannot be mounted here (needs root)');
  onEnd(t, () => spawnSync('umount', ['-l', logs]));
  const rig = await createRig(t);
  const services = { talk: { run: rig.argv, env: rig.env, log: { file: 'logs/talk.log', budget: '8M' } } };
  const daemon = await startDaemon(t, JSON.stringify({ services }), folder);
  const child = await rig.nextChild();
  const log = join(logs, 'talk.log');
  const reserve = `${log}.reserve`;
  const text = () => readFileSync(log, 'utf8');
  await child.print('stdout', 'before\n');
  await until(() => existsSync(reserve) && text().includes(' stdout before\n'), { what: 'the first line' });
  assert.equal(statSync(reserve).size, 65_536);

  fill(join(logs, 'others'));
  // More than is left of the last page of the log.
  await child.print('stdout', `last words ${'x'.repeat(5000)}\n`);
  await until(() => text().includes('the disk is full'), { what: 'the disk to be full' });
  assert.match(text(), / stdout last words x{5000}\n\S+ vahti the disk is full: .*\n$/);
  assert.equal(existsSync(reserve), false);

  // Nobody reads so much into memory, and still the service is never held up.
  await child.flood('stdout', 4_000_000);
  await child.print('stdout', 'after the flood\n');
  const trouble = await until(
    async () => (await daemon.records('talk', '--kind', 'note', '--level', 'error'))[0]?.message,
    { what: 'the record' },
  );
  assert.match(trouble, /^cannot write captured log \S+talk\.log: disk full/);
  assert.equal((await daemon.service('talk')).pid, child.pid);

  assert.ok(mount(t, '-o', 'remount,size=32m', logs));
  await until(() => / vahti \d+ lines lost: disk full\n/.test(text()), { what: 'the notice' });
  await child.print('stdout', 'again\n');
  await until(() => text().endsWith(' stdout again\n'), { what: 'the last line' });
  await until(() => existsSync(reserve), { what: 'the reserve to be taken again' });
  const lost = Number(/ vahti (\d+) lines lost/.exec(text())?.[1]);
  const kept = text()
    .split('\n')
    .filter((line) => line.endsWith('0123456789')).length;
  const sent = Math.floor(4_000_000 / 101);
  assert.ok(lost + kept === sent + 1 || lost + kept === sent + 2, `${lost} lost, ${kept} kept of ${sent}`);
  const notes = await until(
    async () => {
      const found = await daemon.records('talk', '--kind', 'note', '--text', 'captured log: writes');
      return found.length > 0 && found;
    },
    { what: 'the second record' },
  );
  assert.deepEqual(
    notes.map(({ message }) => message),
    [`captured log: writes to ${log} again; ${lost} lines are not in it`],
  );
  await daemon.stop();
});
