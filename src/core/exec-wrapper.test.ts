import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../../test/rig/leaks.ts';
import { ownLimits, parseCpuList } from './exec-wrapper.ts';
import { lookupUser, type ProcessSpec, startProcess } from './processes.ts';

const ENV = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
const SAY = [
  'sh',
  '-c',
  'echo $$; ulimit -Sn; ulimit -Hn; sed -n s/^Cpus_allowed_list:.//p /proc/$$/status; id -u',
];

async function run(spec: Partial<ProcessSpec>) {
  const child = startProcess({ argv: SAY, env: ENV, cwd: '/', stdout: 'pipe', ...spec });
  const said = child.stdout === null ? '' : await text(child.stdout);
  return { child, exit: await child.exited, lines: said.trimEnd().split('\n') };
}

test('a limit of open files holds, and the pid stays that of the command', async (t) => {
  leakCheck(t);
  const { child, lines } = await run({ openFiles: 77 });
  assert.deepEqual(lines.slice(0, 3), [String(child.pid), '77', '77']);
});

test('a command is bound to its processors', async (t) => {
  leakCheck(t);
  const first = ownLimits().processors[0] as number;
  const { child, lines } = await run({ processors: [first] });
  assert.deepEqual([lines[0], lines[3]], [String(child.pid), String(first)]);
});

const root = process.geteuid?.() === 0;
test('a user, a limit above its own and processors go together', {
  skip: !root && 'needs root',
}, async (t) => {
  leakCheck(t);
  const user = await lookupUser('nobody');
  assert.ok(user !== undefined);
  const { child, lines } = await run({
    user,
    openFiles: 4096,
    processors: ownLimits().processors.slice(0, 1),
  });
  assert.deepEqual(lines, [
    String(child.pid),
    '4096',
    '4096',
    String(ownLimits().processors[0]),
    String(user.uid),
  ]);
});

test('behind a wrapper it is still told why a command cannot be started', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const script = join(folder, 'script');
  writeFileSync(script, '#!/nowhere/python3\n');
  const failure = async (argv: readonly string[]) => (await run({ argv, openFiles: 100 })).exit;
  const error = (name: string, why: string) => ({ kind: 'failed', error: `cannot start "${name}": ${why}` });
  assert.deepEqual(await failure(['no-such-program']), error('no-such-program', 'no such program'));
  assert.deepEqual(await failure([script]), error(script, 'not executable'));
  chmodSync(script, 0o755);
  const why = 'its interpreter (the first line, #!) does not exist';
  assert.deepEqual(await failure([script]), error(script, why));
  const plain = await run({ argv: [script] });
  assert.deepEqual(plain.exit, error(script, why), 'as without a wrapper');
  const lost = await run({ openFiles: 100, cwd: join(folder, 'gone') });
  assert.deepEqual(lost.exit, error('sh', `cwd "${folder}/gone" does not exist`));
});

test('a list of processors is read as the kernel writes it', () => {
  assert.deepEqual(parseCpuList('0-3,8,10-11'), [0, 1, 2, 3, 8, 10, 11]);
  assert.deepEqual(parseCpuList(''), []);
});
