import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import { complaints, openWatch } from '../../../test/rig/watching.ts';
import { until } from '../../../test/rig/wait.ts';
import { command, judgeCommand } from './command.ts';

test('a command is judged by how it ended', () => {
  for (const [exit, line, verdict, value, reason] of [
    [{ kind: 'exited', code: 0 }, 'fine', 'ok', 'fine', 'c exited with 0 after 20ms'],
    [{ kind: 'exited', code: 0 }, null, 'ok', null, 'c exited with 0 after 20ms'],
    [{ kind: 'exited', code: 2 }, 'no disk', 'bad', 'no disk', 'c exited with 2: no disk'],
    [{ kind: 'exited', code: 1 }, null, 'bad', null, 'c exited with 1'],
    [
      { kind: 'exited', code: 127 },
      'sh: x: not found',
      'unknown',
      'sh: x: not found',
      'c exited with 127, program not found: sh: x: not found',
    ],
    [{ kind: 'signalled', signal: 'SIGSEGV' }, null, 'bad', null, 'c was ended by SIGSEGV'],
    [{ kind: 'timeout' }, 'asking', 'bad', 'asking', 'c gave no answer within 20ms: asking'],
    [
      { kind: 'failed', error: 'cannot start "c": no such program' },
      null,
      'unknown',
      null,
      'cannot start "c": no such program',
    ],
  ] as const)
    assert.deepEqual(judgeCommand('c', { exit, ms: 20, line }), { verdict, value, reason });
});

function sh(script: string) {
  return { run: ['/bin/sh', '-c', script] };
}

test('its last line is the value, of stderr where stdout is silent; long ones are cut', async (t) => {
  for (const [script, value] of [
    ['echo a; echo b; echo; echo err >&2', 'b'],
    ['echo err >&2; printf "no newline" >&2', 'no newline'],
    ['exit 0', null],
    ["printf 'x%.0s' $(seq 300)", `${'x'.repeat(200)}…`],
  ] as const)
    assert.equal((await openWatch(t, command, sh(script)).look()).value, value, script);
  const flood = await openWatch(t, command, sh('yes | head -c 3000000; echo end')).look();
  assert.equal(flood.value, 'end');
});

test('exit codes, missing programs and the environment of the service', async (t) => {
  const look = (options: object, context = {}) => openWatch(t, command, options, { context }).look();
  assert.equal((await look(sh('exit 3'))).reason, '/bin/sh exited with 3');
  assert.equal((await look(sh('no-such-program-at-all'))).verdict, 'unknown');
  assert.deepEqual(await look({ run: 'no-such-program --x' }), {
    verdict: 'unknown',
    value: null,
    reason: 'cannot start "no-such-program": no such program',
  });
  assert.equal((await look(sh('echo $NAME'), { env: { NAME: 'it' } })).value, 'it');
  const watched = await look(sh('echo "$VAHTI_WATCHED_LIFE is $VAHTI_WATCHED_PID"'));
  assert.equal(watched.value, `life-1 is ${process.pid}`);
  const unit = openWatch(t, command, sh('echo "${VAHTI_WATCHED_PID-none}"'));
  assert.equal((await unit.look({ life: { pid: 0 } })).value, 'none', 'a unit without a main process');
});

test('the whole group is killed at the deadline, and what it left behind when it ended by itself', async (t) => {
  const { folder, look } = openWatch(t, command, sh('sleep 1000 & echo $! > pid; echo asking; wait'));
  const late = await look({ timeoutMs: 300 });
  assert.equal(late.verdict, 'bad');
  assert.equal(late.value, 'asking');
  const isGone = () => !fs.existsSync(`/proc/${fs.readFileSync(`${folder}/pid`, 'utf8').trim()}/exe`);
  await until(isGone, { what: 'the child of the command to be gone' });
  const left = openWatch(t, command, sh('sleep 1000 & echo $! > pid; echo fine'));
  assert.equal((await left.look()).value, 'fine');
  const pid = fs.readFileSync(`${left.folder}/pid`, 'utf8').trim();
  await until(() => !fs.existsSync(`/proc/${pid}/exe`), { what: 'what it left behind to be gone' });
});

test("the service's own tree is not part of the command's, though its life is in the environment", async (t) => {
  const env = { VAHTI_LIFE: 'state/svc/1', PATH: process.env['PATH'] ?? '' };
  const { look } = openWatch(t, command, sh('echo $VAHTI_LIFE'), { context: { env } });
  assert.match((await look()).value ?? '', /^state\/svc\/1\/watch-[0-9a-f-]{36}$/);
});

test('what only a shell can do is refused at load', () => {
  assert.match(complaints(command, { run: 'a | b' })[0] ?? '', /no shell runs here/);
  assert.deepEqual(complaints(command, { run: [] }).length, 1);
  assert.deepEqual(complaints(command, { run: '  ' }), ['cannot run an empty command']);
});
