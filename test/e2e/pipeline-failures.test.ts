import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startMailServer } from '../rig/smtp.ts';
import { startDaemon, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

function header(raw: string, name: string): string {
  const line = new RegExp(`^${name}: ((?:.|\r\n[ \t])*)\r\n`, 'mi').exec(raw)?.[1] ?? '';
  return line.replaceAll(/\r\n[ \t]+/g, ' ');
}

test('B3 files that fail are told at once, then together, and the end once; killed daemons tell nothing twice', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const server = await startMailServer(t);
  mkdirSync(join(folder, 'incoming'));
  const deliver = (name: string, content: string): void => {
    writeFileSync(join(folder, `incoming/${name}.tmp`), content);
    renameSync(join(folder, `incoming/${name}.tmp`), join(folder, `incoming/${name}`));
  };
  const yaml = `
notify:
  ops: { mail: ops@uni.example, smtp: "smtp://127.0.0.1:${server.port}", from: vahti@uni.example }
  nobody: { command: ["true"] }
services:
  tm:
    notify: [nobody]
    pipeline:
      inbox: { root: incoming, match: "*.in", settle: 10ms }
      logs: logs
      failures: { notify: [ops], digest: 2s }
      steps:
        L0: { from: inbox, run: [sh, -c, 'grep -q bad "$1" && [ ! -e mended ] && { echo no header; exit 7; }; cp "$1" "$2"', sh, "{in}", "{out}/{name}"] }`;
  // Long lines of a mail are wrapped.
  const textOf = (at: number): string => (server.letters[at]?.raw ?? '').replaceAll('=\r\n', '');
  let daemon = await startDaemon(t, yaml, folder);
  const letters = async (count: number, what: string): Promise<void> => {
    await until(() => server.letters.length >= count, {
      deadlineMs: 20_000,
      what: `letter ${count}: ${what}`,
    });
    assert.equal(server.letters.length, count, what);
  };
  deliver('a1.in', 'bad');
  await letters(1, 'the first failure');
  const first = textOf(0);
  assert.match(header(first, 'Subject'), /^tm: 1 file failed on \S+: L0: exit code 7: no header/);
  assert.ok(first.includes(join(folder, 'incoming/a1.in')), first);
  assert.ok(first.includes(join(folder, 'logs/a1.in.log.err')), first);
  for (const name of ['a2.in', 'a3.in', 'fine.in']) deliver(name, name === 'fine.in' ? 'good' : 'bad');
  // What the far side has taken and the daemon has not written down yet would come again.
  await until(
    async () => {
      const answer = await daemon.client.call('notifications', { pending: false, most: 10 });
      return answer.ok && answer.value.messages[0]?.state === 'delivered';
    },
    { what: 'the letter to be known as delivered' },
  );
  daemon.process.kill('SIGKILL');
  await within(daemon.process.ended, { what: 'the daemon to be killed' });
  daemon = await startDaemon(t, yaml, folder);
  await letters(2, 'what failed then, together');
  const digest = textOf(1);
  assert.match(header(digest, 'Subject'), /^tm: 2 files more failed on /);
  for (const name of ['a2.in', 'a3.in']) assert.ok(digest.includes(join(folder, 'incoming', name)), digest);
  assert.ok(!digest.includes('a1.in'), digest);
  assert.match(digest, /3 failures since /);
  // Of three one is done again: it is not over yet.
  writeFileSync(join(folder, 'mended'), '');
  assert.equal((await vahti(t, ['pipeline', 'retry', 'tm', 'a1.in'], folder)).code, 0);
  const files = async (): Promise<string> =>
    (await vahti(t, ['pipeline', 'files', 'tm', '--state', 'done'], folder)).stdout;
  await until(async () => (await files()).includes('a1.in'), { what: 'a1.in to be done' });
  assert.equal(server.letters.length, 2);
  assert.equal((await vahti(t, ['pipeline', 'retry', 'tm', '--failed'], folder)).code, 0);
  await letters(3, 'the end');
  assert.match(header(textOf(2), 'Subject'), /^tm: nothing is failed any more on /);
});
